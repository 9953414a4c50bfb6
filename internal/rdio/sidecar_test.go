package rdio_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"rdiostress/internal/rdio"
)

func sidecarFile(tb testing.TB, name string) []byte {
	tb.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", "sidecars", name+".json"))
	if err != nil {
		tb.Fatal(err)
	}
	return text
}

// Of a sidecar with odd fields, the others are read. What is no JSON is refused.
func TestParseSidecar(t *testing.T) {
	for name, want := range map[string]string{
		"1401": "1401 at 1700000000.000: units 1542@1.2 Unit 6; 1 frequencies; patches []; label ; skipped []",
		"1402": "1402 at 1700000001.000: units 501@0; 1 frequencies; patches []; label ; " +
			"skipped [talkgroup_description]",
		"1403": "1403 at 1700000001.000: units; 0 frequencies; patches []; label ; skipped [talkgroup_tag srcList]",
		"1404": "1404 at 1700000001.000: units 503@0.5; 1 frequencies; patches []; label ; skipped [srcList]",
		"1405": "1405 at 1700000002.000: units 4294967295@1; 1 frequencies; patches [1405 1406]; label ; " +
			"skipped [srcList]",
		"1406": "1406 at 1700000002.000: units 501@0; 1 frequencies; patches []; label ; " +
			"skipped [patched_talkgroups]",
		"1407": "1407 at 1700000002.000: units 501@0; 1 frequencies; patches []; label Feuerwehr Süd – ☂; skipped []",
		"1408": "malformed form: invalid character 'a' in literal null (expecting 'u')",
		"1409": "malformed form: invalid character 'A' after object key:value pair",
		"1410": "1410 at 1700000003.000: units 501@0; 1 frequencies; patches []; label ; skipped []",
		"1411": "1411 at 1700000003.000: units 501@0; 1 frequencies; patches []; label ; skipped []",
		"1413": "1413 at 1700000003.640: units 501@0; 1 frequencies; patches []; label ; skipped []",
		"0":    "0 at 1700000003.000: units 501@0; 1 frequencies; patches []; label ; skipped []",
		"1801": "1801 at 1700000000.317: units 501@0 E-5 ☂ 16777215@4.32; 2 frequencies; patches [1801 1802]; " +
			`label Süd "A" \ 1; x; skipped []`,
		"2016": "1201 at 1475280000.000: units 501@0 502@0; 2 frequencies; patches []; label ; skipped []",
	} {
		var s rdio.Sidecar
		err := s.Parse(sidecarFile(t, name))
		if err != nil {
			if err.Error() != want || !errors.Is(err, rdio.ErrMalformed) {
				t.Errorf("%s: %v, want %s", name, err, want)
			}
			continue
		}
		units := "units"
		for _, u := range s.Units {
			units += strings.TrimRight(fmt.Sprintf(" %d@%g %s", u.ID, u.OffsetS, u.Label), " ")
		}
		got := fmt.Sprintf("%d at %d.%03d: %s; %d frequencies; patches %v; label %s; skipped %v", s.Talkgroup,
			s.Time.Unix(), s.Time.UnixMilli()%1000, units, len(s.Frequencies), s.Patches, s.TalkgroupLabel, s.Skipped)
		if got != want {
			t.Errorf("%s:\n%s, want\n%s", name, got, want)
		}
	}
}

// A server's reader of uploads judges sidecars as a replay does.
func TestReadMetaReadsSidecars(t *testing.T) {
	files, err := filepath.Glob("testdata/sidecars/*.json")
	if err != nil || len(files) < 10 {
		t.Fatal(files, err)
	}
	for _, path := range files {
		text := sidecarFile(t, strings.TrimSuffix(filepath.Base(path), ".json"))
		var s rdio.Sidecar
		err := s.Parse(text)
		form := metaForm(t, string(text))
		if metaErr := form.ReadMeta(); (err == nil) != (metaErr == nil) {
			t.Errorf("%s: %v, and as an upload %v", path, err, metaErr)
		}
		if err != nil {
			continue
		}
		got, _, err := form.Call(now)
		if s.Talkgroup == 0 {
			if missing := (*rdio.MissingError)(nil); !errors.As(err, &missing) {
				t.Errorf("%s: %v", path, err)
			}
			continue
		}
		want := s.Call
		want.System, want.AudioName, want.Sidecar = 11, got.AudioName, nil
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("%s: %v, call (-replayed +uploaded):\n%s", path, err, diff)
		}
	}
}

// sentSidecar returns the sidecar that is sent for a recording at another time.
func sentSidecar(t *testing.T, text []byte, at time.Time) map[string]any {
	t.Helper()
	var s rdio.Sidecar
	if err := s.Parse(text); err != nil {
		t.Fatal(err)
	}
	u := &rdio.Upload{Call: s.Call, Body: make([]byte, 100)}
	u.System, u.Time = 11, at
	form, split := rdio.NewEncoder(rdio.TrunkRecorderMeta, "k").Append(nil, u)
	_, meta, _ := strings.Cut(string(form[split:]), "application/json\r\n\r\n")
	meta, _, _ = strings.Cut(meta, "\r\n--")
	var got map[string]any
	if err := json.Unmarshal([]byte(meta), &got); err != nil {
		t.Fatalf("%v: %s", err, meta)
	}
	return got
}

// The upload of a recording's files has the recording's own values, except its times, which keep their distances.
func TestSidecarIsSentAsRecorded(t *testing.T) {
	at := time.UnixMilli(1_800_000_000_317)
	var recorded map[string]any
	text := sidecarFile(t, "1801")
	if err := json.Unmarshal(text, &recorded); err != nil {
		t.Fatal(err)
	}
	got := sentSidecar(t, text, at)
	recorded["start_time"], recorded["stop_time"] = 1.8e9, 1.8e9+10
	recorded["start_time_ms"], recorded["stop_time_ms"] = 1.8e12+317, 1.8e12+10317
	recorded["timestamp"] = 1.8e12 + 317
	for _, list := range []string{"srcList", "freqList"} {
		for _, e := range recorded[list].([]any) {
			e.(map[string]any)["time"] = e.(map[string]any)["time"].(float64) + 1e8
		}
	}
	if diff := cmp.Diff(recorded, got); diff != "" {
		t.Errorf("sidecar (-recorded +sent):\n%s", diff)
	}
	if fmt.Sprintf("%v %v %v", got["call_length"], got["emergency"], got["audio_type"]) != "10 1 digital tdma" {
		t.Errorf("sent %v", got)
	}
}

// What cannot be read is left out, and what a version does not have is not made up.
func TestOddSidecarIsSentWithoutOddFields(t *testing.T) {
	at := time.Unix(1_800_000_000, 0)
	for name, absent := range map[string]string{
		"1402": "talkgroup_description tdma_slot tag_ota", "1403": "talkgroup_tag", "1406": "patched_talkgroups",
		"2016": "short_name call_length start_time_ms",
	} {
		got := sentSidecar(t, sidecarFile(t, name), at)
		for field := range strings.FieldsSeq(absent) {
			if v, ok := got[field]; ok {
				t.Errorf("%s: %s is sent as %v", name, field, v)
			}
		}
		if got["start_time"] != 1.8e9 || got["timestamp"] != 1.8e12 {
			t.Errorf("%s: %v", name, got)
		}
	}
	if got := sentSidecar(t, sidecarFile(t, "1413"), at); got["stop_time"] != 1.8e9+3 {
		t.Errorf("it ends at %v", got["stop_time"])
	}
}

// trunk-recorder sends the names of units since 5.2.
func TestTagsInSources(t *testing.T) {
	var s rdio.Sidecar
	if err := s.Parse(sidecarFile(t, "1801")); err != nil {
		t.Fatal(err)
	}
	u := &rdio.Upload{Call: s.Call, Body: make([]byte, 100)}
	for client, want := range map[rdio.Client]string{
		rdio.TrunkRecorder52: `[{ "pos": 0.00, "src": 501, "tag": "E-5 ☂" }, { "pos": 4.32, "src": 16777215 }]`,
		rdio.TrunkRecorder:   `[{ "pos": 0.00, "src": 501 }, { "pos": 4.32, "src": 16777215 }]`,
	} {
		form, _ := rdio.NewEncoder(client, "k").Append(nil, u)
		if !strings.Contains(string(form), want) {
			t.Errorf("%s sends no %s:\n%s", client, want, form)
		}
	}
}

func FuzzSidecar(f *testing.F) {
	for _, name := range []string{"1801", "1403", "1404", "1407", "2016"} {
		f.Add(sidecarFile(f, name))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		var s rdio.Sidecar
		if err := s.Parse(text); err != nil {
			if !errors.Is(err, rdio.ErrMalformed) {
				t.Fatal(err)
			}
			return
		}
		if s.Time.IsZero() {
			return
		}
		c := s.Call
		c.System, c.Talkgroup = 11, max(c.Talkgroup, 1)
		u := &rdio.Upload{Call: c, Body: make([]byte, 100)}
		form, split := rdio.NewEncoder(rdio.TrunkRecorderMeta, "k").Append(nil, u)
		_, meta, _ := strings.Cut(string(form[split:]), "application/json\r\n\r\n")
		meta = meta[:strings.LastIndex(meta[:strings.LastIndex(meta, "\r\n--")], "\r\n--")]
		if !json.Valid([]byte(meta)) {
			t.Fatalf("sent %q", meta)
		}
		var again rdio.Sidecar
		if err := again.Parse([]byte(meta)); err != nil {
			t.Fatalf("%v: %s", err, meta)
		}
		if again.Talkgroup != s.Talkgroup || again.Time.UnixMilli() != s.Time.UnixMilli() ||
			len(again.Units) != len(s.Units) {
			t.Fatalf("%+v is sent as %s", s.Call, meta)
		}
	})
}
