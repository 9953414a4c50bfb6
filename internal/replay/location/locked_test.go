package location_test

import (
	"context"
	"database/sql"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"rdiostress/internal/replay/location"
)

// stopping is a context that is canceled when it is asked whether to go on: after a first try that did not succeed.
type stopping struct {
	context.Context
	stop func()
}

func (c stopping) Err() error {
	c.stop()
	return c.Context.Err()
}

// Opening a database that is locked ends as soon as it is interrupted.
func TestInterruptedAtALockedDatabase(t *testing.T) {
	path := filepath.Join(t.TempDir(), "calls.db")
	file, err := os.ReadFile("../../delivery/testdata/rdio-scanner-7.0.0.sqlite")
	if err != nil {
		t.Fatal(err)
	}
	write(t, file, path)
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	if _, err := db.Exec("BEGIN EXCLUSIVE"); err != nil {
		t.Fatal(err)
	}
	inner, cancel := context.WithCancel(t.Context())
	asked := false
	var once sync.Once
	ctx := stopping{inner, func() { once.Do(func() { asked = true; cancel() }) }}
	archive, err := location.Open(ctx, "sqlite:"+path)
	if err == nil {
		archive.Close()
	}
	if err == nil || !asked || inner.Err() == nil {
		t.Errorf("asked whether to go on: %t; %v", asked, err)
	}
}
