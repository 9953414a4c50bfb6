package server

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"
)

// storing knows whether the store takes calls, by what became of the last.
type storing struct {
	failing atomic.Bool
	failed  atomic.Int64 // when it last failed, Unix ns

	mu    sync.Mutex
	told  time.Time // when a failure was last logged
	since int       // failures that were not logged since
}

// note takes in what became of a call. That there was no room, or that its client left, is no failure of the store.
func (s *storing) note(err error) {
	switch {
	case err == nil:
		if s.failing.Load() { // rarely, so that uploads do not share a cache line that is written to
			s.failing.Store(false)
		}
	case isStoreFault(err):
		s.failing.Store(true)
		s.failed.Store(time.Now().UnixNano())
	}
}

// unwell tells whether a call was not stored lately. It is forgotten after a while: a server that is sent no uploads because it is
// not ready would never find out that it is again.
func (s *storing) unwell() bool {
	return s.failing.Load() && time.Since(time.Unix(0, s.failed.Load())) < unwellFor
}

const unwellFor = 10 * time.Second

// isStoreFault tells the errors of a store that would meet the next call too.
func isStoreFault(err error) bool {
	for _, other := range []error{ErrFull, ErrClosed, ErrBadCall, ErrDuplicate, context.Canceled, context.DeadlineExceeded} {
		if errors.Is(err, other) {
			return false
		}
	}
	return true
}

// mayTell tells whether a failure is to be logged now, and how many were not since the last: a full disk under load would
// otherwise fill the log as fast.
func (s *storing) mayTell(now time.Time) (unsaid int, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if now.Sub(s.told) < time.Second {
		s.since++
		return 0, false
	}
	unsaid = s.since
	s.told, s.since = now, 0
	return unsaid, true
}
