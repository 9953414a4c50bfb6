package ratelimit

import (
	"context"
	"sync"
	"time"
)

// maxBuckets limits the memory of a Memory to about 10 MB.
const maxBuckets = 100_000

// Memory is a Limiter that counts in this process. For each bucket it stores the time at which it will be full again.
// Create one with NewMemory.
type Memory struct {
	now func() time.Time

	mu   sync.Mutex
	full map[string]time.Time
	max  int
}

// NewMemory returns a Memory with full buckets that uses the given clock.
func NewMemory(now func() time.Time) *Memory {
	return &Memory{now: now, full: make(map[string]time.Time), max: maxBuckets}
}

// Take implements Limiter. It never fails.
func (l *Memory) Take(_ context.Context, bucket string, rate Rate) (Quota, error) {
	now := l.now()
	l.mu.Lock()
	defer l.mu.Unlock()
	before, known := l.full[bucket]
	if before.Before(now) {
		before = now
	}
	after := before.Add(rate.Interval())
	quota := rate.Quota(after.Sub(now))
	if !quota.OK {
		return quota, nil
	}
	if !known && len(l.full) >= l.max {
		l.forget(now)
	}
	l.full[bucket] = after
	return quota, nil
}

// Err implements Limiter. Memory can always count.
func (l *Memory) Err() error { return nil }

// forget frees memory: it drops the buckets that are full again, or otherwise the fullest of a few. So no client
// escapes its limit by filling the memory with other buckets: its own is dropped last.
func (l *Memory) forget(now time.Time) {
	checked, soonest := 0, ""
	for bucket, full := range l.full {
		if full.Before(now) {
			delete(l.full, bucket)
			continue
		}
		if soonest == "" || full.Before(l.full[soonest]) {
			soonest = bucket
		}
		if checked++; checked == 64 {
			break
		}
	}
	if len(l.full) >= l.max {
		delete(l.full, soonest)
	}
}
