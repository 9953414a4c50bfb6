package postgres_test

import (
	"context"
	"database/sql"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	_ "github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"

	"rdiostress/internal/server/call"
	"rdiostress/internal/server/postgres"
	"rdiostress/internal/server/postgres/migrations"
	"rdiostress/internal/server/storetest"
	"rdiostress/internal/testenv/pgtest"
)

// openQueue opens a store that transcribes, on a shared database.
func openQueue(t *testing.T, url, dir string) *postgres.Store {
	t.Helper()
	s, err := postgres.Open(t.Context(), postgres.Options{URL: url, Dir: dir, Transcribe: true})
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

func claim(t *testing.T, s *postgres.Store, n int, lease time.Duration) []call.Job {
	t.Helper()
	jobs, err := s.ClaimJobs(t.Context(), n, n, lease)
	if err != nil {
		t.Fatal(err)
	}
	return jobs
}

// Servers share the queue. Another one takes over a server's job when its lease has ended. Then no result of the first
// takes effect, except a transcript.
func TestServersShareJobs(t *testing.T) {
	url := pgtest.Open(t).Database(t)
	a, b := openQueue(t, url, t.TempDir()), openQueue(t, url, t.TempDir())
	id := storetest.Put(t, a, storetest.UploadOf(1))
	if jobs := claim(t, a, 1, 200*time.Millisecond); len(jobs) != 1 {
		t.Fatalf("claimed %v", jobs)
	}
	var jobs []call.Job
	deadline := time.Now().Add(30 * time.Second)
	for tick := time.NewTicker(time.Millisecond); len(jobs) == 0; <-tick.C {
		if jobs = claim(t, b, 1, time.Hour); time.Now().After(deadline) {
			t.Fatal("the job was not taken over")
		}
	}
	if jobs[0].CallID != id || jobs[0].Attempt != 2 {
		t.Errorf("claimed %v", jobs)
	}
	if err := a.ExtendJobs(t.Context(), []call.Job{{CallID: id, Attempt: 2}}, 0); err != nil {
		t.Fatal(err)
	}
	for _, end := range []call.JobEnd{call.JobFailed, call.JobRetry, call.JobGivenBack} {
		for attempt := 1; attempt <= 2; attempt++ {
			r := call.JobResult{CallID: id, Attempt: attempt, End: end}
			if effects, err := a.FinishJobs(t.Context(), []call.JobResult{r}); len(effects) != 0 || err != nil {
				t.Errorf("a result after the lease has %d effects, %v", len(effects), err)
			}
		}
	}
	for i, s := range []*postgres.Store{a, b} {
		effects, err := s.FinishJobs(t.Context(), []call.JobResult{{CallID: id, Attempt: i + 1, Text: "text"}})
		if want := 1 - i; len(effects) != want || err != nil {
			t.Errorf("transcript %d has %d effects, %v; want %d", i+1, len(effects), err, want)
		}
	}
}

// A server transcribes the calls whose long audio it has, and no others'. When it starts again, it takes back its own
// jobs alone.
func TestAudioDecidesTheServer(t *testing.T) {
	url := pgtest.Open(t).Database(t)
	dir := t.TempDir()
	a, err := postgres.Open(t.Context(), postgres.Options{URL: url, Dir: dir, Transcribe: true})
	if err != nil {
		t.Fatal(err)
	}
	b := openQueue(t, url, t.TempDir())
	long := storetest.Put(t, a, storetest.Spooled(t, dir, storetest.UploadOf(1)))
	if jobs := claim(t, b, 5, time.Hour); len(jobs) != 0 {
		t.Errorf("claimed %v, whose audio is elsewhere", jobs)
	}
	for s, want := range map[*postgres.Store]call.JobStats{a: {Waiting: 1}, b: {Waiting: 1, Elsewhere: 1}} {
		st, err := s.JobStats(t.Context())
		if isOurs := want.Elsewhere == 0; err != nil || st.Waiting != want.Waiting || st.Elsewhere != want.Elsewhere ||
			(st.Oldest > 0) != isOurs {
			t.Errorf("%+v, %v; want %+v, and an age only of what waits for this server", st, err, want)
		}
	}
	if jobs := claim(t, a, 5, time.Hour); len(jobs) != 1 || jobs[0].CallID != long {
		t.Errorf("claimed %v", jobs)
	}
	short := storetest.Put(t, b, storetest.UploadOf(2))
	if jobs := claim(t, b, 5, time.Hour); len(jobs) != 1 || jobs[0].CallID != short {
		t.Errorf("claimed %v", jobs)
	}
	if err := a.Close(); err != nil { // and gives nothing back
		t.Fatal(err)
	}
	a = openQueue(t, url, dir)
	if jobs := claim(t, a, 5, time.Hour); len(jobs) != 1 || jobs[0].CallID != long || jobs[0].Attempt != 2 {
		t.Errorf("claimed %v", jobs)
	}
}

// lockJob locks a job until the transaction ends.
func lockJob(t *testing.T, url string, id int64) pgx.Tx {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.WithoutCancel(t.Context())) })
	tx, err := conn.Begin(t.Context())
	if err == nil {
		_, err = tx.Exec(t.Context(), "SELECT FROM transcripts WHERE call_id = $1 FOR UPDATE", id)
	}
	if err != nil {
		t.Fatal(err)
	}
	return tx
}

// inDatabase selects the connections to the database, with a condition that follows.
const inDatabase = "SELECT FROM pg_stat_activity WHERE datname = current_database() AND "

// blocked polls until a number of statements wait for locks.
func blocked(t *testing.T, url string, n int64) {
	t.Helper()
	eventually(t, "statements wait for a lock", func() bool {
		waiting, err := exec(t, url, inDatabase+"wait_event_type = 'Lock'")
		return err == nil && waiting == n
	})
}

// Leases are extended while results are stored, in any order: neither waits for the other in a circle.
func TestJobsAreLockedInOrder(t *testing.T) {
	url := pgtest.Open(t).Database(t)
	s := openQueue(t, url, t.TempDir())
	for n := range int64(3) {
		storetest.Put(t, s, storetest.UploadOf(n))
	}
	jobs := claim(t, s, 3, time.Hour)
	slices.SortFunc(jobs, func(a, b call.Job) int { return int(a.CallID - b.CallID) })
	tx := lockJob(t, url, jobs[1].CallID)
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := s.ExtendJobs(t.Context(), jobs, time.Hour); err != nil {
			t.Error(err)
		}
	})
	blocked(t, url, 1) // it has the first job and waits for the second
	wg.Go(func() {
		last, first := jobs[2], jobs[0]
		effects, err := s.FinishJobs(t.Context(), []call.JobResult{
			{CallID: last.CallID, Attempt: 1, Text: "text"},
			{CallID: first.CallID, Attempt: 1, End: call.JobFailed, Error: "no"},
		})
		if err != nil || len(effects) != 2 {
			t.Errorf("%+v, %v", effects, err)
		}
	})
	blocked(t, url, 2)
	if err := tx.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	wg.Wait()
	if err := s.Close(); err != nil { // servers of the database report deadlocks when they end
		t.Fatal(err)
	}
	eventually(t, "the store's connections are closed", func() bool {
		n, err := exec(t, url, inDatabase+"application_name = 'rdiostress'")
		return err == nil && n == 0
	})
	const deadlocks = "SELECT FROM pg_stat_database WHERE datname = current_database() AND deadlocks > 0"
	if n, err := exec(t, url, deadlocks); n != 0 || err != nil {
		t.Errorf("there was a deadlock: %d, %v", n, err)
	}
}

// Results are stored though the connection is lost while they are.
func TestResultsSurviveALostConnection(t *testing.T) {
	url := pgtest.Open(t).Database(t)
	s := openQueue(t, url, t.TempDir())
	id := storetest.Put(t, s, storetest.UploadOf(1))
	claim(t, s, 1, time.Hour)
	tx := lockJob(t, url, id)
	var wg sync.WaitGroup
	wg.Go(func() {
		effects, err := s.FinishJobs(t.Context(), []call.JobResult{{CallID: id, Attempt: 1, Text: "text"}})
		if err != nil || len(effects) != 1 {
			t.Errorf("%+v, %v", effects, err)
		}
	})
	blocked(t, url, 1)
	kill := "SELECT pg_terminate_backend(pid) FROM (" + strings.Replace(inDatabase, "SELECT", "SELECT pid", 1) +
		"wait_event_type = 'Lock') waiting"
	if n, err := exec(t, url, kill); n != 1 || err != nil {
		t.Fatalf("ended %d connections, %v", n, err)
	}
	if err := tx.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	wg.Wait()
}

// downgrade makes a database one of an earlier version.
func downgrade(t *testing.T, url string, version int64) {
	t.Helper()
	db, err := sql.Open("pgx", url)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	p, err := goose.NewProvider(goose.DialectPostgres, db, migrations.Files,
		goose.WithDisableGlobalRegistry(true), goose.WithTableName("rdiostress_version"))
	if err == nil {
		_, err = p.DownTo(t.Context(), version)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// A database of an older version keeps its calls, which are not queued; new ones are.
func TestUpgradesToTranscripts(t *testing.T) {
	url := pgtest.Open(t).Database(t)
	dir := t.TempDir()
	s, err := postgres.Open(t.Context(), postgres.Options{URL: url, Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	old := storetest.Put(t, s, storetest.UploadOf(1))
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	downgrade(t, url, 2)
	s = openQueue(t, url, dir)
	fresh := storetest.Put(t, s, storetest.UploadOf(2))
	list, err := s.Transcripts(t.Context(), []int64{old, fresh}, false)
	if err != nil || len(list) != 1 || list[0].CallID != fresh || storetest.Total(t, s) != 2 {
		t.Errorf("transcripts %v, %v", list, err)
	}
}
