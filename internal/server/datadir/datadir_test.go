package datadir_test

import (
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"rdiostress/internal/rdio"
	"rdiostress/internal/server/blob"
	"rdiostress/internal/server/datadir"
)

const mark = "mark"

func mustOpen(t *testing.T, dir string) *datadir.Folder {
	t.Helper()
	f, err := datadir.Open(t.Context(), dir, mark, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

func write(t *testing.T, path string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
}

func names(t *testing.T, dir string) (list []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		list = append(list, e.Name())
	}
	return list
}

// The audio is in the data folder's own folders.
func TestAudio(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new", "data")
	f := mustOpen(t, dir)
	if err := f.Sync(); err != nil {
		t.Error(err)
	}
	spooled := filepath.Join(datadir.SpoolDir(dir), blob.SpoolName())
	write(t, spooled)
	name, err := f.Audio.Adopt(t.Context(), spooled, &rdio.Call{AudioName: "call.wav"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(f.Path(filepath.Join("audio", name))); err != nil {
		t.Error(err)
	}
	if err := f.Audio.Probe(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestOpenRefuses(t *testing.T) {
	dir := t.TempDir()
	mustOpen(t, dir)
	if _, err := datadir.Open(t.Context(), dir, mark, nil); !errors.Is(err, datadir.ErrInUse) {
		t.Errorf("opened twice: %v", err)
	}
	for _, folder := range []string{"audio", "spool"} {
		foreign := t.TempDir()
		write(t, filepath.Join(foreign, folder, "2019-fire.wav"))
		if _, err := datadir.Open(t.Context(), foreign, mark, nil); !errors.Is(err, datadir.ErrForeign) {
			t.Errorf("%s: opened with %v", folder, err)
		}
		write(t, filepath.Join(foreign, mark))
		mustOpen(t, foreign)
	}
}

// Remove removes only this program's own files.
func TestRemove(t *testing.T) {
	dir := t.TempDir()
	if err := mustOpen(t, dir).Close(); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{
		mark, mark + "-wal", "notes.txt", "audio/" + blob.SpoolName(),
		"audio/2019-fire.wav",
	} {
		write(t, filepath.Join(dir, name))
	}
	if err := datadir.Remove(dir, mark); err == nil {
		t.Error("a folder with others' files was removed")
	}
	if got := names(t, dir); !slices.Equal(got, []string{"audio", "notes.txt"}) {
		t.Errorf("left: %q", got)
	}
	for _, name := range []string{"notes.txt", "audio/2019-fire.wav"} {
		if err := os.Remove(filepath.Join(dir, name)); err != nil {
			t.Error(err)
		}
	}
	if err := datadir.Remove(dir, mark); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the folder is still there: %v", err)
	}
}

// The reserve is created if there is room, released when it is needed, and restored later; nothing else takes its
// place.
func TestReserve(t *testing.T) {
	dir := t.TempDir()
	f := mustOpen(t, dir)
	size := func() int64 {
		info, err := os.Stat(filepath.Join(dir, "reserve"))
		if err != nil {
			return -1
		}
		return info.Size()
	}
	if f.ReleaseReserve(); size() != -1 || !f.IsFull() {
		t.Error("a reserve before it was made, or it is not out")
	}
	if err := f.KeepReserve(); err != nil || size() != -1 {
		t.Errorf("a reserve that is out was made: %v", err)
	}
	if !f.RestoreReserve() || f.IsFull() {
		t.Error("it was not restored")
	}
	if err := f.KeepReserve(); err != nil || size() != 4<<20 {
		t.Errorf("%d bytes, %v", size(), err)
	}
	if !f.ReleaseReserve() || size() != -1 || !f.IsFull() {
		t.Error("it was not released")
	}
	if !f.RestoreReserve() || size() != 4<<20 || f.IsFull() || !f.RestoreReserve() {
		t.Errorf("%d bytes, full: %t", size(), f.IsFull())
	}
	// the remains of a full disk
	if err := os.WriteFile(filepath.Join(dir, "reserve"), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := f.KeepReserve(); err != nil || size() != 4<<20 {
		t.Errorf("%d bytes, %v", size(), err)
	}
	f.ReleaseReserve()
	if err := f.Close(); err != nil || size() != 4<<20 {
		t.Errorf("closed with %d bytes, %v", size(), err)
	}
	if err := datadir.Remove(dir); err != nil || size() != -1 {
		t.Errorf("removed: %d bytes, %v", size(), err)
	}
}
