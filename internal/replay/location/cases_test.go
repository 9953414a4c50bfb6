package location_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"rdiostress/internal/rdio"
	"rdiostress/internal/replay"
	"rdiostress/internal/replay/location"
	"rdiostress/internal/replay/replaytest"
)

// openCase opens recordings of testdata. Sidecars there have no audio: it is made in the given formats.
func openCase(t *testing.T, name string, exts ...string) *replay.Archive {
	t.Helper()
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(filepath.Join("testdata", name))); err != nil {
		t.Fatal(err)
	}
	sidecars, err := filepath.Glob(filepath.Join(dir, "*.json"))
	if err != nil {
		t.Fatal(err)
	}
	for _, sidecar := range sidecars {
		for _, ext := range exts {
			sound := replaytest.WAV(2)
			if ext == ".m4a" {
				sound = clip(t, "public-works-6s.m4a")
			}
			write(t, sound, strings.TrimSuffix(sidecar, ".json")+ext)
		}
	}
	a, err := location.Open(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// calls reads all calls of an archive.
func calls(t *testing.T, a *replay.Archive) []rdio.Call {
	t.Helper()
	var list []rdio.Call
	for i := range a.Len() {
		var c rdio.Call
		if _, err := a.Read(i, nil, &c); err != nil {
			t.Errorf("%s: %v", a.Name(i), err)
		}
		list = append(list, c)
	}
	return list
}

// A call with WAV and M4A is one call: the M4A is what trunk-recorder uploads.
func TestOneCallOneUpload(t *testing.T) {
	a := openCase(t, "tr-wav-and-m4a", ".wav", ".m4a")
	got := calls(t, a)
	if len(got) != 2 || a.Found() != 2 || len(a.Skipped()) != 0 {
		t.Fatalf("%d calls, skipped %+v", len(got), a.Skipped())
	}
	for _, c := range got {
		if filepath.Ext(c.AudioName) != ".m4a" || c.AudioType != "audio/mp4" {
			t.Errorf("%s is sent", c.AudioName)
		}
	}
	if a := openCase(t, "tr-wav-and-m4a", ".wav"); filepath.Ext(calls(t, a)[1].AudioName) != ".wav" {
		t.Error("what was not compressed is not sent")
	}
}

// What is uploaded of SDRTrunk's recordings is what SDRTrunk itself uploads.
func TestSDRTrunkIdentities(t *testing.T) {
	for name, want := range map[string][]string{
		"sdrtrunk-patch-groups": {
			"65144 [65144 8390409 8390411] from 7030220, Patch 144 in Bay P25",
			"65144 [65144 8390409 8390411] from 7030220,  in Bay P25", "1801 [] from 7030221, Fire Disp in Bay P25",
		},
		"sdrtrunk-issi": {
			"4021 [] from 2115288, Mutual Aid in Bay P25", "65520 [] from 4001,  in Bay P25",
		},
		"sdrtrunk-alias-as-unit": {"100 [] from 0 12TH ST CMD,  in Bay", "101 [] from 7,  in Bay"},
		"sdrtrunk-first-calls":   {"100 [] from 1,  in Bay", "100 [] from 2,  in Bay", "100 [] from 3,  in Bay"},
	} {
		var got []string
		for _, c := range calls(t, openCase(t, name)) {
			from := strings.TrimSpace(fmt.Sprint(c.Source, " ", c.TalkerAlias))
			got = append(got, fmt.Sprintf("%d %v from %s, %s in %s", c.Talkgroup, c.Patches, from, c.TalkgroupLabel,
				c.SystemLabel))
			if c.Frequency != 853_062_500 {
				t.Errorf("%s: %d Hz", name, c.Frequency)
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s:\n%q, want\n%q", name, got, want)
		}
	}
}

// A sidecar with odd fields is one of a call all the same. What is none is named.
func TestOddSidecars(t *testing.T) {
	a := openCase(t, "tr-odd-optional-fields", ".wav")
	var talkgroups []int64
	for _, c := range calls(t, a) {
		talkgroups = append(talkgroups, c.Talkgroup)
	}
	slices.Sort(talkgroups)
	want := []int64{1401, 1402, 1403, 1404, 1405, 1406, 1407, 1410, 1411, 1413}
	if !slices.Equal(talkgroups, want) {
		t.Errorf("%v are sent, want %v", talkgroups, want)
	}
	var named []string
	for _, f := range a.Skipped() {
		for _, e := range f.Examples {
			talkgroup, _, _ := strings.Cut(filepath.Base(e.Name), "-")
			named = append(named, string(f.Reason)+" "+talkgroup)
		}
	}
	slices.Sort(named)
	if got := strings.Join(named, "; "); got != "bad_sidecar 1408; bad_sidecar 1409; no_talkgroup 0" {
		t.Errorf("named: %s", got)
	}
}

// A clock that was not set does not stretch a replay.
func TestRecordingYearsOff(t *testing.T) {
	dir := t.TempDir()
	for i, at := range []int64{1_100_000_000, 1_700_000_000, 1_700_000_003, 1_700_000_005} {
		stem := filepath.Join(dir, fmt.Sprintf("1001-%d_851012500.0-call_%d", at, i))
		write(t, fmt.Appendf(nil, `{"talkgroup":1001,"start_time":%d}`, at), stem+".json")
		write(t, clip(t, "public-works-6s.m4a"), stem+".m4a")
	}
	a, err := location.Open(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	bad := a.Skipped()
	if a.Len() != 3 || a.Span().Seconds() != 5 || len(bad) != 1 || bad[0].Reason != replay.FarOff ||
		!strings.Contains(bad[0].Examples[0].Why, "2004-11-09") {
		t.Errorf("%d calls in %v, skipped %+v", a.Len(), a.Span(), bad)
	}
}

// Until trunk-recorder 3.1, the compressed audio of a call has a name without the frequency. It is what was uploaded,
// and is sent, unless it could be of two calls.
func TestCompressedAudioWithoutFrequency(t *testing.T) {
	dir := t.TempDir()
	for stem, exts := range map[string]string{
		"1001-1700000000_851012500": ".wav", "1002-1700000001_8.51012e+08": ".wav", "1003-1700000002_851012500": "",
		"1004-1700000003_851012500": ".wav", "1004-1700000003_852012500": ".wav", "1005-1700000004_851012500": ".wav",
	} {
		talkgroup, _, _ := strings.Cut(stem, "-")
		side := fmt.Appendf(nil, `{"talkgroup":%s,"start_time":%s}`, talkgroup, stem[5:15])
		write(t, side, dir, stem+".json")
		if exts != "" {
			write(t, replaytest.WAV(2), dir, stem+exts)
		}
	}
	for _, stem := range []string{"1001-1700000000", "1002-1700000001", "1003-1700000002", "1004-1700000003"} {
		write(t, clip(t, "public-works-6s.m4a"), dir, stem+".m4a")
	}
	write(t, clip(t, "public-works-6s.m4a"), dir, "b", "1005-1700000004.m4a") // beside no sidecar
	a, err := location.Open(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	var sent []string
	for n := range a.Len() {
		var c rdio.Call
		if _, err := a.Read(n, nil, &c); err != nil {
			t.Errorf("%s: %v", a.Name(n), err)
		}
		if filepath.Base(a.Name(n)) != c.AudioName {
			t.Errorf("%s is sent as %s", a.Name(n), c.AudioName)
		}
		sent = append(sent, fmt.Sprintf("%d %s %s", c.Talkgroup, c.AudioName, c.AudioType))
	}
	want := []string{
		"1001 1001-1700000000.m4a audio/mp4", "1002 1002-1700000001.m4a audio/mp4",
		"1003 1003-1700000002.m4a audio/mp4", "1004 1004-1700000003_851012500.wav audio/wav",
		"1004 1004-1700000003_852012500.wav audio/wav", "1005 1005-1700000004_851012500.wav audio/wav",
	}
	if !slices.Equal(sent, want) {
		t.Errorf("sent\n%s\nwant\n%s", strings.Join(sent, "\n"), strings.Join(want, "\n"))
	}
	if bad := a.Skipped(); len(bad) != 1 || bad[0].Reason != replay.PartOfCall || bad[0].Count != 2 {
		t.Errorf("skipped %+v", bad)
	}
}

// Sidecars without audio are named; encrypted calls have none.
func TestSidecarsWithoutAudio(t *testing.T) {
	dir := t.TempDir()
	for i, side := range []string{
		`{"talkgroup":1001,"start_time":1700000000}`, `{"talkgroup":1001,"start_time":1700000001}`,
		`{"talkgroup":1001,"start_time":1700000002,"encrypted":1}`,
	} {
		stem := filepath.Join(dir, fmt.Sprintf("1001-%d_851012500.0-call_%d", 1_700_000_000+i, i))
		write(t, []byte(side), stem+".json")
		if i == 0 {
			write(t, clip(t, "public-works-6s.m4a"), stem+".M4A")
		}
	}
	write(t, []byte("{}"), dir, "config.json")
	a, err := location.Open(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	if a.Len() != 1 || fmt.Sprint(a.Skipped()[0].Reason, a.Skipped()[1].Reason) != "encryptedno_audio" {
		t.Errorf("%d calls, skipped %+v", a.Len(), a.Skipped())
	}
}
