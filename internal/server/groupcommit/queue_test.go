package groupcommit_test

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"rdiostress/internal/rdio"
	"rdiostress/internal/server/call"
	"rdiostress/internal/server/datadir"
	"rdiostress/internal/server/groupcommit"
)

// scripted is a Committer that does what the test sets.
type scripted struct {
	commit func(batch []*groupcommit.Item) error
	closed int
}

func (s *scripted) Commit(_ context.Context, batch []*groupcommit.Item) error { return s.commit(batch) }

func (s *scripted) Probe(context.Context) error { return s.commit(nil) }
func (s *scripted) Close()                      { s.closed++ }

func options(folder *datadir.Folder) groupcommit.Options {
	return groupcommit.Options{
		Folder: folder, Limit: 100, MaxCalls: 10, MaxBytes: 1 << 20, Log: slog.New(slog.DiscardHandler),
		Breaker: groupcommit.BreakerOptions{Failures: 3, Delay: 5 * time.Second},
	}
}

// After several consecutive failures, no call waits for the database until one transaction has shown that it is back.
func TestBreaker(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		broken := errors.New("broken")
		var result error
		commits := 0
		q := groupcommit.Start(options(&datadir.Folder{}), &scripted{commit: func([]*groupcommit.Item) error {
			commits++
			return result
		}})
		defer q.Close()
		put := func() error {
			_, err := q.Put(t.Context(), &call.Upload{})
			return err
		}
		var down *call.UnavailableError
		steps := []struct {
			name    string
			result  error
			wait    time.Duration
			want    error // nil with retry 0 means success
			retry   time.Duration
			state   call.BreakerState
			commits int
		}{
			{"fine", nil, 0, nil, 0, call.BreakerClosed, 1},
			{"once", broken, 0, broken, 0, call.BreakerClosed, 2},
			{"a full disk is no failure", call.ErrNoSpace, 0, call.ErrNoSpace, 0, call.BreakerClosed, 3},
			{"once again", broken, 0, broken, 0, call.BreakerClosed, 4},
			{"twice", broken, 0, broken, 0, call.BreakerClosed, 5},
			{"opens", broken, 0, broken, 0, call.BreakerOpen, 6},
			{"at once", nil, 0, nil, 5 * time.Second, call.BreakerOpen, 6},
			{"nearly over", nil, 4500 * time.Millisecond, nil, time.Second, call.BreakerOpen, 6},
			{"tried without success", broken, time.Second, broken, 0, call.BreakerOpen, 7},
			{"back", nil, 6 * time.Second, nil, 0, call.BreakerClosed, 8},
		}
		for _, step := range steps {
			time.Sleep(step.wait) // the bubble's clock
			result = step.result
			err := put()
			st := q.Stats().Breaker
			switch {
			case step.retry > 0:
				if !errors.As(err, &down) || down.RetryAfter != step.retry {
					t.Errorf("%s: %v, %+v; want to try again after %v", step.name, err, down, step.retry)
				}
			case !errors.Is(err, step.want):
				t.Errorf("%s: %v, want %v", step.name, err, step.want)
			}
			if st.State != step.state || commits != step.commits {
				t.Errorf("%s: it is %s after %d commits, want %s after %d", step.name, st.State, commits, step.state,
					step.commits)
			}
		}
		if n := q.Stats().Breaker.Opened; n != 2 {
			t.Errorf("opened %d times, want 2", n)
		}
	})
}

// While one transaction is tried, other waiting calls are refused and not kept for it.
func TestBreakerFailsWhatWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := options(&datadir.Folder{})
		o.Breaker.Failures, o.MaxCalls = 1, 1
		q := groupcommit.Start(o, &scripted{commit: func([]*groupcommit.Item) error {
			time.Sleep(time.Second) // the bubble's clock
			return errors.New("broken")
		}})
		defer q.Close()
		var wg sync.WaitGroup
		began := time.Now()
		for range 50 {
			wg.Go(func() { q.Put(t.Context(), &call.Upload{}) })
		}
		wg.Wait()
		if took := time.Since(began); took != time.Second {
			t.Errorf("50 calls waited for %v, want one transaction's second", took)
		}
	})
}

// The file of a long call stays if the call is stored or may be stored; otherwise it is removed.
func TestFiles(t *testing.T) {
	tests := []struct {
		name  string
		set   func(it *groupcommit.Item)
		err   error
		stays bool
		want  error
	}{
		{"stored", func(it *groupcommit.Item) { it.ID = 1 }, nil, true, nil},
		{"repeated", func(it *groupcommit.Item) { it.ID, it.Repeat = 1, true }, nil, false, nil},
		{"duplicate", func(it *groupcommit.Item) { it.Err = call.ErrDuplicate }, nil, false, call.ErrDuplicate},
		{"failed", func(*groupcommit.Item) {}, call.ErrNoSpace, false, call.ErrNoSpace},
		{"uncertain", func(*groupcommit.Item) {}, groupcommit.ErrUncertain, true, groupcommit.ErrUncertain},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			folder, err := datadir.Open(t.Context(), dir, "mark", slog.New(slog.DiscardHandler))
			if err != nil {
				t.Fatal(err)
			}
			defer folder.Close()
			q := groupcommit.Start(options(folder), &scripted{commit: func(batch []*groupcommit.Item) error {
				tt.set(batch[0])
				return tt.err
			}})
			defer q.Close()
			file := filepath.Join(dir, strings.Repeat("A", 26)+".spool")
			if err := os.WriteFile(file, nil, 0o600); err != nil {
				t.Fatal(err)
			}
			if _, err := q.Put(t.Context(), &call.Upload{File: file}); !errors.Is(err, tt.want) {
				t.Errorf("got %v", err)
			}
			files, err := filepath.Glob(filepath.Join(dir, "audio", "*", "*"))
			if stays := len(files) == 1; stays != tt.stays || err != nil {
				t.Errorf("the file is there: %t, want %t", stays, tt.stays)
			}
		})
	}
}

// awayAudio is a place for audio that goes away before the audio can be removed.
type awayAudio struct{ removed int }

func (*awayAudio) Adopt(context.Context, string, *rdio.Call) (string, error) { return "name", nil }

func (a *awayAudio) Remove(context.Context, string) error {
	a.removed++
	return &call.UnavailableError{Err: errors.New("away")}
}

// Audio that cannot be removed does not change the answer to a call that is not stored.
func TestAudioCannotBeRemoved(t *testing.T) {
	for _, want := range []error{nil, call.ErrDuplicate, call.ErrBadCall} {
		o, away := options(&datadir.Folder{}), &awayAudio{}
		o.Audio = away
		q := groupcommit.Start(o, &scripted{commit: func(batch []*groupcommit.Item) error {
			batch[0].ID, batch[0].Repeat, batch[0].Err = 1, true, want
			return nil
		}})
		_, err := q.Put(t.Context(), &call.Upload{File: "spooled"})
		if !errors.Is(err, want) || errors.As(err, new(*call.UnavailableError)) || away.removed != 1 {
			t.Errorf("%v: got %v, removed %d times", want, err, away.removed)
		}
		q.Close()
	}
}

// A task has its writer for itself, whatever arrives meanwhile. A queue that closes stores the waiting calls and
// accepts no more calls or tasks.
func TestTasksAndClosing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &scripted{}
		inTask, stored := false, 0
		c.commit = func(batch []*groupcommit.Item) error {
			if inTask {
				t.Error("a batch is committed during a task")
			}
			time.Sleep(time.Second) // the bubble's clock
			stored += len(batch)
			return nil
		}
		q := groupcommit.Start(options(&datadir.Folder{}), c)
		var wg sync.WaitGroup
		for range 30 {
			wg.Go(func() { q.Put(t.Context(), &call.Upload{}) })
		}
		for range 3 {
			wg.Go(func() {
				if err := q.Do(t.Context(), func(context.Context) error {
					inTask = true
					time.Sleep(time.Second) // the bubble's clock
					inTask = false
					return call.ErrNotFound
				}); !errors.Is(err, call.ErrNotFound) {
					t.Errorf("a task returned %v", err)
				}
			})
		}
		wg.Wait()
		for range 5 {
			wg.Go(func() { q.Put(t.Context(), &call.Upload{}) })
		}
		synctest.Wait()
		if !q.Close() || q.Close() || c.closed != 1 || stored != 35 {
			t.Errorf("closed %d times, %d calls stored", c.closed, stored)
		}
		wg.Wait()
		if err := q.Do(t.Context(), nil); !errors.Is(err, call.ErrClosed) {
			t.Errorf("a task after closing: %v", err)
		}
		if _, err := q.Put(t.Context(), &call.Upload{}); !errors.Is(err, call.ErrClosed) {
			t.Errorf("a call after closing: %v", err)
		}
	})
}

// While one call tests whether the database is back, the others are refused at once.
func TestHalfOpenTriesOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		result, hold := errors.New("broken"), make(chan struct{})
		close(hold)
		q := groupcommit.Start(options(&datadir.Folder{}), &scripted{commit: func([]*groupcommit.Item) error {
			<-hold
			return result
		}})
		defer q.Close()
		put := func() error {
			_, err := q.Put(t.Context(), &call.Upload{})
			return err
		}
		for range 3 {
			if err := put(); !errors.Is(err, result) {
				t.Fatalf("got %v", err)
			}
		}
		time.Sleep(6 * time.Second) // the bubble's clock
		result, hold = nil, make(chan struct{})
		tried := make(chan error, 1)
		go func() { tried <- put() }()
		synctest.Wait()
		if err := put(); !errors.As(err, new(*call.UnavailableError)) {
			t.Errorf("while another call is tried: %v", err)
		}
		close(hold)
		if err := <-tried; err != nil {
			t.Errorf("the call that was tried: %v", err)
		}
		if err := put(); err != nil {
			t.Errorf("after it: %v", err)
		}
	})
}

// A failure applies to the calls whose result is not known yet: a stored call remains stored.
func TestFailureAfterSomeAreStored(t *testing.T) {
	broken := errors.New("broken")
	q := groupcommit.Start(options(&datadir.Folder{}), &scripted{commit: func(batch []*groupcommit.Item) error {
		for _, it := range batch {
			it.ID = it.Upload.Size
		}
		return broken
	}})
	defer q.Close()
	if id, err := q.Put(t.Context(), &call.Upload{Size: 7}); id != 7 || err != nil {
		t.Errorf("a stored call got %d, %v", id, err)
	}
	if _, err := q.Put(t.Context(), &call.Upload{}); !errors.Is(err, broken) {
		t.Errorf("the other call got %v", err)
	}
}

// However long ago the files were last seen, as after the machine was suspended, no call is acknowledged that was
// written to files that are gone, and its result is not reported.
func TestGoneWhileCommitting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		folder := openFolder(t, dir)
		file := filepath.Join(dir, "calls")
		if err := errors.Join(os.WriteFile(file, nil, 0o600), folder.Watch("calls")); err != nil {
			t.Fatal(err)
		}
		log := &strings.Builder{}
		o := options(folder)
		o.Log = slog.New(slog.NewTextHandler(log, nil))
		var commit func(batch []*groupcommit.Item)
		q := groupcommit.Start(o, &scripted{commit: func(batch []*groupcommit.Item) error {
			commit(batch)
			return nil
		}})
		defer q.Close()
		put := func() error {
			_, err := q.Put(t.Context(), &call.Upload{})
			return err
		}
		var down *call.UnavailableError
		for name, result := range map[string]groupcommit.Item{
			"stored": {ID: 7}, "there already": {ID: 7, Repeat: true}, "a duplicate": {Err: call.ErrDuplicate},
		} {
			commit = func(batch []*groupcommit.Item) {
				batch[0].ID, batch[0].Repeat, batch[0].Err = result.ID, result.Repeat, result.Err
				if err := os.Rename(file, file+".old"); err != nil {
					t.Error(err)
				}
				time.Sleep(500 * time.Millisecond) // the bubble's clock
			}
			if err := put(); !errors.As(err, &down) || !errors.Is(err, groupcommit.ErrUncertain) ||
				errors.Is(err, call.ErrDuplicate) {
				t.Errorf("%s, in files that are gone: %v", name, err)
			}
			commit = func([]*groupcommit.Item) { t.Error("something was stored in files that are gone") }
			if err := put(); !errors.As(err, &down) {
				t.Errorf("put into files that are gone: %v", err)
			}
			if err := q.Do(t.Context(), func(context.Context) error { return nil }); !errors.As(err, &down) {
				t.Errorf("files that are gone are worked on: %v", err)
			}
			if err := os.Rename(file+".old", file); err != nil {
				t.Fatal(err)
			}
			time.Sleep(1100 * time.Millisecond)
			commit = func(batch []*groupcommit.Item) { batch[0].ID = 8 }
			if err := put(); err != nil {
				t.Errorf("put into files that are back: %v", err)
			}
		}
		if n := strings.Count(log.String(), "\n"); n != 6 {
			t.Errorf("logged %d lines, want one each time they go and come:\n%s", n, log)
		}
	})
}

// Files that disappear while no calls arrive are noticed within about a second.
func TestGoneWhileIdle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		folder := openFolder(t, dir)
		if err := folder.Watch(); err != nil {
			t.Fatal(err)
		}
		q := groupcommit.Start(options(folder), &scripted{})
		defer q.Close()
		time.Sleep(10 * time.Second)
		if err := os.Rename(filepath.Join(dir, "audio"), filepath.Join(dir, "old")); err != nil {
			t.Fatal(err)
		}
		time.Sleep(1500 * time.Millisecond)
		var gone *datadir.GoneError
		if !errors.As(folder.Gone(), &gone) || !strings.HasSuffix(gone.Path, "audio") {
			t.Errorf("after a second and a half: %v", folder.Gone())
		}
	})
}

func openFolder(t *testing.T, dir string) *datadir.Folder {
	t.Helper()
	folder, err := datadir.Open(t.Context(), dir, "mark", slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { folder.Close() })
	return folder
}
