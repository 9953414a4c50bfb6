// Package clock waits: for a time to pass, unless a context ends before it.
package clock

import (
	"context"
	"time"
)

// Sleep pauses for d, and returns early with the context's error when ctx ends before that. A d of 0 or less does not
// pause.
func Sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
