//go:build unix

package redislimit

import (
	"sync"
	"testing"
	"time"

	"rdiostress/internal/server/ratelimit"
	"rdiostress/internal/testenv/redistest"
)

// A Redis that does not answer holds up a take for no longer than its timeout, later takes not at all.
func TestFrozenRedis(t *testing.T) {
	const timeout = 300 * time.Millisecond
	server := redistest.Start(t)
	l := open(t, Options{URL: server.URL(), Timeout: timeout})
	rate := ratelimit.Rate{Limit: 1000, Per: time.Hour}
	if _, err := l.Take(t.Context(), "feed", rate); err != nil {
		t.Fatal(err)
	}
	server.Freeze(t)
	t.Cleanup(func() { server.Thaw(t) })
	var wg sync.WaitGroup
	for range 2 * Connections { // more than there are connections
		wg.Go(func() {
			began := time.Now()
			_, err := l.Take(t.Context(), "feed", rate)
			if took := time.Since(began); err == nil || took > 10*timeout { // the machine may be slow
				t.Errorf("%v after %v", err, took)
			}
		})
	}
	wg.Wait()
	eventually(t, "Redis is away", func() bool { return l.Err() != nil })
	began := time.Now()
	for range 1000 {
		if _, err := l.Take(t.Context(), "feed", rate); err == nil {
			t.Fatal("a frozen Redis has answered")
		}
	}
	if took := time.Since(began); took > 10*timeout {
		t.Errorf("1000 takes took %v, though it was known that Redis is away", took)
	}
	server.Thaw(t)
	eventually(t, "Redis is back", func() bool { return l.Err() == nil })
	if _, err := l.Take(t.Context(), "feed", rate); err != nil {
		t.Error(err)
	}
}
