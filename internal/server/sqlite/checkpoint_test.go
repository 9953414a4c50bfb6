package sqlite_test

import (
	"bytes"
	"crypto/sha256"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"rdiostress/internal/server/sqlite"
	"rdiostress/internal/server/storetest"
)

// The log is moved into the database while calls are stored, long before the writer would have to, and starts over: it
// stays small however many calls are stored.
func TestLogStaysSmall(t *testing.T) {
	dir := t.TempDir()
	s := mustOpen(t, sqlite.Options{Dir: dir})
	store := func(from, to int64) {
		audio := bytes.Repeat([]byte("x"), 1<<10)
		sum := sha256.Sum256(audio)
		var clients sync.WaitGroup
		for c := range int64(32) {
			clients.Go(func() {
				for n := from + c; n < to; n += 32 {
					u := storetest.UploadOf(n)
					u.Audio, u.Size, u.SHA256 = audio, int64(len(audio)), sum
					if _, err := s.Put(t.Context(), u); err != nil {
						t.Error(err)
						return
					}
				}
			})
		}
		clients.Wait()
	}
	size := func(name string) int64 {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		return info.Size()
	}
	store(1, 3000) // some 10 MB of rows and indexes in the log
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(30 * time.Second); size("rdiostress.db") < 256<<10; <-tick.C {
		if time.Now().After(deadline) {
			t.Fatalf("%d bytes are in the database, %d in the log", size("rdiostress.db"),
				size("rdiostress.db-wal"))
		}
	}
	store(3000, 12000) // some 30 MB more
	if n := size("rdiostress.db-wal"); n > 28<<20 {
		t.Errorf("the log has grown to %d bytes", n)
	}
	if n := storetest.Total(t, s); n != 11999 {
		t.Errorf("%d calls are stored, want 11999", n)
	}
}
