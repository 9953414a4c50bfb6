package admission

import (
	"context"
	"sync/atomic"
	"time"
)

const (
	maxWaitingReaders = 256 // for one kind of slot; more clients are refused at once
	readerWait        = 15 * time.Second
)

// Slots limits how many clients do the same thing at once, and how many wait to do it. It is safe for concurrent use.
// Create it with NewSlots.
type Slots struct {
	taken   chan struct{}
	waiting atomic.Int64
}

// NewSlots returns n slots.
func NewSlots(n int) *Slots { return &Slots{taken: make(chan struct{}, n)} }

// Acquire waits for a slot. It returns ErrTooManyReaders if the wait would be too long. The caller must release the
// slot.
func (s *Slots) Acquire(ctx context.Context) error {
	select {
	case s.taken <- struct{}{}:
		return nil
	default:
	}
	defer s.waiting.Add(-1)
	if s.waiting.Add(1) > maxWaitingReaders {
		return ErrTooManyReaders
	}
	timer := time.NewTimer(readerWait)
	defer timer.Stop()
	select {
	case s.taken <- struct{}{}:
		return nil
	case <-timer.C:
		return ErrTooManyReaders
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Release returns a slot.
func (s *Slots) Release() { <-s.taken }
