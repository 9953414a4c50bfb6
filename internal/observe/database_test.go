package observe

import (
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"rdiostress/internal/measure"
	"rdiostress/internal/testenv/pgtest"
)

// TestWatchDatabase observes, in a real PostgreSQL, a transaction that stays open and another that waits for its lock.
func TestWatchDatabase(t *testing.T) {
	address := pgtest.Open(t).Database(t)
	connect := func() *pgx.Conn {
		conn, err := pgx.Connect(t.Context(), address)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = conn.Close(t.Context()) })
		return conn
	}
	w := open(t, Options{URL: "http://192.0.2.1", PID: os.Getpid(), Database: address})
	atLeast := func(sig measure.Signal, least float64) func() bool { return atLeast(w, sig, least) }
	until(t, "the size", atLeast(measure.DBSize, 1e6))
	until(t, "the limit of connections", atLeast(measure.DBConnectionsLimit, 10))

	holder, waiter := connect(), connect()
	for _, statement := range []string{"create table calls (id int)", "begin", "lock table calls"} {
		if _, err := holder.Exec(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	waited := make(chan error, 1)
	go func() {
		_, err := waiter.Exec(t.Context(), "select * from calls")
		waited <- err
	}()
	until(t, "two connections", atLeast(measure.DBConnections, 2))
	until(t, "a lock that is waited for", atLeast(measure.DBWaitingLocks, 1))
	until(t, "a long transaction", atLeast(measure.DBLongestTransaction, 0.5))
	if _, err := holder.Exec(t.Context(), "commit"); err != nil {
		t.Fatal(err)
	}
	if err := <-waited; err != nil {
		t.Fatal(err)
	}
	until(t, "no lock", func() bool {
		seen := w.Latest()
		v, ok := seen.Get(measure.DBWaitingLocks)
		return ok && v == 0
	})
}

func TestDatabaseErrors(t *testing.T) {
	for address, want := range map[string]string{
		"postgres://user:secret@127.0.0.1:1/calls": "no connection to database calls on 127.0.0.1:1",
		"postgres://user:secret@host:99999999/x":   "watch db must be like",
	} {
		_, err := Open(
			t.Context(),
			Options{URL: "http://192.0.2.1", PID: os.Getpid(), Database: address, Client: http.DefaultClient},
		)
		if err == nil || !strings.Contains(err.Error(), want) || strings.ContainsAny(err.Error(), "\n") ||
			strings.Contains(err.Error(), "secret") {
			t.Errorf("%v", err)
		}
	}
}

// TestDatabaseOnlyReads checks that the watching connection cannot change anything, and names itself.
func TestDatabaseOnlyReads(t *testing.T) {
	config, err := ParseDatabase(pgtest.Open(t).Database(t))
	if err != nil {
		t.Fatal(err)
	}
	d := &database{config: config}
	if err := d.connect(t.Context()); err != nil {
		t.Fatal(err)
	}
	defer d.close()
	if _, err := d.conn.Exec(t.Context(), "create table t (id int)"); err == nil ||
		!strings.Contains(err.Error(), "read-only") {
		t.Errorf("a table was made: %v", err)
	}
	var seen measure.Observation
	d.sizeAt = time.Now()
	_, err = d.read(t.Context(), &seen)
	if size, again := seen.Get(measure.DBSize); err != nil || again {
		t.Errorf("the size was read again at once: %v, %v", err, size)
	}
	if err := d.conn.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := d.read(t.Context(), &seen); err != nil {
		t.Errorf("after the connection was lost: %v", err)
	}
}
