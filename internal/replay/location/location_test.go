package location

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"rdiostress/internal/rdio"
	"rdiostress/internal/replay"
)

// database is one that a real rdio-scanner 7 left, with twelve calls five seconds apart.
func database() string {
	return "sqlite:" + filepath.Join("..", "..", "delivery", "testdata", "rdio-scanner-7.0.0.sqlite")
}

// write writes files of text into a new folder, and returns it.
func write(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// talkgroups returns those of the calls of an archive, in order, and closes it.
func talkgroups(t *testing.T, a *replay.Archive) (found []int64) {
	t.Helper()
	for n := range a.Len() {
		var c rdio.Call
		if _, err := a.Read(n, nil, &c); err != nil {
			t.Errorf("%s: %v", a.Name(n), err)
		}
		found = append(found, c.Talkgroup)
	}
	if err := a.Close(); err != nil {
		t.Error(err)
	}
	return found
}

// Each kind of place is recognized, and a mask goes before the programs that are known.
func TestPlaces(t *testing.T) {
	audio := strings.Repeat("OggS", 100)
	masked := write(t, map[string]string{
		"20261121_180005_7.ogg": audio, "20261121/180001_001_DMR(BS)_1-899_DCC2_Slot1_GC_8_52.ogg": audio,
		"1001-1795284003_1-call_1.ogg": audio, "notes.txt": "x",
		"1001-1795284003_1-call_1.json": `{"talkgroup":9,"start_time":1795284003}`,
	})
	listed := write(t, map[string]string{
		"index.csv": "file,time,talkgroup\na/1.ogg,1795284005,5\na/2.ogg,1795284004,4\n",
		"a/1.ogg":   audio, "a/2.ogg": audio,
		"more.jsonl": `{"file":"a/1.ogg","time":1795284005,"talkgroup":3}`,
	})
	period, err := replay.ParsePeriod("11s")
	if err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		recordings Recordings
		want       []int64
	}{
		"a folder with a mask": {Recordings{Place: masked, Mask: "#DATE_#ZTIME_#TG"}, []int64{8, 9, 7}},
		"a folder with a list": {Recordings{Place: listed}, []int64{4, 5}},
		"a list":               {Recordings{Place: filepath.Join(listed, "more.jsonl")}, []int64{3}},
		"a database":           {Recordings{Place: database(), Period: period}, []int64{1001, 1002, 1003}},
	} {
		a, err := tt.recordings.Open(t.Context())
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		got := talkgroups(t, a)
		if name == "a folder with a mask" { // of which the local times depend on where this is
			if len(got) != len(tt.want) {
				t.Errorf("%s has %v", name, got)
			}
			continue
		}
		if len(got) != len(tt.want) || got[0] != tt.want[0] || got[len(got)-1] != tt.want[len(tt.want)-1] {
			t.Errorf("%s has %v, want %v", name, got, tt.want)
		}
	}
}

// What cannot be replayed is said in one line, without a password.
func TestRefused(t *testing.T) {
	other := write(t, map[string]string{"x.csv": "file,time,tg\n", "x.db": ""})
	past := replay.Period{To: time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)}
	for want, r := range map[string]Recordings{
		"holds no recorded calls: neither audio":      {Place: t.TempDir()},
		"holds no recorded calls: there is no row":    {Place: filepath.Join(other, "x.csv")},
		"has no column file":                          {Place: write(t, map[string]string{"index.csv": "a,time,tg\n"})},
		"#X is no tag":                                {Place: t.TempDir(), Mask: "#X"},
		"no recorded call began in that period":       {Place: database(), Period: past},
		"ftp://…@host/x is no database that is known": {Place: "ftp://me:hush@host/x"},
		"postgres://…@127.0.0.1:1/calls: ":            {Place: "postgres://me:hush@127.0.0.1:1/calls"},
		"mysql://…@host: the address is not like":     {Place: "mysql://me:hush@host"},
		"it has no tables of rdio-scanner 6 or 7":     {Place: "sqlite:" + filepath.Join(other, "x.db")},
		"no such file":                                {Place: filepath.Join(t.TempDir(), "none.csv")},
	} {
		_, err := r.Open(t.Context())
		if err == nil || !strings.Contains(err.Error(), want) || strings.ContainsAny(err.Error(), "\n") ||
			strings.Contains(err.Error(), "hush") {
			t.Errorf("%s: error is %v, want %q", r.Place, err, want)
		}
	}
}

func TestHasNames(t *testing.T) {
	for place, want := range map[string]bool{"calls": true, "x.csv": false, "sqlite:x": false, "mysql://x": false} {
		if HasNames(place) != want {
			t.Errorf("%s: %t", place, !want)
		}
	}
}
