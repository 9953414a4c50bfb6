package sqlite_test

import (
	"database/sql"
	"errors"
	"log/slog"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/pressly/goose/v3"

	"rdiostress/internal/server/call"
	"rdiostress/internal/server/sqlite"
	"rdiostress/internal/server/sqlite/migrations"
	"rdiostress/internal/server/storetest"
)

// downgrade makes a database one of the version before transcripts. The store must be closed.
func downgrade(t *testing.T, dir string) {
	t.Helper()
	db, err := sql.Open("sqlite", filepath.Join(dir, "rdiostress.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	p, err := goose.NewProvider(goose.DialectSQLite3, db, migrations.Files, goose.WithDisableGlobalRegistry(true))
	if err == nil {
		_, err = p.DownTo(t.Context(), 3)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// A data folder of an older version keeps its calls, which are not queued; new ones are. Until it is upgraded, its
// calls can be read on a full disk.
func TestUpgradesToTranscripts(t *testing.T) {
	dir := t.TempDir()
	s, err := sqlite.Open(t.Context(), sqlite.Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	old := storetest.Put(t, s, storetest.UploadOf(1))
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	downgrade(t, dir)
	r, err := sqlite.OpenReader(t.Context(), dir, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	if list, err := r.Transcripts(t.Context(), []int64{old}, false); len(list) != 0 || err != nil {
		t.Errorf("before the upgrade: %v, %v", list, err)
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	s = mustOpen(t, sqlite.Options{Dir: dir, Transcribe: true})
	fresh := storetest.Put(t, s, storetest.UploadOf(2))
	list, err := s.Transcripts(t.Context(), []int64{old, fresh}, false)
	if err != nil || len(list) != 1 || list[0].CallID != fresh {
		t.Errorf("transcripts %v, %v", list, err)
	}
	if n := storetest.Total(t, s); n != 2 {
		t.Errorf("%d calls, want 2", n)
	}
}

// A reader shows transcripts.
func TestReaderShowsTranscripts(t *testing.T) {
	dir := t.TempDir()
	s, err := sqlite.Open(t.Context(), sqlite.Options{Dir: dir, Transcribe: true})
	if err != nil {
		t.Fatal(err)
	}
	id := storetest.Put(t, s, storetest.UploadOf(1))
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	r, err := sqlite.OpenReader(t.Context(), dir, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	list, err := r.Transcripts(t.Context(), []int64{id}, true)
	if err != nil || len(list) != 1 || list[0].State != call.TranscriptWaiting {
		t.Errorf("transcripts %v, %v", list, err)
	}
}

// awaitQueued polls until a number of calls wait to be stored.
func awaitQueued(t *testing.T, s *sqlite.Store, n int) {
	t.Helper()
	deadline := time.Now().Add(30 * time.Second)
	for tick := time.NewTicker(time.Millisecond); s.Stats().Queued < n; <-tick.C {
		if time.Now().After(deadline) {
			t.Fatalf("%d calls wait, want %d", s.Stats().Queued, n)
		}
	}
}

// While another program holds the writer up, calls and the results of jobs wait together, and are committed together.
func TestJobsShareTransactions(t *testing.T) {
	dir := t.TempDir()
	s := mustOpen(t, sqlite.Options{Dir: dir, Transcribe: true})
	for n := range int64(5) {
		storetest.Put(t, s, storetest.UploadOf(n))
	}
	jobs, err := s.ClaimJobs(t.Context(), 5, 5, time.Hour)
	if err != nil || len(jobs) != 5 {
		t.Fatalf("claimed %v, %v", jobs, err)
	}
	release := holdUp(t, dir)
	commits := s.Stats().BatchCalls.Count
	var wg sync.WaitGroup
	for n := range int64(20) {
		wg.Go(func() { storetest.Put(t, s, storetest.UploadOf(100+n)) })
	}
	for _, j := range jobs {
		wg.Go(func() {
			effects, err := s.FinishJobs(t.Context(), []call.JobResult{{CallID: j.CallID, Attempt: 1, Text: "text"}})
			if err != nil || len(effects) != 1 {
				t.Errorf("%v, %v", effects, err)
			}
		})
	}
	awaitQueued(t, s, 20)
	release()
	wg.Wait()
	if n := s.Stats().BatchCalls.Count - commits; n > 10 {
		t.Errorf("%d transactions of 20 calls", n)
	}
	if st, err := s.JobStats(t.Context()); err != nil || st.Waiting != 20 || st.Running != 0 {
		t.Errorf("%+v, %v", st, err)
	}
}

// A result that cannot be stored fails alone, and not the calls of its transaction.
func TestBadResultFailsAlone(t *testing.T) {
	dir := t.TempDir()
	s := mustOpen(t, sqlite.Options{Dir: dir, Transcribe: true})
	storetest.Put(t, s, storetest.UploadOf(1))
	db, err := sql.Open("sqlite", filepath.Join(dir, "rdiostress.db"))
	if err == nil {
		_, err = db.Exec(`CREATE TRIGGER refuse BEFORE UPDATE OF text ON transcripts WHEN new.text = 'poison'
			BEGIN SELECT raise(ABORT, 'refused'); END`)
		err = errors.Join(err, db.Close())
	}
	if err != nil {
		t.Fatal(err)
	}
	jobs, err := s.ClaimJobs(t.Context(), 1, 1, time.Hour)
	if err != nil || len(jobs) != 1 {
		t.Fatalf("claimed %v, %v", jobs, err)
	}
	release := holdUp(t, dir)
	var wg sync.WaitGroup
	for n := range int64(10) {
		wg.Go(func() { storetest.Put(t, s, storetest.UploadOf(10+n)) })
	}
	wg.Go(func() {
		poison := call.JobResult{CallID: jobs[0].CallID, Attempt: 1, Text: "poison"}
		if effects, err := s.FinishJobs(t.Context(), []call.JobResult{poison}); err == nil {
			t.Errorf("stored: %v", effects)
		}
	})
	awaitQueued(t, s, 10)
	release()
	wg.Wait()
	if n := storetest.Total(t, s); n != 11 {
		t.Errorf("%d calls, want 11", n)
	}
	good := call.JobResult{CallID: jobs[0].CallID, Attempt: 1, Text: "text"}
	effects, err := s.FinishJobs(t.Context(), []call.JobResult{good})
	if err != nil || len(effects) != 1 {
		t.Errorf("%v, %v", effects, err)
	}
}
