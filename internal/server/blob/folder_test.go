package blob_test

import (
	"crypto/sha256"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"rdiostress/internal/rdio"
	"rdiostress/internal/server/blob"
	"rdiostress/internal/server/blob/blobtest"
)

// folder is a test's own blob.Folder that records which names were made durable.
type folder struct {
	*blob.Folder
	dir, spool string
	mu         sync.Mutex
	synced     []string
	syncErr    error
}

func newFolder(t *testing.T) *folder {
	t.Helper()
	f := &folder{dir: filepath.Join(t.TempDir(), "audio"), spool: t.TempDir()}
	if err := os.Mkdir(f.dir, 0o700); err != nil {
		t.Fatal(err)
	}
	f.Folder = blob.NewFolder(f.dir, f.spool, func(dir string) error {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.synced = append(f.synced, filepath.Base(dir))
		if filepath.Base(dir) != "audio" {
			return f.syncErr
		}
		return nil
	})
	return f
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// spooled makes a file in the spool folder.
func (f *folder) spooled(t *testing.T) string {
	t.Helper()
	path := filepath.Join(f.spool, blob.SpoolName())
	write(t, path, "audio")
	return path
}

// names lists the files and folders in the folder.
func (f *folder) names(t *testing.T) (names []string) {
	t.Helper()
	err := fs.WalkDir(os.DirFS(f.dir), ".", func(path string, e fs.DirEntry, err error) error {
		if path != "." {
			names = append(names, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}

// aCall began late in the evening of a day, which is the next day in UTC.
var aCall = rdio.Call{
	System: 11, Talkgroup: 1001, AudioName: "call.m4a",
	Time: time.Date(2026, 11, 24, 21, 20, 59, 0, time.FixedZone("", -5*3600)),
}

func TestAdopt(t *testing.T) {
	f := newFolder(t)
	path := f.spooled(t)
	name, err := f.Adopt(t.Context(), path, &aCall)
	want := "2026-11-25/022059_11_1001_" + strings.TrimSuffix(filepath.Base(path), ".spool") + ".m4a"
	if name != want || err != nil {
		t.Fatalf("got %q, %v; want %q", name, err, want)
	}
	r, err := f.Open(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	if all, err := io.ReadAll(r); string(all) != "audio" || err != nil {
		t.Errorf("read %q, %v", all, err)
	}
	r.Close()
	if _, err := f.Adopt(t.Context(), path, &aCall); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("adopted twice: %v", err)
	}
	for range 2 { // the second time it does not exist
		if err := f.Remove(t.Context(), name); err != nil {
			t.Error(err)
		}
	}
	if names := f.names(t); len(names) > 0 {
		t.Errorf("left: %q", names)
	}
	if r, err := f.Open(t.Context(), name); r != nil || !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("audio that is gone: %v, %v", r, err)
	}
}

// The name of a day's folder is made durable before its first file counts, and the name of each file before the file
// counts.
func TestAdoptMakesNamesDurable(t *testing.T) {
	f := newFolder(t)
	adopt := func(want ...string) {
		t.Helper()
		f.synced = nil
		if _, err := f.Adopt(t.Context(), f.spooled(t), &aCall); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(f.synced, want) {
			t.Errorf("made durable: %q, want %q", f.synced, want)
		}
	}
	adopt("audio", "2026-11-25")
	adopt("2026-11-25")
	again := blob.NewFolder(f.dir, f.spool,
		func(dir string) error { f.synced = append(f.synced, filepath.Base(dir)); return nil })
	f.Folder = again // after a restart the durable names are unknown
	adopt("audio", "2026-11-25")
	if err := os.RemoveAll(filepath.Join(f.dir, "2026-11-25")); err != nil { // by an operator
		t.Fatal(err)
	}
	adopt("audio", "2026-11-25")
}

func TestAdoptFails(t *testing.T) {
	f := newFolder(t)
	f.syncErr = errors.New("input/output error")
	if _, err := f.Adopt(t.Context(), f.spooled(t), &aCall); !errors.Is(err, f.syncErr) {
		t.Errorf("got %v", err)
	}
	if names := f.names(t); len(names) > 0 {
		t.Errorf("left: %q", names)
	}
	if err := os.RemoveAll(f.dir); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Adopt(t.Context(), f.spooled(t), &aCall); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("without the folder: %v", err)
	}
	if _, err := os.Stat(f.dir); err == nil {
		t.Error("the folder was made again")
	}
}

// Files come and go in a day's folder at any time. The folder is removed with its last file.
func TestAdoptWhileFoldersGo(t *testing.T) {
	f := newFolder(t)
	var workers sync.WaitGroup
	for range 4 {
		var paths []string
		for range 100 {
			paths = append(paths, f.spooled(t))
		}
		workers.Go(func() {
			for _, path := range paths {
				name, err := f.Adopt(t.Context(), path, &aCall)
				if err == nil {
					err = f.Remove(t.Context(), name)
				}
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	workers.Wait()
	if names := f.names(t); len(names) > 0 {
		t.Errorf("left: %q", names)
	}
}

// A sweep removes files without a call, under the names of this and of earlier versions, and no other files.
func TestSweep(t *testing.T) {
	f := newFolder(t)
	kept, err := f.Adopt(t.Context(), f.spooled(t), &aCall)
	if err != nil {
		t.Fatal(err)
	}
	undated, err := f.Adopt(t.Context(), f.spooled(t), &rdio.Call{
		System: 1, Talkgroup: 2,
		Time: time.Date(-5, 1, 1, 0, 0, 0, 0, time.UTC),
	})
	if err != nil || !strings.HasPrefix(undated, "undated/000000_1_2_") || !strings.HasSuffix(undated, ".audio") {
		t.Fatalf("got %q, %v", undated, err)
	}
	earlier, orphan := blob.SpoolName(), blob.SpoolName()
	foreign := []string{"2019-fire.wav", "2026-11-25/fire.m4a", "fires/120000_1_2_X.mp3"}
	for _, name := range append(foreign, earlier, orphan, "2026-11-23/120000_1_2_X.mp3") {
		write(t, filepath.Join(f.dir, name), "x")
	}
	if err := os.Mkdir(filepath.Join(f.dir, "2026-11-22"), 0o700); err != nil { // a crash before the move
		t.Fatal(err)
	}
	named := map[string]bool{kept: true, earlier: true}
	if err := f.Sweep(t.Context(), 2, named); !errors.Is(err, blob.ErrManyOrphans) ||
		!strings.HasPrefix(err.Error(), "3 audio files belong to no call") {
		t.Errorf("with more orphans than a crash leaves: %v", err)
	}
	if err := f.Sweep(t.Context(), 3, named); err != nil {
		t.Error(err)
	}
	want := append(foreign, kept, earlier, "2026-11-25", "fires")
	slices.Sort(want)
	got := f.names(t)
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("left %q, want %q", got, want)
	}
	for _, name := range []string{kept, earlier} {
		if r, err := f.Open(t.Context(), name); err != nil {
			t.Error(err)
		} else {
			r.Close()
		}
	}
	if err := f.Remove(t.Context(), earlier); err != nil {
		t.Error(err)
	}
	if err := blob.NewFolder(filepath.Join(f.dir, "none"), f.spool, nil).Sweep(t.Context(), 0, nil); err == nil {
		t.Error("a folder that is not there was swept")
	}
}

func TestRemoveAll(t *testing.T) {
	f := newFolder(t)
	if _, err := f.Adopt(t.Context(), f.spooled(t), &aCall); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{blob.SpoolName(), "2026-11-25/fire.m4a"} {
		write(t, filepath.Join(f.dir, name), "x")
	}
	if err := blob.RemoveAll(f.dir); err == nil {
		t.Error("a folder with a file of others was removed")
	}
	if got := f.names(t); !slices.Equal(got, []string{"2026-11-25", "2026-11-25/fire.m4a"}) {
		t.Errorf("left %q", got)
	}
	if err := os.Remove(filepath.Join(f.dir, "2026-11-25/fire.m4a")); err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second time it does not exist
		if err := blob.RemoveAll(f.dir); err != nil {
			t.Error(err)
		}
	}
}

// Probe finds out what works by trying it, and leaves nothing behind.
func TestProbe(t *testing.T) {
	f := newFolder(t)
	if err := f.Probe(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{f.dir, f.spool} {
		if entries, err := os.ReadDir(path); len(entries) > 0 || err != nil {
			t.Errorf("%s holds %v, %v", path, entries, err)
		}
		if err := os.Rename(path, path+".old"); err != nil {
			t.Fatal(err)
		}
		if err := f.Probe(t.Context()); err == nil {
			t.Errorf("without the folder %s nothing is missing", path)
		}
		if err := os.Rename(path+".old", path); err != nil {
			t.Fatal(err)
		}
	}
}

// Probe notices that today's folder cannot be written, and leaves nothing in the spool folder.
func TestProbeOfToday(t *testing.T) {
	f := newFolder(t)
	for _, day := range []int{-1, 0, 1} { // the test may run across midnight
		name := time.Now().UTC().AddDate(0, 0, day).Format(time.DateOnly)
		if err := os.WriteFile(filepath.Join(f.dir, name), nil, 0o600); err != nil { // in place of a folder
			t.Fatal(err)
		}
	}
	if err := f.Probe(t.Context()); err == nil {
		t.Error("a file in place of the day's folder is not in the way")
	}
	if entries, err := os.ReadDir(f.spool); len(entries) > 0 || err != nil {
		t.Errorf("the spool folder holds %v, %v", entries, err)
	}
}

func TestExtension(t *testing.T) {
	for _, tt := range []struct{ kind, name, want string }{
		{"audio/mpeg", "", ".mp3"},
		{"Audio/MP4; codecs=mp4a", "call.mp3", ".m4a"},
		{"audio/x-wav", "", ".wav"},
		{"audio/aac", "", ".aac"},
		{"audio/ogg", "", ".ogg"},
		{"audio/opus", "", ".opus"},
		{"audio/flac", "", ".flac"},
		{"audio/webm", "", ".webm"},
		{"application/octet-stream", "Call.MP3", ".mp3"},
		{"", "../call.mp4", ".m4a"},
		{"", "call.exe", ".audio"},
		{"", "call.mp3/../x", ".audio"},
		{"", "", ".audio"},
	} {
		if got := blob.Extension(&rdio.Call{AudioType: tt.kind, AudioName: tt.name}); got != tt.want {
			t.Errorf("%q, %q: got %s, want %s", tt.kind, tt.name, got, tt.want)
		}
	}
}

func TestSuite(t *testing.T) {
	f := newFolder(t)
	blobtest.Run(t, f, f.spool, f.names)
}

func TestVerify(t *testing.T) {
	f := newFolder(t)
	name, err := f.Adopt(t.Context(), f.spooled(t), &aCall)
	if err != nil {
		t.Fatal(err)
	}
	read := func(sum [32]byte, from int64) (string, error) {
		file, err := f.Open(t.Context(), name)
		if err != nil {
			t.Fatal(err)
		}
		r := blob.Verify(file, sum)
		defer r.Close()
		if _, err := r.Seek(from, io.SeekStart); err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(r)
		return string(text), err
	}
	if text, err := read(sha256.Sum256([]byte("audio")), 0); text != "audio" || err != nil {
		t.Errorf("got %q, %v", text, err)
	}
	if text, err := read([32]byte{}, 0); !errors.Is(err, blob.ErrAltered) || text == "audio" {
		t.Errorf("altered: got %q, %v", text, err)
	}
	if text, err := read([32]byte{}, 2); text != "dio" || err != nil {
		t.Errorf("a part, which cannot be checked: got %q, %v", text, err)
	}
}
