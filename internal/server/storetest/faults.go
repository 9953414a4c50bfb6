package storetest

import (
	"context"
	"errors"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"rdiostress/internal/rdio"
	"rdiostress/internal/server/call"
	"rdiostress/internal/server/datadir"
)

// A call that cannot be stored fails alone, whichever calls are in the same transaction.
func poisonFailsAlone(t *testing.T, b Backend) {
	dir := t.TempDir()
	s := b.open(t, dir, Options{})
	release := b.HoldUp(t, dir) // so that many calls end up in one transaction
	poison := map[int64]func(u *call.Upload){
		3:  func(u *call.Upload) { u.Call.System = 0 },
		5:  func(u *call.Upload) { u.Call.Units = []rdio.Unit{{ID: 1, OffsetS: math.Inf(1)}} },
		17: func(u *call.Upload) { u.Call.Talkgroup = -1 }, // a long call
	}
	errs := make([]error, 24)
	var wg sync.WaitGroup
	wg.Go(func() { _, errs[0] = s.Put(t.Context(), UploadOf(0)) })
	eventually(t, "the first call waits", func() bool { return s.Stats().Queued == 1 })
	for n := int64(1); n < int64(len(errs)); n++ {
		u := UploadOf(n)
		if n >= 12 {
			u = Spooled(t, dir, u)
		}
		if spoil := poison[n]; spoil != nil {
			spoil(u)
		}
		wg.Go(func() { _, errs[n] = s.Put(t.Context(), u) })
	}
	eventually(t, "all calls wait", func() bool { return s.Stats().Queued == len(errs) })
	release()
	wg.Wait()
	for n, err := range errs {
		if isPoison := poison[int64(n)] != nil; isPoison != errors.Is(err, call.ErrBadCall) || !isPoison && err != nil {
			t.Errorf("call %d: %v", n, err)
		}
	}
	if n := Total(t, s); n != 21 {
		t.Errorf("%d calls stored, want 21", n)
	}
	if names := AudioFiles(t, dir); len(names) != 11 {
		t.Errorf("audio files %q, want those of the 11 long calls that are stored", names)
	}
}

func full(t *testing.T, b Backend) {
	dir := t.TempDir()
	s := b.open(t, dir, Options{Queue: 3})
	release := b.HoldUp(t, dir)
	const calls = 10
	results := make(chan error, calls)
	for n := range int64(calls) {
		go func() {
			_, err := s.Put(context.WithoutCancel(t.Context()), UploadOf(n))
			results <- err
		}()
	}
	for range calls - 3 { // these do not wait for the writer
		if err := <-results; !errors.Is(err, call.ErrFull) {
			t.Fatalf("got %v, want ErrFull", err)
		}
	}
	long := Spooled(t, dir, UploadOf(99))
	if _, err := s.Put(t.Context(), long); !errors.Is(err, call.ErrFull) {
		t.Errorf("got %v, want ErrFull", err)
	}
	if names := AudioFiles(t, dir); len(names) != 0 {
		t.Errorf("audio files %q of a call that was refused", names)
	}
	release()
	for range 3 {
		if err := <-results; err != nil {
			t.Error(err)
		}
	}
	Put(t, s, long) // there is room again, and the file is still in place
}

// orphanName returns a name like those that the server gives to audio files.
func orphanName(n int) string { return strings.Repeat("Z", 25) + string(rune('A'+n)) + ".spool" }

func plant(t *testing.T, dir, name string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, "audio", name)), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "audio", name), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
}

func sweepsOrphans(t *testing.T, b Backend) {
	dir := t.TempDir()
	s := b.mustOpen(t, dir, Options{})
	u := Spooled(t, dir, UploadOf(1))
	id := Put(t, s, u)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	plant(t, dir, orphanName(0))
	plant(t, dir, "2019-fire.wav")
	orphan := UploadOf(2)
	orphan.File = orphanName(1)
	plant(t, dir, storedName(orphan))
	s = b.open(t, dir, Options{})
	want := []string{"2019-fire.wav", storedName(u)}
	if names := AudioFiles(t, dir); !slices.Equal(names, want) {
		t.Errorf("audio files %q, want the stored call's and the foreign one", names)
	}
	if len(AudioOf(t, s, id)) == 0 {
		t.Error("the stored call's audio is gone")
	}
	if err := os.Remove(filepath.Join(dir, "audio", storedName(u))); err != nil {
		t.Fatal(err)
	}
	if r, err := s.Audio(t.Context(), id); r != nil || err == nil || errors.Is(err, call.ErrNotFound) {
		t.Errorf("audio whose file is missing: %v, %v", r, err)
	}
}

// More orphans than a crash leaves mean that the database is an old copy. The orphans are kept.
func keepsManyOrphans(t *testing.T, b Backend) {
	dir := t.TempDir()
	if err := b.mustOpen(t, dir, Options{}).Close(); err != nil {
		t.Fatal(err)
	}
	const many = 2 + 100 + 1 // calls that may wait, calls that are deleted at once
	for n := range many {
		plant(t, dir, strings.Repeat("A", 24)+string(rune('A'+n/26))+string(rune('A'+n%26))+".spool")
	}
	if _, err := b.Open(t, dir, Options{Queue: 2}); err == nil ||
		!strings.Contains(err.Error(), "103 audio files belong to no call") {
		t.Errorf("opened with %v", err)
	}
	if names := AudioFiles(t, dir); len(names) != many {
		t.Errorf("kept %d", len(names))
	}
	b.open(t, dir, Options{Queue: 3})
	if names := AudioFiles(t, dir); len(names) != 0 {
		t.Errorf("%d orphans are left", len(names))
	}
}

// Audio without a database belongs to somebody, or is the rest of a data folder. Neither is touched.
func foreignAudioIsRefused(t *testing.T, b Backend) {
	for _, name := range []string{"2019-fire.wav", orphanName(1)} {
		dir := t.TempDir()
		plant(t, dir, name)
		if _, err := b.Open(t, dir, Options{}); !errors.Is(err, datadir.ErrForeign) {
			t.Errorf("%s: opened with %v", name, err)
		}
		if names := AudioFiles(t, dir); len(names) != 1 {
			t.Errorf("%s is gone", name)
		}
	}
}

func oneServerForEachFolder(t *testing.T, b Backend) {
	dir := t.TempDir()
	b.open(t, dir, Options{})
	if _, err := b.Open(t, dir, Options{}); !errors.Is(err, datadir.ErrInUse) {
		t.Errorf("opened with %v", err)
	}
}
