package server_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"rdiostress/internal/server"
	"rdiostress/internal/server/ratelimit"
)

// switchedLimiter is a limiter whose counts can be taken away.
type switchedLimiter struct {
	ratelimit.Limiter

	away atomic.Bool
}

func (l *switchedLimiter) Err() error {
	if l.away.Load() {
		return errors.New("no connection")
	}
	return nil
}

func (l *switchedLimiter) Take(ctx context.Context, bucket string, rate ratelimit.Rate) (ratelimit.Quota, error) {
	if err := l.Err(); err != nil {
		return ratelimit.Quota{}, err
	}
	return l.Limiter.Take(ctx, bucket, rate)
}

// While rate limits cannot be looked up, uploads are allowed or refused as was asked for, and an alert is raised either
// way. It is cleared by itself.
func TestLimitsUnknown(t *testing.T) {
	for _, closed := range []bool{false, true} {
		clock := &steppedClock{at: now}
		limiter := &switchedLimiter{Limiter: ratelimit.NewMemory(clock.now)}
		r := newRig(t, func(o *server.Options) {
			o.Now, o.KeyRate, o.Limiter = clock.now, ratelimit.Rate{Limit: 1, Per: time.Hour}, limiter
			o.LimitFailClosed = closed
		})
		limiter.away.Store(true)
		for range 2 { // more than the rate allows
			resp, body := r.post(t, strings.NewReader(form(callWith())))
			want, wantRetry := http.StatusOK, ""
			if closed {
				want, wantRetry = http.StatusServiceUnavailable, "5"
			}
			if resp.StatusCode != want || resp.Header.Get("Retry-After") != wantRetry ||
				resp.Header.Get("RateLimit") != "" ||
				closed && body != "Rate limits cannot be looked up now, please try again\n" {
				t.Errorf("closed %v: got %s %q, %v", closed, resp.Status, body, resp.Header)
			}
		}
		r.server.Sample(t.Context())
		if got := r.alertsOf(t); len(got) != 1 || got[0] != "high rate_limits_unknown" {
			t.Errorf("closed %v: raised: %q", closed, got)
		}
		if _, body := r.get(t, "/metrics"); !strings.Contains(body, "rdiostress_rate_limits_unknown_total 2\n") {
			t.Errorf("closed %v: the metrics do not show it", closed)
		}
		limiter.away.Store(false)
		if got := r.uploadWith(t, key); got != http.StatusOK {
			t.Errorf("closed %v: back again: %d", closed, got)
		}
		if got := r.uploadWith(t, key); got != http.StatusTooManyRequests {
			t.Errorf("closed %v: over the rate: %d", closed, got)
		}
		r.sampleFor(t, clock, 32*time.Second)
		if got := r.alertsOf(t); len(got) != 0 {
			t.Errorf("closed %v: still raised: %q", closed, got)
		}
	}
}
