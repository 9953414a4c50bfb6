package trunkrecorder

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"rdiostress/internal/rdio"
	"rdiostress/internal/replay"
	"rdiostress/internal/replay/folder"
	"rdiostress/internal/replay/folder/foldertest"
)

func TestParseRecorderName(t *testing.T) {
	for stem, want := range map[string]int64{
		"1001-1772384400_851012500.0-call_12": 1_772_384_400_000, "1001-1772384400_851012500": 1_772_384_400_000,
		"1001-1772384400.5_851012500.1": 1_772_384_400_500,
	} {
		if name, ok := parseName(stem); !ok || name.start.UnixMilli() != want {
			t.Errorf("%s: %v, %v", stem, name, ok)
		}
	}
	for _, stem := range []string{
		"", "fire", "1001-x_1", "1001-5_1", "x-1772384400_1", "1001-1772384400", "1-NaN_1",
		"1-Inf_1",
	} {
		if at, ok := parseName(stem); ok {
			t.Errorf("%q is taken for %v", stem, at)
		}
	}
}

func FuzzSidecarFile(f *testing.F) {
	f.Add(
		[]byte(
			`{"talkgroup":1001,"start_time":1772384400,"srcList":[{"src":5,"pos":1.5,"tag":"E1"}],` +
				`"freqList":[{"freq":"851012500"}]}`,
		),
	)
	f.Add([]byte(`{"talkgroup":"1e9","start_time_ms":1e300,"encrypted":true,"patched_talkgroups":[1,-1,null]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		stem := filepath.Join(t.TempDir(), "1001-1772384400_851012500")
		if err := os.WriteFile(stem+".json", text, 0o600); err != nil {
			t.Fatal(err)
		}
		r := &folder.Recording{Folder: filepath.Dir(stem), Stem: filepath.Base(stem), Ext: ".m4a", Sidecar: ".json"}
		var c rdio.Call
		if (Format{}).Read(r, nil, &c) == nil {
			foldertest.CheckCall(t, &c)
		}
	})
}

func FuzzRecorderName(f *testing.F) {
	f.Add("1001-1772384400_851012500.0-call_12")
	f.Fuzz(func(t *testing.T, stem string) {
		if name, ok := parseName(stem); ok && !replay.IsTime(name.start) {
			t.Fatalf("%q is at %v", stem, name.start)
		}
	})
}

// Before 4.0, the folder names the system.
func TestSystemOf(t *testing.T) {
	for dir, want := range map[string]string{
		"/srv/calls/elmco/2016/10/1": "elmco", "elmco/2016/10": "elmco", "calls": "calls", "/": "", ".": "", "2016": "",
	} {
		if got := systemOf(filepath.FromSlash(dir)); got != want {
			t.Errorf("%s: %q, want %q", dir, got, want)
		}
	}
}

// What trunk-recorder keeps of a call beside its audio is no call.
func TestPartsOfCalls(t *testing.T) {
	for file, want := range map[string]replay.Reason{
		"1001-1772384400_851012500.0.wav":              replay.PartOfCall,
		"1001-1772384400_851012500.0-call_7.raw.wav":   replay.PartOfCall,
		"1001-1772384400.m4a":                          replay.PartOfCall,
		"1001-1772384400_851012500.0-call_7.wav":       "",
		"1001-1772384400_851012500.m4a":                "",
		"20240908_000010_Bay_N_Ctl__TO_100_FROM_1.wav": "",
	} {
		ext := filepath.Ext(file)
		_, ok, err := Format{}.Recognize(&folder.Recording{Stem: strings.TrimSuffix(file, ext), Ext: ext})
		if got := replay.ReasonOf(err); ok || err == nil && want != "" || err != nil && got != want {
			t.Errorf("%s: %t, %v", file, ok, err)
		}
	}
}

// Until version 3.1, the name of compressed audio has no frequency.
func TestAudioStem(t *testing.T) {
	for stem, want := range map[string]string{
		"1001-1772384400_851012500": "1001-1772384400", "1001-1772384400_8.51012e+08": "1001-1772384400",
		"1001-1772384400_851012500.0-call_7": "", "1001-1772384400": "", "1001-1772384400_fire": "", "song_1": "",
	} {
		if got := (Format{}).AudioStem(stem); got != want {
			t.Errorf("%s: %q, want %q", stem, got, want)
		}
	}
}

// A sidecar that cannot be read is not called a form, which it never was.
func TestBadSidecars(t *testing.T) {
	const writes = "its sidecar is not what trunk-recorder writes: "
	for text, want := range map[string]string{
		"":                            "its sidecar is no JSON: its JSON is cut off",
		`{"talkgroup":`:               "its sidecar is no JSON: its JSON is cut off",
		"\xef\xbb\xbfhello":           "its sidecar is no JSON: invalid character 'h'",
		`{"freq":nan}`:                "its sidecar is no JSON: invalid character 'a' in literal null",
		`{"talkgroup":1}}`:            "its sidecar is no JSON: something follows",
		`[1]`:                         writes + "it is no JSON object",
		`{"talkgroup":{"id":"fire"}}`: writes + "talkgroup is not a number",
	} {
		_, err := parseSidecar([]byte(text))
		if err == nil || !strings.HasPrefix(err.Error(), want) || replay.ReasonOf(err) != replay.BadSidecar {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
}

// What trunk-recorder keeps beside a call is part of it, and what it did not make is not recognized.
func TestRecognize(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("renamed.json", `{"talkgroup":1001,"start_time":1772384400,"short_name":"county"}`)
	write("broken.json", `{"talkgroup":`)
	write("secret.json", `{"talkgroup":1001,"start_time":1772384400,"encrypted":1}`)
	for _, tt := range []struct {
		stem, ext, sidecar string
		ok                 bool
		reason             replay.Reason
	}{
		{"1001-1772384400_851012500.0-call_1", ".m4a", ".json", true, ""},
		{"1001-1772384400_851012500.0-call_1", ".m4a", "", false, ""},
		{"1001-1772384400_851012500.0", ".wav", "", false, replay.PartOfCall},
		{"1001-1772384400_851012500.0-call_1.raw", ".wav", "", false, replay.PartOfCall},
		{"1001-1772384400", ".m4a", "", false, replay.PartOfCall},
		{"song", ".mp3", "", false, ""},
		{"settings", "", ".json", false, ""},
		{"renamed", ".wav", ".json", true, ""},
		{"broken", ".wav", ".json", false, replay.BadSidecar},
		{"secret", ".wav", ".json", false, replay.Encrypted},
		{"gone", ".wav", ".json", false, replay.CannotBeRead},
	} {
		r := folder.Recording{Folder: dir, Stem: tt.stem, Ext: tt.ext, Sidecar: tt.sidecar}
		when, ok, err := Format{}.Recognize(&r)
		if ok != tt.ok || (err == nil) != (tt.reason == "") || err != nil && replay.ReasonOf(err) != tt.reason {
			t.Errorf("%s%s: %v, %v", tt.stem, tt.ext, ok, err)
		}
		if at := int64(1_772_384_400); ok && (when.Earliest.Unix() > at || when.Latest.Unix() < at) {
			t.Errorf("%s began between %v and %v", tt.stem, when.Earliest, when.Latest)
		}
	}
	if (Format{}).Program() != "trunk-recorder" {
		t.Error((Format{}).Program())
	}
}
