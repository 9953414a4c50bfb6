// Package late provides a store for the time until the real one can be opened. If the disk is full at the start, calls
// cannot be stored, but the server runs, shows its calls, and accepts new ones as soon as the disk has room.
package late

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"sync"
	"time"

	"rdiostress/internal/server/call"
)

// retryEvery is the interval between attempts to open the real store.
const retryEvery = 2 * time.Second

// Inner is a store that can be closed.
type Inner interface {
	call.Store
	Close() error
}

// Real is the real store.
type Real interface {
	Inner
	call.Jobs
}

// Options are the options of a Store. Read may be nil.
type Options struct {
	// Open opens the real store.
	Open func(ctx context.Context) (Real, error)
	// Read opens a store that only shows calls; it is closed before Open is called.
	Read    func(ctx context.Context) (Inner, error)
	HasRoom func() bool // whether an attempt to open is worthwhile
	Log     *slog.Logger
}

// Store is a call.Store that delegates to another store, which is replaced when the real store can be opened.
type Store struct {
	o    Options
	stop context.CancelFunc
	wait sync.WaitGroup

	mu     sync.RWMutex // held for reading while inner is used
	inner  Inner        // nil while no store can show calls
	real   Real         // nil until it is open; then inner is the same
	closed bool
}

var _ Real = (*Store)(nil)

// Open opens what can be opened, and keeps trying to open the real store until Close.
func Open(ctx context.Context, o Options) *Store {
	ctx, stop := context.WithCancel(context.WithoutCancel(ctx))
	s := &Store{o: o, stop: stop}
	s.openReader(ctx)
	s.wait.Go(func() { s.retryOpen(ctx) })
	return s
}

// openReader opens the store that only shows calls.
func (s *Store) openReader(ctx context.Context) {
	if s.o.Read == nil {
		return
	}
	reader, err := s.o.Read(ctx)
	if err != nil {
		s.o.Log.Error("calls cannot be shown either until the disk has room", "error", err)
		return
	}
	s.inner = reader
}

func (s *Store) retryOpen(ctx context.Context) {
	tick := time.NewTicker(retryEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if s.o.HasRoom() && s.tryOpen(ctx) {
			return
		}
	}
}

// tryOpen opens the real store after closing the reader, which has the same files open.
func (s *Store) tryOpen(ctx context.Context) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.inner != nil {
		if err := s.inner.Close(); err != nil {
			s.o.Log.Error("closing the store that shows calls", "error", err)
		}
		s.inner = nil
	}
	opened, err := s.o.Open(ctx)
	if err == nil {
		s.inner, s.real = opened, opened
		s.o.Log.Info("the disk has room again; uploads are accepted")
		return true
	}
	if !errors.Is(err, call.ErrNoSpace) && ctx.Err() == nil {
		s.o.Log.Error("the store cannot be opened", "error", err)
	}
	s.openReader(ctx)
	return false
}

// Close closes the inner store. It may be called more than once.
func (s *Store) Close() error {
	s.stop()
	s.wait.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed || s.inner == nil {
		return nil
	}
	s.closed = true
	return s.inner.Close()
}

// withInner calls f with the current store, which is not replaced while f runs.
func (s *Store) withInner(f func(inner call.Store) error) error {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.inner == nil {
		return &call.UnavailableError{RetryAfter: retryEvery, Err: call.ErrNoSpace}
	}
	return f(s.inner)
}

// withReal calls f with the real store.
func (s *Store) withReal(f func(inner Real) error) error {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.real == nil {
		return call.ErrNoSpace
	}
	return f(s.real)
}

// Put implements call.Store.
func (s *Store) Put(ctx context.Context, u *call.Upload) (id int64, err error) {
	err = s.withReal(func(inner Real) error {
		id, err = inner.Put(ctx, u)
		return err
	})
	return id, err
}

// Probe implements call.Store.
func (s *Store) Probe(ctx context.Context) error {
	return s.withReal(func(inner Real) error { return inner.Probe(ctx) })
}

// Gone implements call.Store.
func (s *Store) Gone() error {
	err := s.withReal(func(inner Real) error { return inner.Gone() })
	if errors.Is(err, call.ErrNoSpace) {
		return nil
	}
	return err
}

// Calls implements call.Store.
func (s *Store) Calls(ctx context.Context, q call.Query) (page []call.Record, total int64, err error) {
	err = s.withInner(func(inner call.Store) error {
		page, total, err = inner.Calls(ctx, q)
		return err
	})
	return page, total, err
}

// Follow implements call.Store.
func (s *Store) Follow(ctx context.Context, q call.Query, cursor string) (page []call.Record, next string, err error) {
	err = s.withInner(func(inner call.Store) error {
		page, next, err = inner.Follow(ctx, q, cursor)
		return err
	})
	return page, next, err
}

// Listed implements call.Store.
func (s *Store) Listed(ctx context.Context, id int64) (rec call.Record, err error) {
	err = s.withInner(func(inner call.Store) error {
		rec, err = inner.Listed(ctx, id)
		return err
	})
	return rec, err
}

// Call implements call.Store.
func (s *Store) Call(ctx context.Context, id int64) (rec call.Record, err error) {
	err = s.withInner(func(inner call.Store) error {
		rec, err = inner.Call(ctx, id)
		return err
	})
	return rec, err
}

// Audio implements call.Store.
func (s *Store) Audio(ctx context.Context, id int64) (audio io.ReadSeekCloser, err error) {
	err = s.withInner(func(inner call.Store) error {
		audio, err = inner.Audio(ctx, id)
		return err
	})
	return audio, err
}

// Transcripts implements call.Store.
func (s *Store) Transcripts(ctx context.Context, ids []int64, brief bool) (list []call.Transcript, err error) {
	err = s.withInner(func(inner call.Store) error {
		list, err = inner.Transcripts(ctx, ids, brief)
		return err
	})
	return list, err
}

// Ping implements call.Store.
func (s *Store) Ping(ctx context.Context) error {
	return s.withInner(func(inner call.Store) error { return inner.Ping(ctx) })
}

// Usage implements call.Store.
func (s *Store) Usage(ctx context.Context) (u call.Usage, err error) {
	err = s.withInner(func(inner call.Store) error {
		u, err = inner.Usage(ctx)
		return err
	})
	return u, err
}

// Stats implements call.Store.
func (s *Store) Stats() (stats call.Stats) {
	stats.Breaker.State = call.BreakerClosed
	_ = s.withReal(func(inner Real) error {
		stats = inner.Stats()
		return nil
	})
	return stats
}
