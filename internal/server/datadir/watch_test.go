package datadir_test

import (
	"errors"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"rdiostress/internal/server/datadir"
)

// A watched file that was moved, removed or replaced is reported with what happened to it, and found again when it is
// back.
func TestWatch(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows keeps open files where they are")
	}
	dir := t.TempDir()
	f := mustOpen(t, dir)
	defer f.Close()
	path := filepath.Join(dir, "calls")
	if err := f.Watch("calls"); err == nil {
		t.Error("a file was watched that is not there")
	}
	if err := os.WriteFile(path, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(f.Pin("calls"), f.Watch("calls"), f.Check(), f.Gone()); err != nil {
		t.Fatal(err)
	}
	check := func(what string, isOther bool) {
		t.Helper()
		var gone *datadir.GoneError
		if err := f.Check(); !errors.As(err, &gone) || gone.Replaced != isOther ||
			!strings.HasPrefix(err.Error(), path+" is ") {
			t.Errorf("%s: %v", what, err)
		}
		if err := f.Gone(); !errors.As(err, &gone) {
			t.Errorf("%s, and the last look says %v", what, err)
		}
		if seen := f.LastFound(); time.Since(seen) > time.Minute {
			t.Errorf("%s: last seen %v", what, seen)
		}
	}
	if err := os.Rename(path, path+".old"); err != nil {
		t.Fatal(err)
	}
	if err := f.CheckAfter(time.Hour); err != nil {
		t.Errorf("a look that is fresh enough was not taken: %v", err)
	}
	check("moved", false)
	if err := os.WriteFile(path, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	check("replaced", true)
	if err := os.Rename(path+".old", path); err != nil {
		t.Fatal(err)
	}
	if err := f.CheckAfter(0); err != nil {
		t.Errorf("it is back: %v", err)
	}
}

// No connection is made to a database that replaced the watched one.
func TestConnectionsToWatchedFiles(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows keeps open files where they are")
	}
	dir := t.TempDir()
	f := mustOpen(t, dir)
	defer f.Close()
	db, err := f.OpenSQLite(t.Context(), "calls.db", url.Values{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec("CREATE TABLE calls (id)"); err != nil {
		t.Fatal(err)
	}
	if err := f.Watch("calls.db"); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "calls.db")
	if err := os.Rename(path, path+".old"); err != nil {
		t.Fatal(err)
	}
	var gone *datadir.GoneError
	if other, err := f.OpenSQLite(t.Context(), "calls.db", url.Values{}); !errors.As(err, &gone) {
		t.Errorf("a connection was made to what lies in its place: %v, %v", other, err)
	}
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a database was made in its place: %v", err)
	}
	if err := os.Rename(path+".old", path); err != nil {
		t.Fatal(err)
	}
	again, err := f.OpenSQLite(t.Context(), "calls.db", url.Values{})
	if err != nil {
		t.Fatalf("it is back: %v", err)
	}
	again.Close()
}
