package sqlite_test

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"rdiostress/internal/server/call"
	"rdiostress/internal/server/datadir"
	"rdiostress/internal/server/sqlite"
	"rdiostress/internal/server/storetest"
)

// A store whose folder was moved away does not touch the files of the folder that replaced it, not even when it closes,
// and the moved folder has all of its calls.
func TestClosingAfterTheFolderMoved(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows keeps open files where they are")
	}
	dir := filepath.Join(t.TempDir(), "data")
	away := dir + ".away"
	old := mustOpen(t, sqlite.Options{Dir: dir})
	first := storetest.Put(t, old, storetest.UploadOf(1))
	if err := os.Rename(dir, away); err != nil {
		t.Fatal(err)
	}
	young := mustOpen(t, sqlite.Options{Dir: dir})
	storetest.Put(t, young, storetest.UploadOf(2))
	var down *call.UnavailableError
	var gone *datadir.GoneError
	if err := old.Gone(); !errors.As(err, &down) || !errors.As(err, &gone) || !gone.Replaced {
		t.Errorf("the moved store says %v", err)
	}
	if _, err := old.Put(t.Context(), storetest.UploadOf(3)); !errors.As(err, &down) {
		t.Errorf("the moved store took a call: %v", err)
	}
	if err := old.Close(); err != nil {
		t.Error(err)
	}
	if err := young.Gone(); err != nil {
		t.Errorf("files of the other store have gone with it: %v", err)
	}
	storetest.Put(t, young, storetest.UploadOf(4))
	crashed := t.TempDir() // as a crash would leave it
	for _, name := range []string{"rdiostress.db", "rdiostress.db-wal"} {
		text, err := os.ReadFile(filepath.Join(dir, name))
		if err == nil {
			err = os.WriteFile(filepath.Join(crashed, name), text, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if n := storetest.Total(t, mustOpen(t, sqlite.Options{Dir: crashed})); n != 2 {
		t.Errorf("%d calls of the other store survive a crash, want 2", n)
	}
	if _, err := mustOpen(t, sqlite.Options{Dir: away}).Call(t.Context(), first); err != nil {
		t.Errorf("the moved folder's call: %v", err)
	}
}

// After a lost connection while the database is away, no connection is made to the file that replaced it, nor to a new
// empty file.
func TestNoConnectionToAnother(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows keeps open files where they are")
	}
	dir := t.TempDir()
	s := mustOpen(t, sqlite.Options{Dir: dir})
	path := filepath.Join(dir, "rdiostress.db")
	if err := os.Rename(path, path+".old"); err != nil {
		t.Fatal(err)
	}
	for range 8 { // more than there are readers with a connection
		_, _, _ = s.Calls(t.Context(), call.Query{SortBy: call.SortID, Page: 1, PerPage: 1})
	}
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a database was made in place of the moved one: %v", err)
	}
	if err := os.Rename(path+".old", path); err != nil {
		t.Fatal(err)
	}
	if err := s.Gone(); err != nil {
		t.Errorf("it is back, and %v", err)
	}
	storetest.Put(t, s, storetest.UploadOf(1))
}

// A log without its database is not used for a new database, which would destroy the calls in it.
func TestLogWithoutItsDatabase(t *testing.T) {
	dir := t.TempDir()
	s := mustOpen(t, sqlite.Options{Dir: dir})
	id := storetest.Put(t, s, storetest.UploadOf(1))
	crashed := t.TempDir()
	if err := os.CopyFS(crashed, os.DirFS(dir)); err != nil { // as a crash would leave it
		t.Fatal(err)
	}
	path := filepath.Join(crashed, "rdiostress.db")
	for _, tt := range []struct {
		name  string
		spoil func() error
	}{
		{"no database", func() error { return os.Rename(path, path+".old") }},
		{"an empty database", func() error { return os.WriteFile(path, nil, 0o600) }},
	} {
		name := tt.name
		if err := tt.spoil(); err != nil {
			t.Fatal(err)
		}
		refused, err := sqlite.Open(t.Context(), sqlite.Options{Dir: crashed})
		if refused != nil || !errors.Is(err, sqlite.ErrLogAlone) ||
			!strings.Contains(err.Error(), "rdiostress.db-wal") {
			t.Errorf("%s: opened with %v", name, err)
		}
		if info, err := os.Stat(path + "-wal"); err != nil || info.Size() == 0 {
			t.Errorf("%s: the log is gone: %v", name, err)
		}
	}
	if err := os.Rename(path+".old", path); err != nil { // as the hint says
		t.Fatal(err)
	}
	if _, err := mustOpen(t, sqlite.Options{Dir: crashed}).Call(t.Context(), id); err != nil {
		t.Errorf("the call after recovery: %v", err)
	}
}
