package clock

import (
	"fmt"
	"time"
)

// Patience bounds how long work may stand still. How long it may take is not bounded.
type Patience struct {
	Standstill time.Duration   // without progress
	Hurry      <-chan struct{} // once it is closed, Hurried takes the place of Standstill; nil: never
	Hurried    time.Duration
}

// StalledError says that work made no progress for that time.
type StalledError struct{ For time.Duration }

// Error implements error.
func (e *StalledError) Error() string { return fmt.Sprintf("no progress for %v", e.For) }

// Await calls do, which calls progress whenever it gets on, and returns its error. If do stands still, Await returns a
// *StalledError and leaves do behind: it is for calls that cannot be interrupted, such as writing to a disk that hangs.
func (p Patience) Await(do func(progress func()) error) error {
	done, moved := make(chan error, 1), make(chan struct{}, 1)
	progress := func() {
		select {
		case moved <- struct{}{}:
		default:
		}
	}
	go func() { done <- do(progress) }()
	wait, hurry := p.Standstill, p.Hurry
	timer := time.NewTimer(wait)
	defer timer.Stop()
	for {
		select {
		case err := <-done:
			return err
		case <-moved:
		case <-hurry:
			wait, hurry = p.Hurried, nil
		case <-timer.C:
			return &StalledError{wait}
		}
		timer.Reset(wait)
	}
}
