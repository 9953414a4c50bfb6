package server

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"rdiostress/internal/server/call"
)

const (
	// probeFresh is how long ago a write may be that shows to who asks that calls can be stored.
	probeFresh = 5 * time.Second
	// probeIdle is the same where nobody asks.
	probeIdle = 30 * time.Second
	// probeAgain is after how long a store that failed is probed again.
	probeAgain = 500 * time.Millisecond
	// probeTimeout is how long a write may take to show it.
	probeTimeout = 5 * time.Second
)

// What may fail by itself.
const (
	failsToStore = 1 << iota // calls
	failsToSpool             // long audio
)

// storing knows whether calls can be stored, by what became of the last one, or by a write that shows it. It may be used concurrently.
type storing struct {
	store call.Store
	log   *slog.Logger
	fresh time.Duration // probeFresh, but in tests

	failing atomic.Int32 // what fails

	probing sync.Mutex
	failed  time.Time // when a probe last failed; probing's
	err     error     // and with what
	said    atomic.Bool
}

// note takes in what became of a call whose audio is long, or not. That there was no room, or that its client left, is no failure.
func (s *storing) note(err error, isLong bool) {
	what := int32(failsToStore)
	if isLong {
		what |= failsToSpool
	}
	switch {
	case err == nil:
		if s.failing.Load()&what != 0 { // rarely, so that uploads do not share a cache line that is written to
			s.failing.And(^what)
		}
	case errors.As(err, new(*spoolError)):
		s.failing.Or(failsToSpool)
	case isStoreFault(err):
		s.failing.Or(what)
	}
}

// isStoreFault tells the errors of a store that would meet the next call too.
func isStoreFault(err error) bool {
	for _, other := range []error{call.ErrFull, call.ErrClosed, call.ErrBadCall, call.ErrDuplicate, context.Canceled, context.DeadlineExceeded} {
		if errors.Is(err, other) {
			return false
		}
	}
	return true
}

// isFine tells who asks for it whether calls can be stored, or why not.
func (s *storing) isFine() error { return s.check(s.fresh) }

// check tells whether calls can be stored, by a write that is no older than fresh. If there was none, or one failed since, it makes one.
func (s *storing) check(fresh time.Duration) error {
	s.probing.Lock() // so that all who ask share a probe
	defer s.probing.Unlock()
	switch failing := s.failing.Load(); {
	case failing == 0 && time.Since(s.store.Stats().Written) < fresh:
		return nil
	case failing&failsToStore != 0 && time.Since(s.failed) < probeAgain: // and no call was stored since
		return s.err
	}
	ctx, cancel := context.WithTimeout(context.Background(), probeTimeout)
	defer cancel()
	err := s.store.Probe(ctx)
	if errors.Is(err, call.ErrClosed) {
		return err
	}
	if err == nil {
		s.failing.Store(0)
	} else {
		s.failing.Or(failsToStore | failsToSpool)
		s.failed, s.err = time.Now(), err
	}
	s.tell(err)
	return err
}

// tell logs when the store begins to fail, and when it no longer does. A store whose files are gone has said so itself.
func (s *storing) tell(err error) {
	if isFailing := err != nil; s.said.Swap(isFailing) == isFailing || s.store.Gone() != nil {
		return
	}
	if err != nil {
		s.log.Error("calls cannot be stored; the server is not ready until a write succeeds", "error", err)
	} else {
		s.log.Info("calls can be stored again")
	}
}

// keep checks now and then until ctx ends, and often while the store fails: also a server that nobody sends calls to is to know.
func (s *storing) keep(ctx context.Context) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			_ = s.check(probeIdle) // which notes the error
		}
	}
}
