package sqlite_test

import (
	"bytes"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"rdiostress/internal/server/call"
	"rdiostress/internal/server/datadir"
	"rdiostress/internal/server/sqlite"
	"rdiostress/internal/server/storetest"
)

func TestStore(t *testing.T) { storetest.Run(t, backend()) }

func TestJobs(t *testing.T) { storetest.RunJobs(t, backend()) }

func backend() storetest.Backend {
	return storetest.Backend{
		Open: func(t testing.TB, dir string, o storetest.Options) (storetest.Store, error) {
			s, err := sqlite.Open(t.Context(), sqlite.Options{
				Dir: dir, Queue: o.Queue,
				DuplicateWindow: o.DuplicateWindow, Transcribe: o.Transcribe,
			})
			if err != nil {
				return nil, err // not s: it would be a non-nil interface
			}
			return s, nil
		},
		HoldUp: holdUp,
		RenameAudio: func(t testing.TB, dir, name string) {
			db, err := sql.Open("sqlite", filepath.Join(dir, "rdiostress.db"))
			if err == nil {
				_, err = db.Exec("UPDATE calls SET audio_file = ?", name)
				err = errors.Join(err, db.Close())
			}
			if err != nil {
				t.Fatal(err)
			}
		},
	}
}

// mustOpen opens a store that closes with the test.
func mustOpen(t testing.TB, o sqlite.Options) *sqlite.Store {
	t.Helper()
	s, err := sqlite.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// holdUp blocks the writer, as a backup might, until the returned function is called.
func holdUp(t testing.TB, dir string) (release func()) {
	t.Helper()
	db, err := sql.Open("sqlite", filepath.Join(dir, "rdiostress.db"))
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	if _, err := db.Exec("BEGIN IMMEDIATE"); err != nil {
		t.Fatal(err)
	}
	release = sync.OnceFunc(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(release)
	return release
}

func TestOpenRefuses(t *testing.T) {
	newer := t.TempDir()
	if err := mustOpen(t, sqlite.Options{Dir: newer}).Close(); err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("sqlite", filepath.Join(newer, "rdiostress.db"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Exec("INSERT INTO goose_db_version (version_id, is_applied) VALUES (99, 1)"); err != nil {
		t.Fatal(err)
	}
	db.Close()

	garbage := t.TempDir()
	file := filepath.Join(garbage, "rdiostress.db")
	if err := os.WriteFile(file, bytes.Repeat([]byte("no database"), 1000), 0o600); err != nil {
		t.Fatal(err)
	}
	other := t.TempDir()
	if err := os.WriteFile(filepath.Join(other, "node"), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name, dir string
		want      error
		text      string
	}{
		{"newer schema", newer, sqlite.ErrNewer, "its schema is 99, this version knows 6"},
		{"garbage", garbage, sqlite.ErrDamaged, "not a database"},
		{"no folder", file, nil, "not a directory"},
		{"of another kind of store", other, datadir.ErrForeign, "PostgreSQL"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s, err := sqlite.Open(t.Context(), sqlite.Options{Dir: tt.dir})
			if s != nil || err == nil || (tt.want != nil && !errors.Is(err, tt.want)) ||
				!strings.Contains(err.Error(), tt.text) {
				t.Fatalf("got %v, %v; want %q", s, err, tt.text)
			}
			if strings.Contains(err.Error(), "\n") {
				t.Errorf("error of several lines: %q", err)
			}
		})
	}
}

// A folder's name must not be parsed as parameters of the database.
func TestOddFolderNames(t *testing.T) {
	for _, name := range []string{"with blank", "q?mode=ro&x", "100%", "a#b", "ü", "file:x"} {
		dir := filepath.Join(t.TempDir(), name)
		storetest.Put(t, mustOpen(t, sqlite.Options{Dir: dir}), storetest.UploadOf(1))
		if _, err := os.Stat(filepath.Join(dir, "rdiostress.db")); err != nil {
			t.Errorf("%q: %v", name, err)
		}
	}
}

// A closed store is a single file.
func TestCloseMovesTheLog(t *testing.T) {
	dir := t.TempDir()
	s := mustOpen(t, sqlite.Options{Dir: dir})
	storetest.Put(t, s, storetest.UploadOf(1))
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "rdiostress.db-wal")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the log is still there after Close: %v", err)
	}
}

func BenchmarkPut(b *testing.B) {
	storetest.BenchmarkPut(b, func(b *testing.B) call.Store {
		return mustOpen(b, sqlite.Options{Dir: b.TempDir(), DuplicateWindow: 500 * time.Millisecond})
	})
}

// BenchmarkPutQueued is BenchmarkPut with each call queued for transcription.
func BenchmarkPutQueued(b *testing.B) {
	storetest.BenchmarkPut(b, func(b *testing.B) call.Store {
		return mustOpen(b, sqlite.Options{Dir: b.TempDir(), DuplicateWindow: 500 * time.Millisecond, Transcribe: true})
	})
}

func BenchmarkJobs(b *testing.B) {
	storetest.BenchmarkJobs(b, func(b *testing.B) storetest.Store {
		return mustOpen(b, sqlite.Options{Dir: b.TempDir(), Transcribe: true})
	})
}
