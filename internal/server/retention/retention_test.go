package retention_test

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"rdiostress/internal/server/retention"
)

// store has calls to delete; each batch takes a second.
type store struct {
	t      *testing.T
	mu     sync.Mutex // not held while deleting
	calls  int
	err    error
	asked  []time.Duration // since the start
	start  time.Time
	before time.Duration // age that the calls must exceed
}

func (s *store) Expire(_ context.Context, before time.Time, limit int) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked = append(s.asked, time.Since(s.start))
	if got := time.Since(before); got != s.before {
		s.t.Errorf("asked for calls %v old, want %v", got, s.before)
	}
	if s.err != nil {
		return 0, s.err
	}
	s.mu.Unlock()
	time.Sleep(time.Second) // the bubble's clock
	s.mu.Lock()
	n := min(limit, s.calls)
	s.calls -= n
	return n, nil
}

// Old calls are deleted in batches with pauses between them, and then every minute. An error is logged, and the
// deletion is tried again.
func TestRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log strings.Builder
		s := &store{t: t, calls: 250, start: time.Now(), before: 30 * 24 * time.Hour}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() {
			defer close(done)
			retention.Run(ctx, s, s.before, 100, slog.New(slog.NewTextHandler(&log, nil)))
		}()
		time.Sleep(59 * time.Second) // the bubble's clock
		s.mu.Lock()
		want := []time.Duration{0, 5 * time.Second, 10 * time.Second}
		if len(s.asked) != 3 || s.asked[1] != want[1] || s.asked[2] != want[2] || s.calls != 0 {
			t.Errorf("asked at %v, want %v; %d calls left", s.asked, want, s.calls)
		}
		s.err = errors.New("on fire")
		s.mu.Unlock()
		time.Sleep(59 * time.Second) // the bubble's clock
		s.mu.Lock()
		if len(s.asked) != 4 {
			t.Errorf("asked at %v", s.asked)
		}
		s.err = nil
		s.mu.Unlock()
		cancel()
		<-done
		if text := log.String(); !strings.Contains(text, "calls=250") || strings.Count(text, "on fire") != 1 {
			t.Errorf("logged:\n%s", text)
		}
	})
}
