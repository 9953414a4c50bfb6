package list

import (
	"encoding/csv"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/google/go-cmp/cmp"

	"rdiostress/internal/rdio"
	"rdiostress/internal/replay"
)

// write writes a list, and audio files beside it.
func write(t testing.TB, name, text string, audio ...string) string {
	t.Helper()
	dir := t.TempDir()
	path := filepath.Join(dir, name)
	for name, text := range map[string]string{name: text} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range audio {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), slices.Repeat([]byte(name), 20), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return path
}

// calls returns what a list's calls are, in order, and what is skipped.
func calls(t testing.TB, path string) (found []rdio.Call, skipped []string) {
	t.Helper()
	a, err := replay.Open(t.Context(), New(path))
	if err != nil {
		t.Fatal(err)
	}
	for n := range a.Len() {
		var c rdio.Call
		audio, err := a.Read(n, nil, &c)
		if err != nil {
			skipped = append(skipped, fmt.Sprintf("%s: %v", filepath.Base(a.Name(n)), err))
			continue
		}
		if !strings.Contains(string(audio), c.AudioName) {
			t.Errorf("%s has other audio", c.AudioName)
		}
		found = append(found, c)
	}
	for _, f := range a.Skipped() {
		for _, e := range f.Examples {
			skipped = append(skipped, fmt.Sprintf("%s: %s (%s)", filepath.Base(e.Name), e.Why, f.Reason))
		}
	}
	return found, skipped
}

func TestCSV(t *testing.T) {
	at := time.Date(2026, 11, 21, 15, 31, 20, 0, time.UTC)
	path := write(t, "index.csv", "\ufeff"+strings.Join([]string{
		"Audio File;Start Time;TGID;System;alpha_tag;Talkgroup Group;Src;Frequency;Patches;remarks;Encrypted",
		"",
		`"a/1.ogg";2026-11-21T15:31:20Z;1001;11;"Fire; ""North""";Fire;52;851012500;"1002, 1003";"two`,
		`lines";0`,
		`2.ogg;` + fmt.Sprint(at.Unix()+10) + `.250;1002;Elm;Truck 5" pipe;;;;;;no`,
		`a\3.ogg;` + fmt.Sprint(at.UnixMilli()+20_000) + `;1003`,
		`4.ogg;1795000000;1004;11;;;;;;;yes`,
		`5.ogg;yesterday;1005`,
		`6.ogg;1795000000;none`,
		`;1795000000;1006`,
		`7.ogg;1795276280;1007`,
		`8.txt;1795276281;1008`,
	}, "\r\n"), "a/1.ogg", "2.ogg", "a/3.ogg", "8.txt")
	found, skipped := calls(t, path)
	want := []rdio.Call{
		{
			System: 11, Talkgroup: 1001, Time: at, AudioName: "1.ogg", AudioType: "audio/ogg", Frequency: 851012500,
			Source: 52, Units: []rdio.Unit{{ID: 52}}, Patches: []int64{1002, 1003}, TalkgroupLabel: `Fire; "North"`,
			TalkgroupGroups: []string{"Fire"},
		},
		{
			Talkgroup: 1002, Time: at.Add(10_250 * time.Millisecond), AudioName: "2.ogg", AudioType: "audio/ogg",
			SystemLabel: "Elm", TalkgroupLabel: `Truck 5" pipe`,
		},
		{Talkgroup: 1003, Time: at.Add(20 * time.Second), AudioName: "3.ogg", AudioType: "audio/ogg"},
	}
	if diff := cmp.Diff(want, found); diff != "" {
		t.Errorf("calls differ (-want +got):\n%s", diff)
	}
	for _, want := range []string{
		"7.ogg: no such file", "8.txt: its name does not end", "index.csv, line 7: encrypted (encrypted)",
		`index.csv, line 8: "yesterday" is not a time of a call (no_time)`,
		`index.csv, line 9: "none" is not a number of a talkgroup (no_talkgroup)`,
		"index.csv, line 10: its row names no file (no_audio)",
	} {
		if !slices.ContainsFunc(skipped, func(s string) bool { return strings.HasPrefix(s, want) }) {
			t.Errorf("%q is not among\n%s", want, strings.Join(skipped, "\n"))
		}
	}
	if len(skipped) != 6 {
		t.Errorf("%d are skipped:\n%s", len(skipped), strings.Join(skipped, "\n"))
	}
}

// A date and a time of day may be columns of their own, in local time.
func TestDateAndTime(t *testing.T) {
	path := write(t, "calls.tsv", "label\tdate\ttime\tfile\ttalkgroup\n\t2026-11-21\t15:31:20\t1.ogg\t7\n", "1.ogg")
	found, skipped := calls(t, path)
	want := time.Date(2026, 11, 21, 15, 31, 20, 0, time.Local)
	if len(found) != 1 || !found[0].Time.Equal(want) {
		t.Errorf("calls are %v, skipped %v", found, skipped)
	}
}

func TestJSONLines(t *testing.T) {
	path := write(t, "index.jsonl", strings.Join([]string{
		`{"file": "1.ogg", "timestamp": 1795275080, "talkgroup": 1001, "patches": [1002], "label": "second", ` +
			`"talkgroup_label": "first", "extra": {"x": [1]}, "system": null}`,
		`{"file": "2.ogg", "time": "2026-11-21 15:31:20Z", "talkgroup": "1002", "encrypted": false}`,
		`{"file": "3.ogg"}`,
		`[1]`,
	}, "\n"), "1.ogg", "2.ogg")
	found, skipped := calls(t, path)
	if len(found) != 2 || found[0].TalkgroupLabel != "first" || found[0].Patches[0] != 1002 ||
		found[1].Talkgroup != 1002 {
		t.Errorf("calls are %+v", found)
	}
	if got := strings.Join(skipped, "\n"); len(skipped) != 2 || !strings.Contains(got, "line 4: its row") ||
		!strings.Contains(got, "line 3: it has no column time, talkgroup") {
		t.Errorf("skipped are\n%s", got)
	}
}

// A list that cannot be one is refused, with what it lacks.
func TestRefused(t *testing.T) {
	for name, tt := range map[string]struct{ text, want string }{
		"a.csv":   {"", "it is empty"},
		"b.csv":   {"name,when,who\n1,2,3\n", "has no column file, time, talkgroup; a list needs"},
		"c.csv":   {"file,time\n1,2\n", "has no column talkgroup"},
		"d.csv":   {"f\x00i\x00l\x00e\x00", "no text in UTF-8"},
		"e.csv":   {"file,time,talkgroup\n\"" + strings.Repeat("x", maxRow) + "\n", "line 2: a row is longer"},
		"f.jsonl": {`{"path": "1.ogg"}`, "has no column time, talkgroup"},
		"g.csv":   {"\"file,time,talkgroup\n", "its header is no CSV"},
	} {
		_, err := replay.Open(t.Context(), New(write(t, name, tt.text)))
		if err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: error is %v, want %q", name, err, tt.want)
		}
	}
	if _, err := replay.Open(t.Context(), New(filepath.Join(t.TempDir(), "none.csv"))); err == nil {
		t.Error("a list that is not there was read")
	}
}

// A list that was cut after it was indexed costs its calls and no more.
func TestListChanges(t *testing.T) {
	path := write(t, "index.csv", "file,time,talkgroup\n1.ogg,1795275080,7\n2.ogg,1795275081,7\n", "1.ogg", "2.ogg")
	l := New(path)
	a, err := replay.Open(t.Context(), l)
	if err != nil {
		t.Fatal(err)
	}
	if at, err := l.Start(20); err != nil || at.Unix() != 1795275080 {
		t.Errorf("the first starts at %v: %v", at, err)
	}
	if err := os.Truncate(path, 30); err != nil {
		t.Fatal(err)
	}
	var c rdio.Call
	if _, err := a.Read(1, nil, &c); err == nil || !strings.Contains(a.Name(1), "at byte") {
		t.Errorf("%s: %v", a.Name(1), err)
	}
}

func TestIsList(t *testing.T) {
	for path, want := range map[string]bool{"a/index.CSV": true, "x.jsonl": true, "calls": false, "x.json": false} {
		if IsList(path) != want {
			t.Errorf("%s: %t", path, !want)
		}
	}
}

func isOddSpace(r rune) bool { return unicode.IsSpace(r) && r != ' ' && r != '\n' }

// What encoding/csv reads is read alike, except spaces around cells.
func FuzzCSV(f *testing.F) {
	for _, text := range []string{
		"file,time,talkgroup\n1.mp3,1795275080,7\n", "file;time;tg\n\"a;\"\"b\n\";1;2;3\n", "\ufefffile\ttime\ttg\n",
		"file,date,time,tg\r\n\r\n,,,\n", "\"", "file,time,tg\nx\"y,\"z\",1\n",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		rows := newRowReader(strings.NewReader(text), false)
		first, _, err := rows.read()
		if err != nil {
			return
		}
		format, err := parseHeader(first)
		if err != nil && format.header == nil {
			return
		}
		for {
			row, at, err := rows.read()
			if err != nil {
				return
			}
			if at < 0 || at >= int64(len(text)) || !strings.Contains(text[at:], string(row)) {
				t.Fatalf("row %q is not at %d", row, at)
			}
			cells, err := splitCSV(string(row), format.delimiter)
			strict := csv.NewReader(strings.NewReader(string(row)))
			strict.Comma, strict.TrimLeadingSpace = rune(format.delimiter), true
			want, errStrict := strict.Read()
			if errStrict != nil || strings.IndexFunc(string(row), isOddSpace) >= 0 {
				continue
			}
			if err != nil {
				t.Fatalf("%q: %v", row, err)
			}
			for i := range want {
				want[i] = strings.TrimSpace(want[i])
			}
			if !slices.Equal(cells, want) {
				t.Errorf("%q is %q, want %q", row, cells, want)
			}
		}
	})
}

func FuzzJSONLines(f *testing.F) {
	f.Add(`{"file":"a.mp3","time":1795275080,"talkgroup":7,"patches":[1,2]}`)
	f.Add(`{"path":"a","start":"2026-11-21T15:31:20Z","tg":"7","frequency":8.5e8,"encrypted":true}`)
	f.Fuzz(func(t *testing.T, text string) {
		r, err := parseObject([]byte(text))
		if err != nil {
			return
		}
		if at, err := r.time(); err == nil && !replay.IsTime(at) {
			t.Errorf("%q is of %v", text, at)
		}
		var c rdio.Call
		if err := r.call(&c); err == nil && (!replay.IsID(c.Talkgroup) || c.Frequency < 0) {
			t.Errorf("%q is %+v", text, c)
		}
	})
}
