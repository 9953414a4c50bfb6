package folder

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"rdiostress/internal/rdio"
	"rdiostress/internal/replay"
)

// numbered is a format whose names are Unix times.
type numbered struct{}

func (numbered) Program() string { return "numbered" }

func (numbered) Recognize(r *Recording) (When, bool, error) {
	at, err := strconv.ParseInt(r.Stem, 10, 64)
	if err != nil {
		return When{}, false, nil
	}
	if r.Ext == "" {
		return When{}, false, replay.Skipf(replay.NoAudio, "there is no audio beside it")
	}
	return When{Earliest: time.Unix(at, 0), Latest: time.Unix(at+1, 0)}, true, nil
}

func (numbered) Start(r *Recording) (time.Time, error) {
	at, err := strconv.ParseInt(r.Stem, 10, 64)
	return time.Unix(at, 0), err
}

func (numbered) Read(r *Recording, audio []byte, c *rdio.Call) error {
	*c = rdio.Call{Talkgroup: int64(len(audio)), TalkgroupLabel: r.Sidecar, Source: r.Size()}
	return nil
}

func write(t *testing.T, path string, size int) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, make([]byte, size), 0o600); err != nil {
		t.Fatal(err)
	}
}

// Files of one stem in one folder are one call, of which the compressed audio is sent; and folders in the folder count.
func TestFolder(t *testing.T) {
	dir := t.TempDir()
	for name, size := range map[string]int{
		"1772384400.wav": 200, "1772384400.OGG": 100, "1772384400.json": 2,
		"2026/3/1/1772384401.ogg": 101, "2026/3/1/1772384402.json": 2, "2026/3/1/1772384403.ogg": 10,
		"b/1772384400.aac": 99, "b/notes.txt": 5, "b/song.ogg": 300, "b/" + strings.Repeat("9", 250) + ".json": 2,
	} {
		write(t, filepath.Join(dir, name), size)
	}
	a, err := replay.Open(t.Context(), New(dir, numbered{}))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	var c rdio.Call
	for n := range a.Len() {
		if _, err := a.Read(n, nil, &c); err != nil {
			got = append(got, fmt.Sprintf("%s: %s %v", c.AudioName, replay.ReasonOf(err), err))
			continue
		}
		name, _ := filepath.Rel(dir, a.Name(n))
		got = append(got, fmt.Sprintf("%s: %s %s, %d bytes, sidecar %q", filepath.ToSlash(name), c.AudioName,
			c.AudioType, c.Talkgroup, c.TalkgroupLabel))
		if c.Source != c.Talkgroup {
			t.Errorf("%s has %d bytes, and %d were read", name, c.Source, c.Talkgroup)
		}
	}
	want := []string{
		`1772384400.OGG: 1772384400.OGG audio/ogg, 100 bytes, sidecar ".json"`,
		`b/1772384400.aac: 1772384400.aac audio/aac, 99 bytes, sidecar ""`,
		`2026/3/1/1772384401.ogg: 1772384401.ogg audio/ogg, 101 bytes, sidecar ""`,
	}
	if len(got) != 4 || !slices.Equal(got[:3], want) || !strings.Contains(got[3], "no_audio 10 bytes are no audio") {
		t.Errorf("got\n%s", strings.Join(got, "\n"))
	}
	skipped := make(map[replay.Reason]uint64)
	for _, f := range a.Skipped() {
		skipped[f.Reason] = f.Count
	}
	if skipped[replay.NoAudio] != 1 || skipped[replay.NotACall] != 1 || a.Programs()["numbered"] != 4 {
		t.Errorf("skipped %v, programs %v", a.Skipped(), a.Programs())
	}
}

// A place that is no folder of recordings says so in one line.
func TestFolderCannotBeRead(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "1772384400.ogg")
	write(t, file, 100)
	for place, want := range map[string]string{
		filepath.Join(dir, "none"): "no such file or directory",
		file:                       "is a file: name the folder that it is in",
	} {
		_, err := replay.Open(t.Context(), New(place, numbered{}))
		if err == nil || !strings.HasPrefix(err.Error(), place) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%v", err)
		}
		if place == file && !strings.HasSuffix(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
}

// Numbers in names are compared by their value.
func TestCompareNatural(t *testing.T) {
	sorted := []string{"", "1-call_2", "1-call_10", "1-call_10b", "1-call_11", "9", "09", "10", "a", "a1", "b"}
	for i, x := range sorted {
		for j, y := range sorted {
			if got := compareNatural([]byte(x), []byte(y)); cmp.Compare(got, 0) != cmp.Compare(i, j) {
				t.Errorf("%q and %q: %d", x, y, got)
			}
		}
	}
}

func TestAudioType(t *testing.T) {
	for ext, want := range map[string]string{
		".m4a": "audio/mp4", ".MP3": "audio/mpeg", ".wav": "audio/wav", ".json": "", "": "",
	} {
		if got := AudioType(ext); got != want {
			t.Errorf("%s: %q, want %q", ext, got, want)
		}
	}
}
