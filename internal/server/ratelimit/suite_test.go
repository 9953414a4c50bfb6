package ratelimit_test

import (
	"testing"
	"time"

	"rdiostress/internal/server/ratelimit"
	"rdiostress/internal/server/ratelimit/limittest"
)

func TestMemory(t *testing.T) {
	limittest.Run(t, func(*testing.T) (ratelimit.Limiter, func(time.Duration)) {
		clock := time.Unix(1000, 0)
		return ratelimit.NewMemory(func() time.Time { return clock }), func(d time.Duration) { clock = clock.Add(d) }
	})
}
