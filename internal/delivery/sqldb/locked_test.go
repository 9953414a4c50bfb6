package sqldb

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"rdiostress/internal/dbread"
	"rdiostress/internal/delivery"
	"rdiostress/internal/delivery/deliverytest"
	"rdiostress/internal/measure"
	"rdiostress/internal/rdio"
)

// rollback is a copy of the captured rdio-scanner 7 database, with its rollback journal, and a server's connection to
// it.
func rollback(t *testing.T) (path string, server *sql.Conn) {
	t.Helper()
	path = copyOf(t, "rdio-scanner-7.0.0.sqlite")
	db, err := sql.Open(
		"sqlite",
		"file:"+path+"?_busy_timeout=10000&_pragma=journal_mode(delete)&_pragma=synchronous(0)",
	)
	if err != nil {
		t.Fatal(err)
	}
	if server, err = db.Conn(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Close(); db.Close() })
	return path, server
}

// insert has a server store calls of names, or of none.
func insert(ctx context.Context, server *sql.Conn, name string, from, to int) error {
	tx, err := server.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	for n := from; n < to; n++ {
		_, err := tx.Exec(`INSERT INTO calls (audio, audioFilename, audioMime, systemId, talkgroupId, timestamp)
			SELECT 'audio', ?, 'audio/mpeg', systemId, talkgroupId, 0 FROM talkgroups
			ORDER BY talkgroupId LIMIT 1`, fmt.Sprintf(name, n))
		if err != nil {
			return err
		}
	}
	return tx.Commit()
}

// must ends a test by an error.
func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// until waits for a condition.
func until(t testing.TB, what string, condition func() bool) {
	t.Helper()
	deadline := time.Now().Add(time.Minute)
	for !condition() {
		if time.Now().After(deadline) {
			t.Fatalf("%s does not come", what)
		}
		<-time.After(5 * time.Millisecond)
	}
}

// runPattern is what the file names of a run's calls have in front of their numbers.
const runPattern = "rs-abcdefgh-"

// watched is a Watch of a run that started at a time.
type watched struct {
	*delivery.Watch
	start time.Time
}

func (w watched) elapsed() time.Duration { return time.Since(w.start) }

// watchOf watches a database for a run of some calls, all acknowledged. Hasty is not to be patient with locks.
func watchOf(t *testing.T, path string, calls int, hasty bool, o delivery.Options) watched {
	t.Helper()
	p, err := OpenSQLite(t.Context(), path)
	must(t, err)
	t.Cleanup(func() { p.Close() })
	if d := p.(*database); hasty {
		d.lookPatience, d.allPatience = 50*time.Millisecond, 100*time.Millisecond
	}
	start := time.Now()
	l := delivery.NewLedger(runPattern, start)
	for n := range calls {
		l.Record(
			uint64(n), &rdio.Call{System: 11, Talkgroup: 1001, Time: time.Unix(0, 0)},
			&measure.Outcome{Class: measure.Accepted},
		)
	}
	return watched{delivery.Start(t.Context(), l, p, o), start}
}

// One lock in the end does not lose what was seen before.
func TestLockedAtTheEnd(t *testing.T) {
	path, server := rollback(t)
	o := deliverytest.Soon()
	o.Max = 300 * time.Millisecond
	w := watchOf(t, path, 8315, true, o)
	must(t, insert(t.Context(), server, runPattern+"%07d.m4a", 0, 735))
	until(t, "a look", func() bool { return w.Progress().Stored == 735 })
	_, err := server.ExecContext(t.Context(), "BEGIN EXCLUSIVE")
	must(t, err)
	defer server.ExecContext(context.Background(), "ROLLBACK")
	d := w.Finish(t.Context(), w.elapsed())
	if got, want := deliverytest.Words(d), "stored 735, dropped 0, missing 0, pending 7580; time_up"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if d.AsOfS == nil || *d.AgeS <= 0 || !strings.Contains(d.Unread, "locked") {
		t.Errorf("as of %v: %q", d.AsOfS, d.Unread)
	}
}

// A lock that is let go in the end, after longer than a reader waits at once, costs nothing.
func TestLockedForAWhile(t *testing.T) {
	path, server := rollback(t)
	w := watchOf(t, path, 700, false, deliverytest.Soon())
	must(t, insert(t.Context(), server, runPattern+"%07d.m4a", 0, 700))
	until(t, "a look", func() bool { return w.Progress().Stored == 700 })
	_, err := server.ExecContext(t.Context(), "BEGIN EXCLUSIVE")
	must(t, err)
	unlocked := make(chan error, 1)
	time.AfterFunc(dbread.BusyTimeout+dbread.BusyTimeout/4, func() {
		_, err := server.ExecContext(context.Background(), "ROLLBACK")
		unlocked <- err
	})
	d := w.Finish(t.Context(), w.elapsed())
	must(t, <-unlocked)
	if got, want := deliverytest.Words(d), "stored 700, dropped 0, missing 0, pending 0; stored"; got != want ||
		d.Unread != "" {
		t.Errorf("got  %s, %q\nwant %s", got, d.Unread, want)
	}
}

// A database that is locked when it is opened is opened when it no longer is.
func TestLockedWhenOpened(t *testing.T) {
	path, server := rollback(t)
	_, err := server.ExecContext(t.Context(), "BEGIN EXCLUSIVE")
	must(t, err)
	unlocked := make(chan error, 1)
	time.AfterFunc(dbread.BusyTimeout+dbread.BusyTimeout/4, func() {
		_, err := server.ExecContext(context.Background(), "ROLLBACK")
		unlocked <- err
	})
	p, err := OpenSQLite(t.Context(), path)
	must(t, err)
	must(t, p.Close())
	must(t, <-unlocked)
}

// A run behind another one's backlog in the same queue is waited for, though for longer than the timeout none of its
// calls is stored.
func TestBehindABacklogOnSQLite(t *testing.T) {
	path, server := rollback(t)
	o := deliverytest.Soon()
	o.Timeout = time.Second
	w := watchOf(t, path, 100, false, o)
	stored := make(chan error, 1)
	go func() {
		const strangers = 30
		for n := range strangers {
			if err := insert(context.Background(), server, "rs-otherrun-%07d.m4a", n, n+1); err != nil {
				stored <- err
				return
			}
			<-time.After(o.Timeout / 10)
		}
		stored <- insert(context.Background(), server, runPattern+"%07d.m4a", 0, 100)
	}()
	d := w.Finish(t.Context(), w.elapsed())
	must(t, <-stored)
	if *d.Missing != 0 || *d.Pending != 0 || *d.WaitedS < 2*o.Timeout.Seconds() {
		t.Errorf("after %v s: %s", *d.WaitedS, deliverytest.Words(d))
	}
}

// What cannot be read for a moment is read again from where it was: each call is told once.
func TestAllGoesOn(t *testing.T) {
	path, server := rollback(t)
	must(t, insert(t.Context(), server, runPattern+"%07d.m4a", 0, 300))
	for n := range 90 {
		_, err := server.ExecContext(
			t.Context(), `INSERT INTO logs (level, message, timestamp) VALUES ('info', ?, 0)`, fmt.Sprint("line ", n),
		)
		must(t, err)
	}
	f := &flaky{path: "file:" + path + "?mode=ro", every: 23}
	p, err := newDatabase(t.Context(), sql.OpenDB(f), dbread.SQLite())
	must(t, err)
	defer p.Close()
	p.start, p.startLog = 0, 0
	f.on.Store(true)
	told, lines := map[string]int{}, map[string]int{}
	err = p.ReadAll(
		t.Context(),
		&delivery.Visitor{Row: func(r *delivery.Row) { told[r.Name]++ }, Logged: func(line string) { lines[line]++ }},
	)
	must(t, err)
	if f.faults.Load() < 10 {
		t.Errorf("%d faults", f.faults.Load())
	}
	const captured = 12
	if len(told) != 300+captured {
		t.Errorf("%d calls", len(told))
	}
	for name, n := range told {
		if n != 1 {
			t.Errorf("%s was told %d times", name, n)
		}
	}
	for n := range 90 {
		if line := fmt.Sprint("line ", n); lines[line] != 1 {
			t.Errorf("%s was told %d times", line, lines[line])
		}
	}
}

// flaky connects to SQLite, and fails as connections do at every nth row while it is on.
type flaky struct {
	path   string
	every  int64
	on     atomic.Bool
	rows   atomic.Int64
	faults atomic.Int64
}

func (f *flaky) Driver() driver.Driver { return nil }

func (f *flaky) Connect(ctx context.Context) (driver.Conn, error) {
	db, err := sql.Open("sqlite", f.path)
	if err != nil {
		return nil, err
	}
	conn, err := db.Driver().Open(f.path)
	return &flakyConn{conn, f}, errors.Join(err, db.Close())
}

type flakyConn struct {
	driver.Conn
	f *flaky
}

func (c *flakyConn) BeginTx(ctx context.Context, o driver.TxOptions) (driver.Tx, error) {
	return c.Conn.(driver.ConnBeginTx).BeginTx(ctx, o)
}

func (c *flakyConn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	rows, err := c.Conn.(driver.QueryerContext).QueryContext(ctx, query, args)
	return &flakyRows{rows, c.f}, err
}

type flakyRows struct {
	driver.Rows
	f *flaky
}

func (r *flakyRows) Next(dest []driver.Value) error {
	if r.f.on.Load() && r.f.rows.Add(1)%r.f.every == 0 {
		r.f.faults.Add(1)
		return io.ErrUnexpectedEOF
	}
	return r.Rows.Next(dest)
}

// What a server knows is read as soon as its database is no longer locked, and each talkgroup is told once.
func TestCatalogueOfALockedDatabase(t *testing.T) {
	path, server := rollback(t)
	p, err := OpenSQLite(t.Context(), path)
	must(t, err)
	defer p.Close()
	must(t, insert(t.Context(), server, runPattern+"%07d.m4a", 0, 1))
	lock := func() (unlocked chan error) {
		_, err := server.ExecContext(t.Context(), "BEGIN EXCLUSIVE")
		must(t, err)
		unlocked = make(chan error, 1)
		time.AfterFunc(dbread.BusyTimeout+dbread.BusyTimeout/4, func() {
			_, err := server.ExecContext(context.Background(), "ROLLBACK")
			unlocked <- err
		})
		return unlocked
	}
	unlocked := lock()
	told := make(map[string]int)
	err = p.(delivery.Catalogue).Talkgroups(t.Context(), func(system, talkgroup int64) {
		told[fmt.Sprintf("%d/%d", system, talkgroup)]++
	})
	if err != nil || len(told) != 6 || told["11/1001"] != 1 {
		t.Errorf("%v: %v", told, err)
	}
	must(t, <-unlocked)
	unlocked = lock()
	if s, err := p.(delivery.Catalogue).Settings(t.Context()); err != nil || s.ConvertsAudio == nil ||
		s.AutoPopulates == nil {
		t.Errorf("%+v: %v", s, err)
	}
	must(t, <-unlocked)
}
