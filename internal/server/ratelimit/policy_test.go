package ratelimit_test

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"time"

	"rdiostress/internal/server/ratelimit"
)

func TestPolicy(t *testing.T) {
	clock := time.Unix(1000, 0)
	p := ratelimit.Policy{
		Name: "key", Rate: ratelimit.Rate{Limit: 2, Per: time.Minute},
		Limiter: ratelimit.NewMemory(func() time.Time { return clock }),
	}
	for n, want := range []string{`"key";r=1;t=30`, `"key";r=0;t=30`, `"key";r=0;t=30`} {
		h := http.Header{}
		err := p.Take(t.Context(), h, "feed")
		if h.Get("RateLimit") != want || h.Get("RateLimit-Policy") != `"key";q=2;w=60` {
			t.Errorf("upload %d: %v", n, h)
		}
		var exceeded *ratelimit.ExceededError
		if errors.As(err, &exceeded) != (n == 2) {
			t.Errorf("upload %d: %v", n, err)
		}
		if n == 2 && (exceeded.RetryAfter != 30*time.Second || err.Error() != "Rate limit exceeded: 2/m for each key") {
			t.Errorf("got %v, again after %v", err, exceeded.RetryAfter)
		}
	}
	clock = clock.Add(30 * time.Second)
	if err := p.Take(t.Context(), http.Header{}, "feed"); err != nil {
		t.Errorf("half a minute later: %v", err)
	}
}

func TestPolicyWithoutRate(t *testing.T) {
	h := http.Header{}
	if err := (&ratelimit.Policy{}).Take(t.Context(), h, "feed"); err != nil || len(h) > 0 {
		t.Errorf("got %v, %v", err, h)
	}
}

type brokenLimiter struct{ error }

func (l brokenLimiter) Take(context.Context, string, ratelimit.Rate) (ratelimit.Quota, error) {
	return ratelimit.Quota{}, l.error
}

func (l brokenLimiter) Err() error { return l.error }

func TestPolicyTellsABrokenLimiterFromAnEmptyBucket(t *testing.T) {
	broken := errors.New("no connection")
	p := ratelimit.Policy{Name: "key", Rate: ratelimit.Rate{Limit: 1, Per: time.Second}, Limiter: brokenLimiter{broken}}
	h := http.Header{}
	err := p.Take(t.Context(), h, "feed")
	if !errors.Is(err, broken) || !errors.As(err, new(*ratelimit.UnavailableError)) ||
		errors.As(err, new(*ratelimit.ExceededError)) || len(h) > 0 ||
		err.Error() != "the rate limit for each key cannot be looked up: no connection" {
		t.Errorf("got %v, %v", err, h)
	}
}
