package stdio

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"
)

// How long results wait for a reader that takes nothing.
const (
	patience = 10 * time.Minute // a person may be reading in a pager
	hurried  = 2 * time.Second  // after a signal
)

// piece is how many bytes are written at once: a reader that takes one is at work.
const piece = 4 << 10

// Results writes to a file, such as standard output, as long as it takes something now and then. After an error, all
// further writes fail with it.
type Results struct {
	file   *os.File
	first  *Lossy // what was said there comes before
	hurry  chan struct{}
	hasten func() // closes hurry

	mu  sync.Mutex
	err error
}

// NewResults returns what writes to a file, after all that was written to first by then.
func NewResults(f *os.File, first *Lossy) *Results {
	hurry := make(chan struct{})
	return &Results{file: f, first: first, hurry: hurry, hasten: sync.OnceFunc(func() { close(hurry) })}
}

// Fd returns the file's descriptor, by which a terminal is known.
func (r *Results) Fd() uintptr { return r.file.Fd() }

// Hurry has writes wait for a moment only from now on, also those that wait already: the process was told to end.
func (r *Results) Hurry() { r.hasten() }

// ResultsError says why results could not be written.
type ResultsError struct{ Err error }

// Error implements error.
func (e *ResultsError) Error() string { return e.Err.Error() }

// Unwrap returns the cause.
func (e *ResultsError) Unwrap() error { return e.Err }

// ReaderGone reports whether results could not be written since their reader is gone: a pipe's program has ended, or a
// terminal was closed.
func ReaderGone(err error) bool {
	failed, ok := errors.AsType[*ResultsError](err)
	return ok && isGone(failed.Err)
}

// Write writes a text.
func (r *Results) Write(p []byte) (n int, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.err != nil {
		return 0, r.err
	}
	r.first.Flush(time.Second)
	done, taken := make(chan error, 1), make(chan struct{}, 1)
	go func(text []byte) { done <- r.write(text, taken) }(bytes.Clone(p)) // it is left behind where nothing is taken
	if err := r.await(done, taken); err != nil {
		r.err = &ResultsError{err}
		return 0, r.err
	}
	return len(p), nil
}

// write writes a text, and tells taken of each piece.
func (r *Results) write(text []byte, taken chan<- struct{}) error {
	for len(text) > 0 {
		n, err := r.file.Write(text[:min(piece, len(text))])
		if err != nil {
			return err
		}
		text = text[n:]
		select {
		case taken <- struct{}{}:
		default:
		}
	}
	return nil
}

// await waits for a write.
func (r *Results) await(done <-chan error, taken <-chan struct{}) error {
	wait, hurry := patience, r.hurry
	timer := time.NewTimer(wait)
	defer timer.Stop()
	for {
		select {
		case err := <-done:
			return err
		case <-taken:
			timer.Reset(wait)
		case <-hurry:
			wait, hurry = hurried, nil
			timer.Reset(wait)
		case <-timer.C:
			return fmt.Errorf("its reader took nothing for %v", wait)
		}
	}
}
