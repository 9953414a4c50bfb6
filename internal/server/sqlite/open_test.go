package sqlite_test

import (
	"bytes"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"rdiostress/internal/server"
	"rdiostress/internal/server/sqlite"
)

func TestOpenSweepsOrphans(t *testing.T) {
	dir, spool := t.TempDir(), t.TempDir()
	s := mustOpen(t, sqlite.Options{Dir: dir})
	id := mustPut(t, s, spooled(t, spool, 1))
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	orphan := filepath.Join(dir, "audio", strings.Repeat("Z", 26)+".spool")
	if err := os.WriteFile(orphan, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	foreign := filepath.Join(dir, "audio", "2019-fire.wav")
	if err := os.WriteFile(foreign, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	s = mustOpen(t, sqlite.Options{Dir: dir})
	if names := files(t, filepath.Join(dir, "audio")); !gocmp.Equal(names, []string{"2019-fire.wav", spoolName(1)}) {
		t.Errorf("audio files %q, want the stored call's and the foreign one", names)
	}
	if len(audioOf(t, s, id)) == 0 {
		t.Error("the stored call's audio is gone")
	}
	if err := os.Remove(filepath.Join(dir, "audio", spoolName(1))); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Audio(t.Context(), id); err == nil || errors.Is(err, server.ErrNotFound) {
		t.Errorf("audio whose file is missing: %v", err)
	}
}

func TestOpenRefuses(t *testing.T) {
	inUse := t.TempDir()
	mustOpen(t, sqlite.Options{Dir: inUse})

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
	if err := os.WriteFile(filepath.Join(garbage, "rdiostress.db"), bytes.Repeat([]byte("no database"), 1000), 0o600); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(garbage, "rdiostress.db")
	tests := []struct {
		name, dir string
		want      error
		text      string
	}{
		{"in use", inUse, sqlite.ErrInUse, "in use by another server"},
		{"newer schema", newer, sqlite.ErrNewer, "its schema is 99, this version knows 1"},
		{"garbage", garbage, nil, "not a database"},
		{"no folder", file, nil, "not a directory"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s, err := sqlite.Open(t.Context(), sqlite.Options{Dir: tt.dir})
			if s != nil || err == nil || (tt.want != nil && !errors.Is(err, tt.want)) || !strings.Contains(err.Error(), tt.text) {
				t.Fatalf("got %v, %v; want %q", s, err, tt.text)
			}
			if strings.Contains(err.Error(), "\n") {
				t.Errorf("error of several lines: %q", err)
			}
		})
	}
}

// A folder's name must not be taken for parameters of the database.
func TestOddFolderNames(t *testing.T) {
	for _, name := range []string{"with blank", "q?mode=ro&x", "100%", "a#b", "ü", "file:x"} {
		dir := filepath.Join(t.TempDir(), name)
		mustPut(t, mustOpen(t, sqlite.Options{Dir: dir}), uploadOf(1))
		if _, err := os.Stat(filepath.Join(dir, "rdiostress.db")); err != nil {
			t.Errorf("%q: %v", name, err)
		}
	}
}

// Audio without a database is somebody's, or all that is left of a data folder: neither is touched.
func TestOpenRefusesForeignAudio(t *testing.T) {
	for _, name := range []string{"2019-fire.wav", spoolName(1)} {
		dir := t.TempDir()
		recording := filepath.Join(dir, "audio", name)
		if err := os.Mkdir(filepath.Dir(recording), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(recording, []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := sqlite.Open(t.Context(), sqlite.Options{Dir: dir}); !errors.Is(err, sqlite.ErrForeign) {
			t.Errorf("%s: opened with %v", name, err)
		}
		if _, err := os.Stat(recording); err != nil {
			t.Errorf("%s is gone: %v", name, err)
		}
	}
}

// More orphans than a crash leaves mean that the database is an old copy: they are kept.
func TestOpenKeepsManyOrphans(t *testing.T) {
	dir := t.TempDir()
	if err := mustOpen(t, sqlite.Options{Dir: dir}).Close(); err != nil {
		t.Fatal(err)
	}
	for n := range int64(3) {
		if err := os.WriteFile(filepath.Join(dir, "audio", spoolName(n)), []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := sqlite.Open(t.Context(), sqlite.Options{Dir: dir, Queue: 2}); err == nil || !strings.Contains(err.Error(), "3 files") {
		t.Errorf("opened with %v", err)
	}
	if names := files(t, filepath.Join(dir, "audio")); len(names) != 3 {
		t.Errorf("kept %q", names)
	}
	mustOpen(t, sqlite.Options{Dir: dir, Queue: 3})
}
