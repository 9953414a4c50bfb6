package stdio

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"rdiostress/internal/clock"
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
	file     *os.File
	first    *Lossy // what was said there comes before
	patience clock.Patience
	hasten   func() // has the patience end

	mu  sync.Mutex
	err error
}

// NewResults returns what writes to a file, after all that was written to first by then.
func NewResults(f *os.File, first *Lossy) *Results {
	hurry := make(chan struct{})
	return &Results{
		file: f, first: first, patience: clock.Patience{Standstill: patience, Hurry: hurry, Hurried: hurried},
		hasten: sync.OnceFunc(func() { close(hurry) }),
	}
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
	text := bytes.Clone(p) // the write may be left behind
	err = r.patience.Await(func(taken func()) error { return r.write(text, taken) })
	if stalled, ok := errors.AsType[*clock.StalledError](err); ok {
		err = fmt.Errorf("its reader took nothing for %v", stalled.For)
	}
	if err != nil {
		r.err = &ResultsError{err}
		return 0, r.err
	}
	return len(p), nil
}

// write writes a text, and calls taken for each piece.
func (r *Results) write(text []byte, taken func()) error {
	for len(text) > 0 {
		n, err := r.file.Write(text[:min(piece, len(text))])
		if err != nil {
			return err
		}
		text = text[n:]
		taken()
	}
	return nil
}
