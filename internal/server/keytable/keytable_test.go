package keytable_test

import (
	"context"
	"crypto/sha256"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"rdiostress/internal/server/apikey"
	"rdiostress/internal/server/keytable"
	"rdiostress/internal/server/postgres"
	"rdiostress/internal/testenv"
	"rdiostress/internal/testenv/pgtest"
)

// newDatabase makes the schema of a server in a database.
func newDatabase(t *testing.T, url string) string {
	t.Helper()
	s, err := postgres.Open(t.Context(), postgres.Options{URL: url, Dir: t.TempDir()})
	if err == nil {
		err = s.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return url
}

func exec(t *testing.T, url, statement string) {
	t.Helper()
	ctx := context.WithoutCancel(t.Context())
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(ctx)
	if _, err := conn.Exec(ctx, statement); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

// copied is a copy of the keys.
type copied struct {
	mu   sync.Mutex
	keys []apikey.Key
	log  testenv.Output
}

func (c *copied) apply(keys []apikey.Key) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.keys = keys
}

// labels returns the labels of the keys, in order.
func (c *copied) labels() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	var labels []string
	for _, k := range c.keys {
		labels = append(labels, k.Label)
	}
	slices.Sort(labels)
	return strings.Join(labels, " ")
}

func (c *copied) want(t *testing.T, labels string) {
	t.Helper()
	deadline := time.Now().Add(30 * time.Second)
	for tick := time.NewTicker(5 * time.Millisecond); c.labels() != labels; <-tick.C {
		if time.Now().After(deadline) {
			t.Fatalf("the keys are %q, want %q; logged:\n%s", c.labels(), labels, &c.log)
		}
	}
}

// follow follows the keys of a database.
func follow(t *testing.T, url string, refresh time.Duration) *copied {
	t.Helper()
	c := &copied{}
	w, err := keytable.Open(t.Context(), keytable.Options{
		URL: url, Apply: c.apply, Refresh: refresh, Log: slog.New(slog.NewTextHandler(&c.log, nil)),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.Close)
	return c
}

const insert = "INSERT INTO api_keys (label, sha256) VALUES "

// Every change is announced, to each server, without waiting until a copy is old.
func TestChangesAreAnnounced(t *testing.T) {
	url := newDatabase(t, pgtest.Open(t).Database(t))
	exec(t, url, insert+"('old', sha256('key-old'))")
	copies := []*copied{follow(t, url, time.Hour), follow(t, url, time.Hour)}
	for _, c := range copies {
		if got := c.labels(); got != "old" {
			t.Errorf("at first: %q", got)
		}
	}
	for _, step := range []struct{ statement, want string }{
		{insert + "('a', sha256('key-a')), ('b', sha256('key-b'))", "a b old"},
		{"UPDATE api_keys SET label = 'c' WHERE label = 'b'", "a c old"},
		{"DELETE FROM api_keys WHERE label = 'a'", "c old"},
		{"BEGIN; DELETE FROM api_keys; " + insert + "('d', sha256('key-d')); COMMIT", "d"},
		{"TRUNCATE api_keys", ""},
	} {
		exec(t, url, step.statement)
		for _, c := range copies {
			c.want(t, step.want)
		}
	}
}

// A row becomes the key that it says. One that is wrong is left out, and the log says why; the others are accepted.
func TestRows(t *testing.T) {
	url := newDatabase(t, pgtest.Open(t).Database(t))
	exec(t, url, "INSERT INTO api_keys (label, sha256, systems, talkgroups, cidrs, expires_at) VALUES "+
		"('feed', sha256('a-long-random-word'), '{11,20-29}', '{1001}', '{10.0.0.0/8,::1}', '2027-01-31 00:00:00Z'), "+
		"('wrong', sha256('another-word'), '{29-20}', '{}', '{}', NULL)")
	c := follow(t, url, time.Hour)
	c.want(t, "feed")
	k := c.keys[0]
	if k.SHA256 != sha256.Sum256([]byte("a-long-random-word")) || !k.Allows(25, 1001) || k.Allows(12, 1001) ||
		k.Allows(11, 1002) || len(k.From) != 2 || k.From[1].String() != "::1/128" || k.Expires.Unix() != 1801353600 {
		t.Errorf("got %+v", k)
	}
	const want = `a key in the database is wrong and is not accepted" key=wrong error="systems has \"29-20\"`
	if log := c.log.String(); !strings.Contains(log, want) || strings.Contains(log, "word") {
		t.Errorf("logged %s", log)
	}
}

// What was not announced is found when the copy is old, as behind a connection pooler.
func TestLostAnnouncement(t *testing.T) {
	url := newDatabase(t, pgtest.Open(t).Database(t))
	c := follow(t, url, 20*time.Millisecond)
	exec(t, url, "ALTER TABLE api_keys DISABLE TRIGGER api_keys_changed; "+insert+"('a', sha256('key-a')); "+
		"UPDATE store SET keys_version = keys_version + 1")
	c.want(t, "a")
}

// Changes while the connection or the whole database was away are found afterwards. Meanwhile the last keys stay.
func TestConnectionLost(t *testing.T) {
	cluster := pgtest.Start(t)
	url := newDatabase(t, cluster.Server().Database(t))
	exec(t, url, insert+"('a', sha256('key-a'))")
	c := follow(t, url, time.Hour)
	exec(t, url, "BEGIN; SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = "+
		"'rdiostress keys'; "+insert+"('b', sha256('key-b')); COMMIT")
	c.want(t, "a b")
	cluster.Kill(t)
	deadline := time.Now().Add(30 * time.Second)
	for tick := time.NewTicker(5 * time.Millisecond); strings.Count(c.log.String(), "cannot be read") < 2; <-tick.C {
		if time.Now().After(deadline) {
			t.Fatalf("logged %s", &c.log)
		}
	}
	if got := c.labels(); got != "a b" {
		t.Errorf("while the database is away: %q", got)
	}
	cluster.Start(t)
	exec(t, url, "DELETE FROM api_keys WHERE label = 'b'")
	c.want(t, "a")
	exec(t, url, "DELETE FROM api_keys")
	c.want(t, "")
}

func TestOpenFails(t *testing.T) {
	for _, url := range []string{"postgres://u:s3cret@127.0.0.1:1/x", "postgres://u:s3cret@h:port/x"} {
		w, err := keytable.Open(t.Context(), keytable.Options{URL: url, Apply: func([]apikey.Key) {}})
		if w != nil || err == nil || strings.Contains(err.Error(), "s3cret") || strings.Contains(err.Error(), "\n") {
			t.Errorf("got %v", err)
		}
	}
}
