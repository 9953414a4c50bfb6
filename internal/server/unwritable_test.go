package server_test

import (
	"database/sql"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"rdiostress/internal/server"
	"rdiostress/internal/server/groupcommit"
	"rdiostress/internal/server/postgres"
	"rdiostress/internal/server/sqlite"
	"rdiostress/internal/testenv/pgtest"
)

// isReady reports whether /ready says that the server is ready.
func (r *rig) isReady(t *testing.T) bool {
	t.Helper()
	resp, body := r.get(t, "/ready")
	if resp.StatusCode != http.StatusOK && !strings.Contains(body, `"ready":false`) {
		t.Errorf("/ready: %s %s", resp.Status, body)
	}
	return resp.StatusCode == http.StatusOK
}

// statusOf returns the status of an upload of a new call, with long audio or not.
func (r *rig) statusOf(t *testing.T, n int, isLong bool) int {
	t.Helper()
	size := 100
	if isLong {
		size = 300 << 10
	}
	when := time.Unix(1764000000+int64(n), 0).UTC().Format(time.RFC3339)
	resp, _ := r.post(t, strings.NewReader(form(callWith(field{"dateTime", when},
		field{"audio", strings.Repeat("x", size)}))))
	return resp.StatusCode
}

// checkUnwritable takes write permission from a running server and gives it back. The server must notice that by
// itself, while no uploads arrive, refuse uploads with 503, and be ready only after a write has succeeded.
func checkUnwritable(t *testing.T, r *rig, spoil, mend func()) {
	t.Helper()
	r.server.ProbeAlways()
	if !r.isReady(t) || r.statusOf(t, 1, false) != 200 {
		t.Fatal("it is not well at first")
	}
	spoil()
	eventually(t, "it is not ready, though no upload came", func() bool { return !r.isReady(t) })
	for n := range 12 {
		if status := r.statusOf(t, 10+n, n%3 == 0); status != 503 {
			t.Errorf("upload %d: got %d, want 503", n, status)
		}
		if r.isReady(t) {
			t.Error("ready before anything could be written")
		}
	}
	if resp, body := r.get(t, "/api/calls"); resp.StatusCode != 200 {
		t.Errorf("reading meanwhile: %s %s", resp.Status, body)
	}
	mend()
	eventually(t, "it is ready again", func() bool { return r.isReady(t) })
	for n := range 3 {
		if status := r.statusOf(t, 30+n, n%2 == 0); status != 200 {
			t.Errorf("upload %d with everything mended: got %d", n, status)
		}
	}
	if n := strings.Count(r.log.String(), "calls cannot be stored;"); n != 1 {
		t.Errorf("logged %d times that calls cannot be stored:\n%s", n, r.log)
	}
}

// A database whose table was removed.
func TestUnwritableSchema(t *testing.T) {
	dir := t.TempDir()
	store, err := sqlite.Open(t.Context(), sqlite.Options{
		Dir:     dir,
		Breaker: groupcommit.BreakerOptions{Delay: time.Second},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	r := newRig(t, func(o *server.Options) { o.Store, o.SpoolDir = store, filepath.Join(dir, "spool") })
	change := func(statement string) func() {
		return func() {
			db, err := sql.Open("sqlite", sqlite.DatabasePath(dir))
			if err != nil {
				t.Fatal(err)
			}
			defer db.Close()
			if _, err := db.Exec(statement); err != nil {
				t.Fatal(err)
			}
		}
	}
	// not the calls table, which is read meanwhile
	checkUnwritable(t, r, change("ALTER TABLE call_changes RENAME TO away; CREATE VIEW call_changes AS SELECT * FROM "+
		"away"),
		change("DROP VIEW call_changes; ALTER TABLE away RENAME TO call_changes"))
}

// A data folder that cannot store long audio.
func TestUnwritableFolder(t *testing.T) {
	dir := t.TempDir()
	store, err := sqlite.Open(t.Context(), sqlite.Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	spool := filepath.Join(dir, "spool")
	r := newRig(t, func(o *server.Options) { o.Store, o.SpoolDir = store, spool })
	if err := os.Remove(spool); err != nil {
		t.Fatal(err)
	}
	for n := range 4 {
		isLong := n%2 == 0
		if status, want := r.statusOf(t, n, isLong), map[bool]int{true: 503, false: 200}[isLong]; status != want {
			t.Errorf("long %t: got %d, want %d", isLong, status, want)
		}
		if r.isReady(t) { // also after a short call was stored
			t.Errorf("ready though long audio cannot be stored")
		}
	}
	if err := os.Mkdir(spool, 0o700); err != nil {
		t.Fatal(err)
	}
	eventually(t, "it is ready again", func() bool { return r.isReady(t) })
	if status := r.statusOf(t, 9, true); status != 200 {
		t.Errorf("long audio with its folder back: %d", status)
	}
}

// A PostgreSQL server that has become a standby.
func TestDemotedPostgreSQL(t *testing.T) {
	c := pgtest.Start(t)
	dir := t.TempDir()
	store, err := postgres.Open(t.Context(), postgres.Options{
		URL: c.Server().Database(t), Dir: dir, Breaker: groupcommit.BreakerOptions{Delay: time.Second},
		Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	r := newRig(t, func(o *server.Options) { o.Store, o.SpoolDir = store, filepath.Join(dir, "spool") })
	checkUnwritable(t, r, func() { c.Demote(t) }, func() { c.Promote(t) })
}

// A PostgreSQL server whose user may no longer write.
func TestPostgreSQLTakesRights(t *testing.T) {
	db := pgtest.Open(t)
	url := db.Database(t)
	user, exec := db.User(t, url)
	dir := t.TempDir()
	store, err := postgres.Open(t.Context(), postgres.Options{
		URL: user, Dir: dir,
		Breaker: groupcommit.BreakerOptions{Delay: time.Second},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	r := newRig(t, func(o *server.Options) { o.Store, o.SpoolDir = store, filepath.Join(dir, "spool") })
	exec("ALTER TABLE calls OWNER TO CURRENT_USER")
	exec("GRANT ALL ON calls TO PUBLIC")
	checkUnwritable(t, r, func() { exec("REVOKE INSERT ON calls FROM PUBLIC") },
		func() { exec("GRANT INSERT ON calls TO PUBLIC") })
}
