package sqlite_test

import (
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"testing"

	"rdiostress/internal/server/call"
	"rdiostress/internal/server/datadir"
	"rdiostress/internal/server/sqlite"
	"rdiostress/internal/server/storetest"
)

func openReader(t *testing.T, dir string) *sqlite.Reader {
	t.Helper()
	r, err := sqlite.OpenReader(t.Context(), dir, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	})
	return r
}

// A reader shows the calls that a crash left, including those in the log, and changes nothing.
func TestReader(t *testing.T) {
	dir, crashed := t.TempDir(), t.TempDir()
	s := mustOpen(t, sqlite.Options{Dir: dir})
	id := storetest.Put(t, s, storetest.UploadOf(1))
	long := storetest.Put(t, s, storetest.Spooled(t, dir, storetest.UploadOf(2)))
	if err := os.CopyFS(crashed, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(crashed, "rdiostress.db-shm")); err != nil { // it must not need this file
		t.Fatal(err)
	}
	r := openReader(t, crashed)
	if n := storetest.Total(t, r); n != 2 {
		t.Errorf("%d calls, want 2", n)
	}
	for _, id := range []int64{id, long} {
		if rec, err := r.Call(t.Context(), id); err != nil || rec.ID != id || len(storetest.AudioOf(t, r, id)) == 0 {
			t.Errorf("call %d: %+v, %v", id, rec, err)
		}
	}
	if u, err := r.Usage(t.Context()); u.Calls != 2 || err != nil {
		t.Errorf("usage: %+v, %v", u, err)
	}
	checkReader(t, r)
	if _, err := sqlite.Open(t.Context(), sqlite.Options{Dir: crashed}); !errors.Is(err, datadir.ErrInUse) {
		t.Errorf("a store opened beside the reader: %v", err)
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}
	if n := storetest.Total(t, mustOpen(t, sqlite.Options{Dir: crashed})); n != 2 {
		t.Errorf("%d calls after the reader, want 2", n)
	}
}

// A folder without a database has no calls. That is not an error.
func TestReaderOfNothing(t *testing.T) {
	r := openReader(t, t.TempDir())
	if n := storetest.Total(t, r); n != 0 {
		t.Errorf("%d calls", n)
	}
	if _, err := r.Call(t.Context(), 1); !errors.Is(err, call.ErrNotFound) {
		t.Errorf("Call: %v", err)
	}
	if _, err := r.Audio(t.Context(), 1); !errors.Is(err, call.ErrNotFound) {
		t.Errorf("Audio: %v", err)
	}
	if u, err := r.Usage(t.Context()); u != (call.Usage{}) || err != nil {
		t.Errorf("usage: %+v, %v", u, err)
	}
	checkReader(t, r)
}

func checkReader(t *testing.T, r *sqlite.Reader) {
	t.Helper()
	if _, err := r.Put(t.Context(), storetest.UploadOf(3)); !errors.Is(err, call.ErrNoSpace) {
		t.Errorf("Put: %v", err)
	}
	if err := r.Probe(t.Context()); !errors.Is(err, call.ErrNoSpace) {
		t.Errorf("Probe: %v", err)
	}
	if err := errors.Join(r.Ping(t.Context()), r.Gone()); err != nil {
		t.Error(err)
	}
	if stats := r.Stats(); stats.Breaker.State != call.BreakerClosed {
		t.Errorf("stats: %+v", stats)
	}
}
