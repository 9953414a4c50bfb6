package postgres_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"rdiostress/internal/server/call"
	"rdiostress/internal/server/datadir"
	"rdiostress/internal/server/groupcommit"
	"rdiostress/internal/server/postgres"
	"rdiostress/internal/server/storetest"
	"rdiostress/internal/testenv/pgtest"
)

func mustOpen(t testing.TB, o postgres.Options) *postgres.Store {
	t.Helper()
	s, err := postgres.Open(t.Context(), o)
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

func exec(t testing.TB, url, statement string) (n int64, err error) {
	t.Helper()
	ctx := context.WithoutCancel(t.Context())
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return 0, err
	}
	defer conn.Close(ctx)
	tag, err := conn.Exec(ctx, statement)
	return tag.RowsAffected(), err
}

func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	deadline := time.Now().Add(60 * time.Second)
	for tick := time.NewTicker(5 * time.Millisecond); !ok(); <-tick.C {
		if time.Now().After(deadline) {
			t.Fatalf("timed out waiting: %s", what)
		}
	}
}

// load stores calls, each one once, from several goroutines until it is stopped.
type load struct {
	s      call.Store
	next   atomic.Int64
	acked  atomic.Int64
	failed atomic.Int64
	mu     sync.Mutex
	sums   map[int64][sha256.Size]byte // of the acknowledged calls
	errs   map[string]int
	stop   atomic.Bool
	wg     sync.WaitGroup
}

func startLoad(t testing.TB, s call.Store, dir string) *load {
	l := &load{s: s, sums: make(map[int64][sha256.Size]byte), errs: make(map[string]int)}
	for range 16 {
		l.wg.Go(func() {
			pause := time.NewTicker(time.Millisecond) // as a client does that should try again later
			defer pause.Stop()
			for !l.stop.Load() {
				n := l.next.Add(1)
				u := storetest.UploadOf(n)
				if n%7 == 0 {
					u = storetest.Spooled(t, dir, u)
				}
				id, err := s.Put(context.WithoutCancel(t.Context()), u)
				l.mu.Lock()
				if err != nil {
					l.failed.Add(1)
					l.errs[err.Error()]++
				} else {
					l.acked.Add(1)
					l.sums[id] = u.SHA256
				}
				l.mu.Unlock()
				if err != nil {
					<-pause.C
				}
			}
		})
	}
	t.Cleanup(l.end)
	return l
}

func (l *load) end() {
	l.stop.Store(true)
	l.wg.Wait()
}

// check compares the stored calls with the acknowledged ones.
func (l *load) check(t testing.TB) {
	t.Helper()
	for id, sum := range l.sums {
		if sha256.Sum256(storetest.AudioOf(t, l.s, id)) != sum {
			t.Errorf("call %d has other audio", id)
		}
	}
	if n := storetest.Total(t, l.s); n < int64(len(l.sums)) {
		t.Errorf("%d calls stored, %d acknowledged", n, len(l.sums))
	}
}

// Connections that are killed during a load lose no call: interrupted work is repeated.
func TestConnectionsKilled(t *testing.T) {
	url := pgtest.Open(t).Database(t)
	dir := t.TempDir()
	s := mustOpen(t, postgres.Options{URL: url, Dir: dir, DuplicateWindow: 500 * time.Millisecond})
	l := startLoad(t, s, dir)
	for range 20 {
		before := l.acked.Load()
		eventually(t, "calls are stored", func() bool { return l.acked.Load() > before+20 })
		if _, err := exec(t, url, `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
			WHERE application_name = 'rdiostress' AND datname = current_database()`); err != nil {
			t.Fatal(err)
		}
	}
	l.end()
	if n := l.failed.Load(); n > 0 {
		t.Errorf("%d calls failed: %v", n, l.errs)
	}
	if n := storetest.Total(t, s); n != l.acked.Load() {
		t.Errorf("%d calls stored, %d acknowledged", n, l.acked.Load())
	}
	l.check(t)
	eventually(t, "all connections are back in the pool", func() bool { return s.Stats().Pool.InUse == 0 })
	if n := s.Stats().Pool.Opened; n < 20 {
		t.Errorf("%d connections opened", n)
	}
}

// While PostgreSQL is down, calls are refused at once and nothing piles up. When it is back, calls are stored again
// without further action, and every acknowledged call is there.
func TestServerStoppedAndStarted(t *testing.T) {
	c := pgtest.Start(t)
	dir := t.TempDir()
	s := mustOpen(t, postgres.Options{
		URL: c.Server().Database(t), Dir: dir, Breaker: groupcommit.BreakerOptions{Delay: 500 * time.Millisecond},
	})
	l := startLoad(t, s, dir)
	for i, end := range []func(testing.TB){c.Stop, c.Kill} {
		before := l.acked.Load()
		eventually(t, "calls are stored", func() bool { return l.acked.Load() > before+100 })
		goroutines := runtime.NumGoroutine()
		end(t)
		eventually(t, "the breaker opens", func() bool { return s.Stats().Breaker.State == call.BreakerOpen })
		var down *call.UnavailableError
		if _, _, err := s.Calls(t.Context(), call.Query{SortBy: call.SortID, Page: 1, PerPage: 1}); !errors.As(err,
			&down) {
			t.Errorf("listing while it is down: %v", err)
		}
		failed := l.failed.Load()
		eventually(t, "many calls are refused", func() bool { return l.failed.Load() > failed+1000 })
		if n := runtime.NumGoroutine(); n > goroutines+50 {
			t.Errorf("%d goroutines while it is down, %d before", n, goroutines)
		}
		c.Start(t)
		before = l.acked.Load()
		eventually(t, "calls are stored again", func() bool { return l.acked.Load() > before+100 })
		if n := s.Stats().Breaker.Opened; n < int64(i+1) {
			t.Errorf("the breaker opened %d times", n)
		}
	}
	l.end()
	l.check(t)
	eventually(t, "all connections are back in the pool", func() bool { return s.Stats().Pool.InUse == 0 })
}

// A connection is replaced after a number of queries.
func TestConnectionsAreRecycled(t *testing.T) {
	s := mustOpen(t, postgres.Options{
		URL: pgtest.Open(t).Database(t), Dir: t.TempDir(), Pool: postgres.PoolOptions{Min: 1, Max: 1, MaxQueries: 10},
	})
	before := s.Stats().Pool.Opened
	for n := range int64(100) {
		storetest.Put(t, s, storetest.UploadOf(n))
	}
	// Each call takes a ping, a transaction and now and then new ids.
	if n := s.Stats().Pool.Opened - before; n < 8 || n > 40 {
		t.Errorf("%d connections for 100 calls of about two queries, 10 queries each", n)
	}
}

func TestOpenRefuses(t *testing.T) {
	db := pgtest.Open(t)
	newer, used, dir := db.Database(t), db.Database(t), t.TempDir()
	s := mustOpen(t, postgres.Options{URL: newer, Dir: t.TempDir()})
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := exec(t, newer, "INSERT INTO rdiostress_version (version_id, is_applied) VALUES (99, "+
		"true)"); err != nil {
		t.Fatal(err)
	}
	s = mustOpen(t, postgres.Options{URL: used, Dir: dir})
	storetest.Put(t, s, storetest.Spooled(t, dir, storetest.UploadOf(1)))
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name, url, dir string
		want           error
		text           string
	}{
		{"newer schema", newer, t.TempDir(), postgres.ErrNewer, "its schema is 99, this version knows "},
		{"audio of another database", db.Database(t), dir, datadir.ErrForeign, "another database"},
		{"no server", "postgres://u:s3cret@127.0.0.1:1/x", t.TempDir(), nil, "127.0.0.1:1"},
		{"no URL", "postgres://u:s3cret@[", t.TempDir(), postgres.ErrURL, "URL cannot be read"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s, err := postgres.Open(t.Context(), postgres.Options{
				URL: tt.url, Dir: tt.dir,
				Pool: postgres.PoolOptions{Retries: -1},
			})
			if s != nil || err == nil || (tt.want != nil && !errors.Is(err, tt.want)) ||
				!strings.Contains(err.Error(), tt.text) {
				t.Fatalf("got %v, %v; want %q", s, err, tt.text)
			}
			if strings.Contains(err.Error(), "s3cret") || strings.Contains(err.Error(), "\n") {
				t.Errorf("a password or several lines: %q", err)
			}
		})
	}
	if names := storetest.AudioFiles(t, dir); len(names) != 1 {
		t.Errorf("the audio of calls in another database: %q", names)
	}
}

// Servers that share a database count together, refuse each other's duplicates, and delete their own files.
func TestSeveralServers(t *testing.T) {
	url := pgtest.Open(t).Database(t)
	dirs := []string{t.TempDir(), t.TempDir()}
	stores := make([]*postgres.Store, len(dirs))
	var opening sync.WaitGroup // at the same time: the schema is created once
	for i, dir := range dirs {
		opening.Go(func() {
			var err error
			stores[i], err = postgres.Open(t.Context(), postgres.Options{
				URL: url, Dir: dir,
				DuplicateWindow: 500 * time.Millisecond,
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	opening.Wait()
	if t.Failed() {
		t.FailNow()
	}
	const calls = 60
	var stored atomic.Int64
	var wg sync.WaitGroup
	for i, s := range stores {
		defer func() {
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		}()
		for n := range int64(calls) {
			wg.Go(func() {
				u := storetest.UploadOf(n)
				audio := fmt.Sprintf("call %d of server %d", n, i)
				u.Audio, u.Size, u.SHA256 = []byte(audio), int64(len(audio)), sha256.Sum256([]byte(audio))
				u.Call.Time = u.Call.Time.Add(time.Duration(i) * 300 * time.Millisecond)
				if n%5 == 0 {
					u = storetest.Spooled(t, dirs[i], u)
				}
				switch _, err := s.Put(t.Context(), u); {
				case err == nil:
					stored.Add(1)
				case !errors.Is(err, call.ErrDuplicate):
					t.Error(err)
				}
			})
		}
	}
	wg.Wait()
	if n := storetest.Total(t, stores[0]); stored.Load() != calls || n != calls {
		t.Errorf("%d calls acknowledged and %d stored of %d that came twice", stored.Load(), n, calls)
	}
	for i, s := range stores {
		for {
			if n, err := s.Expire(t.Context(), storetest.Noon().Add(time.Hour), 20); err != nil {
				t.Fatal(err)
			} else if n < 20 {
				break
			}
		}
		if names := storetest.AudioFiles(t, dirs[i]); len(names) != 0 {
			t.Errorf("server %d has left %q", i, names)
		}
	}
	if n := storetest.Total(t, stores[1]); n != 0 {
		t.Errorf("%d calls are left", n)
	}
}

// If the data folder is gone, so is the long audio. No call is accepted until the folder is back.
func TestFolderGone(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows keeps open files where they are")
	}
	dir := filepath.Join(t.TempDir(), "data")
	s := mustOpen(t, postgres.Options{URL: pgtest.Open(t).Database(t), Dir: dir})
	storetest.Put(t, s, storetest.UploadOf(1))
	if err := os.Rename(dir, dir+".away"); err != nil {
		t.Fatal(err)
	}
	var down *call.UnavailableError
	if err := s.Gone(); !errors.As(err, &down) {
		t.Errorf("the folder is gone, and %v", err)
	}
	if _, err := s.Put(t.Context(), storetest.UploadOf(2)); !errors.As(err, &down) {
		t.Errorf("put without a folder: %v", err)
	}
	if err := os.Rename(dir+".away", dir); err != nil {
		t.Fatal(err)
	}
	if err := s.Gone(); err != nil {
		t.Errorf("the folder is back, and %v", err)
	}
	storetest.Put(t, s, storetest.UploadOf(3))
}
