package groupcommit_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"rdiostress/internal/server/call"
	"rdiostress/internal/server/datadir"
	"rdiostress/internal/server/groupcommit"
)

// patience is how long the writes of these tests wait for calls.
const patience = 100 * time.Millisecond

// Writes without a call share the transaction of the calls that wait, and are not counted as calls.
func TestJoin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var commits, calls, writes int
		refused := errors.New("refused")
		q := groupcommit.Start(options(&datadir.Folder{}), &scripted{commit: func(batch []*groupcommit.Item) error {
			commits++
			time.Sleep(time.Second) // the bubble's clock
			for _, it := range batch {
				if it.Write == nil {
					calls++
					it.ID = 1
					continue
				}
				writes++
				it.Err = it.Write(context.Background())
			}
			return nil
		}})
		var wg sync.WaitGroup
		var joined atomic.Int64
		for n := range 8 { // at most 10 items make a batch
			wg.Go(func() {
				if _, err := q.Put(t.Context(), &call.Upload{}); err != nil {
					t.Error(err)
				}
			})
			if n%4 != 0 {
				continue
			}
			wg.Go(func() {
				want := error(nil)
				if n > 0 {
					want = refused
				}
				err := q.Join(t.Context(), patience, func(context.Context) error {
					joined.Add(1)
					return want
				})
				if !errors.Is(err, want) {
					t.Errorf("got %v, want %v", err, want)
				}
			})
		}
		wg.Wait()
		if commits > 2 || calls != 8 || writes != 2 || joined.Load() != 2 {
			t.Errorf("%d calls and %d writes in %d commits", calls, writes, commits)
		}
		st := q.Stats()
		if st.Stored != 8 || st.BatchCalls.Sum != 8 || st.QueueWait.Count != 8 || st.Queued != 0 {
			t.Errorf("counted %+v", st)
		}
		before, began := st.Commit.Count, time.Now()
		if err := q.Join(t.Context(), patience, func(context.Context) error { return nil }); err != nil { // alone
			t.Error(err)
		}
		if n := q.Stats().Commit.Count; n != before {
			t.Errorf("%d transactions of calls, want %d", n, before)
		}
		if took := time.Since(began); took != patience+time.Second {
			t.Errorf("without calls it took %v, want its patience and a transaction's second", took)
		}
		q.Close()
		if err := q.Join(t.Context(), patience, nil); !errors.Is(err, call.ErrClosed) {
			t.Errorf("after closing: %v", err)
		}
	})
}

// A write fails with its transaction, is not made while the breaker is open, and is not made after its context has
// ended.
func TestJoinFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		broken, commits := errors.New("broken"), 0
		hold := make(chan struct{})
		q := groupcommit.Start(options(&datadir.Folder{}), &scripted{commit: func([]*groupcommit.Item) error {
			commits++
			<-hold
			return broken
		}})
		defer q.Close()
		go q.Put(t.Context(), &call.Upload{})
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := q.Join(ctx, patience, nil); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("while a transaction takes long: %v", err)
		}
		close(hold)
		join := func() error { return q.Join(t.Context(), patience, func(context.Context) error { return nil }) }
		for range 2 {
			if err := join(); !errors.Is(err, broken) {
				t.Errorf("got %v", err)
			}
		}
		n := commits
		if err := join(); !errors.As(err, new(*call.UnavailableError)) || commits != n {
			t.Errorf("while the breaker is open: %v", err)
		}
	})
}
