package engine

import (
	"context"
	"fmt"
	"time"

	"rdiostress/internal/plain"
)

// timeoutError means that an engine took longer than it may.
type timeoutError struct{ after time.Duration }

func (e *timeoutError) Error() string { return fmt.Sprintf("no transcript within %v", e.after) }

// Unwrap lets it be told like the end of any other deadline.
func (e *timeoutError) Unwrap() error { return context.DeadlineExceeded }

// limit returns a context that ends after a timeout; 0: there is none.
func limit(ctx context.Context, timeout time.Duration) (context.Context, context.CancelFunc) {
	if timeout <= 0 {
		return context.WithCancel(ctx)
	}
	return context.WithTimeoutCause(ctx, timeout, &timeoutError{timeout})
}

// failure returns the error of an engine: the reason why its context has ended, if it has, since what failed then is
// only the consequence.
func failure(ctx context.Context, name string, err error) error {
	if cause := context.Cause(ctx); cause != nil {
		err = cause
	}
	return fmt.Errorf("%s: %w", name, err)
}

// maxQuote limits how many characters of what an engine said are in an error.
const maxQuote = 200

// quote returns foreign text as a short line.
func quote(text string) string {
	line := []rune(plain.Line(text, -1))
	if len(line) > maxQuote {
		return string(line[:maxQuote]) + "…"
	}
	return string(line)
}
