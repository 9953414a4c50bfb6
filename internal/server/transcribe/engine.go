// Package transcribe turns the audio of stored calls into text, in the background of what takes uploads.
package transcribe

import (
	"context"
	"fmt"
	"io"
	"time"
)

// Audio is a stored call's audio, as an [Engine] gets it.
type Audio struct {
	CallID   int64
	Name     string        // the name of the audio file that the upload gave; foreign text
	Type     string        // the media type that the upload gave; foreign text, may be empty
	Size     int64         // in bytes
	Duration time.Duration // of the recording; 0: unknown

	// Open opens the audio for reading from its start. It may be called more than once. The caller closes what it
	// returns.
	Open func(ctx context.Context) (io.ReadCloser, error)
}

// Result is what an [Engine] heard.
type Result struct {
	Text     string
	Language string // "" if the engine does not say
}

// Engine turns audio into text. Implementations are safe for concurrent use.
type Engine interface {
	// Name returns a short name without secrets, for people and for metrics.
	Name() string

	// Transcribe returns the text of the audio. It returns soon after ctx ends, and leaves nothing running. An error
	// is a [*PermanentError] if trying again is of no use, and a [*RetryError] if the engine said when to try again.
	// Any other error may be gone at the next attempt.
	Transcribe(ctx context.Context, a Audio) (Result, error)
}

// PermanentError is a failure that another attempt cannot mend.
type PermanentError struct{ Err error }

// Error implements error.
func (e *PermanentError) Error() string { return e.Err.Error() }

// Unwrap returns the cause.
func (e *PermanentError) Unwrap() error { return e.Err }

// RetryError is a failure for which the engine said when to try again.
type RetryError struct {
	After time.Duration // from now; not negative
	Err   error
}

// Error implements error.
func (e *RetryError) Error() string { return fmt.Sprintf("%v (try again in %v)", e.Err, e.After) }

// Unwrap returns the cause.
func (e *RetryError) Unwrap() error { return e.Err }
