package pgtest_test

import (
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"rdiostress/internal/testenv/pgtest"
)

// A cluster that was stopped or killed comes back under its address, with what was committed.
func TestClusterComesBack(t *testing.T) {
	c := pgtest.Start(t)
	url := c.Server().Database(t)
	run := func(sql string) (n int, err error) {
		conn, err := pgx.Connect(t.Context(), url)
		if err != nil {
			return 0, err
		}
		defer conn.Close(t.Context())
		return n, conn.QueryRow(t.Context(), sql).Scan(&n)
	}
	if _, err := run("WITH i AS (SELECT 1) SELECT 1 FROM i"); err != nil {
		t.Fatal(err)
	}
	for name, end := range map[string]func(testing.TB){"Stop": c.Stop, "Kill": c.Kill, "Crash": c.Crash} {
		end(t)
		eventuallyFails(t, name, func() error { _, err := run("SELECT 1"); return err })
		c.Start(t)
		if n, err := run("SELECT 1"); n != 1 || err != nil {
			t.Errorf("after %s and Start: %d, %v", name, n, err)
		}
	}
}

// eventuallyFails waits until f fails: the last processes of a cluster that has crashed end a moment after it.
func eventuallyFails(t *testing.T, name string, f func() error) {
	t.Helper()
	deadline := time.Now().Add(30 * time.Second)
	for tick := time.NewTicker(5 * time.Millisecond); f() == nil; <-tick.C {
		if time.Now().After(deadline) {
			t.Fatalf("%s: it still answers", name)
		}
	}
}
