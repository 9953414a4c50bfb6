// Package clock waits for time to pass: once, unless a context ends before it, or again and again.
package clock

import (
	"context"
	"sync"
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

// Every calls do at every interval, from one goroutine, and a last time, with last set, when stop is called, which
// waits for that. Stop must be called once.
func Every(interval time.Duration, do func(last bool)) (stop func()) {
	over := make(chan struct{})
	var doer sync.WaitGroup
	doer.Go(func() {
		ticker := time.NewTicker(interval)
		defer ticker.Stop()
		for {
			select {
			case <-ticker.C:
				do(false)
			case <-over:
				do(true)
				return
			}
		}
	})
	return func() {
		close(over)
		doer.Wait()
	}
}
