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

	gocmp "github.com/google/go-cmp/cmp"

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

// shortened is a format that gives compressed audio the first letter of a call's name.
type shortened struct{ numbered }

func (shortened) AudioStem(stem string) string {
	if len(stem) < 10 {
		return ""
	}
	return "a" + stem[len(stem)-1:]
}

// Compressed audio of another stem is a call's, unless it could be of several, has a sidecar of its own, or is no
// better than what the call has.
func TestAudioOfAnotherStem(t *testing.T) {
	dir := t.TempDir()
	for name, size := range map[string]int{
		"1772384401.json": 2, "1772384401.wav": 100, "a1.OGG": 201, // the call has worse
		"1772384402.json": 2, "a2.ogg": 202, // or none
		"1772384403.json": 2, "1772384403.ogg": 103, "a3.wav": 203, // or better
		"1772384404.json": 2, "1772384404.wav": 104, "1772384414.json": 2, "1772384414.wav": 114, "a4.ogg": 204,
		"1772384405.json": 2, "1772384405.wav": 105, "a5.ogg": 205, "a5.json": 2,
		"1772384406.wav": 106, "a6.ogg": 206, // there is no sidecar
		"1772384407.json": 2, "1772384407.m4a": 107, "a7.m4a": 207,
		"b/1772384408.json": 2, "b/1772384408.wav": 108, "a8.ogg": 208, // in another folder
	} {
		write(t, filepath.Join(dir, name), size)
	}
	f := New(dir, shortened{})
	a, err := replay.Open(t.Context(), f)
	if err != nil {
		t.Fatal(err)
	}
	got := make(map[string]string)
	for n := range a.Len() {
		start := strconv.FormatInt(a.Start(n).Unix()%100, 10)
		got[start] = filepath.Base(a.Name(n))
	}
	want := map[string]string{
		"1": "a1.OGG", "2": "a2.ogg", "3": "1772384403.ogg", "4": "1772384404.wav", "14": "1772384414.wav",
		"5": "1772384405.wav", "6": "1772384406.wav", "7": "1772384407.m4a", "8": "1772384408.wav",
	}
	if diff := gocmp.Diff(want, got); diff != "" {
		t.Errorf("audio differs (-want +got):\n%s", diff)
	}
	var c rdio.Call
	file, err := f.Read(0, nil, &c)
	if err != nil || c.AudioName != "a1.OGG" || c.AudioType != "audio/ogg" || len(file) != 201 || len(f.files) != 9 {
		t.Errorf("%d bytes as %s of %d recordings: %v", len(file), c.AudioName, len(f.files), err)
	}
	alone := New(t.TempDir(), numbered{})
	if stem := alone.audioStem("1772384401"); stem != "" {
		t.Errorf("a format without other names gives %s", stem)
	}
}
