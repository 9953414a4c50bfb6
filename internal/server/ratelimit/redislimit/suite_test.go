package redislimit

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"rdiostress/internal/server/ratelimit"
	"rdiostress/internal/server/ratelimit/limittest"
	"rdiostress/internal/testenv/redistest"
)

// The script passes the suite of the limiter in memory, by a clock that the test sets. The clock of Redis has
// microseconds; the test's has nanoseconds, which shows that nothing is rounded.
func TestScript(t *testing.T) {
	const readsClock = "redis.call('TIME')"
	if strings.Count(takeScript, readsClock) != 1 || strings.Contains(takeScript, "PTTL") {
		t.Fatal("the script must read one clock, once")
	}
	script := strings.Replace(takeScript, readsClock, "{ARGV[3], ARGV[4]}", 1)
	server := redistest.Start(t)
	databases := 0
	limittest.Run(t, func(t *testing.T) (ratelimit.Limiter, func(time.Duration)) {
		client := redis.NewClient(&redis.Options{Addr: server.Addr(), DB: databases})
		databases++
		t.Cleanup(func() { client.Close() })
		now := time.Unix(1_790_000_000, 999_999_999)
		l := &steppedLimiter{client: client, script: redis.NewScript(script), now: now}
		return l, func(d time.Duration) { l.now = l.now.Add(d) }
	})
}

// steppedLimiter runs the script with a clock of its own.
type steppedLimiter struct {
	client *redis.Client
	script *redis.Script
	now    time.Time
}

func (l *steppedLimiter) Err() error { return nil }

func (l *steppedLimiter) Take(ctx context.Context, bucket string, rate ratelimit.Rate) (ratelimit.Quota, error) {
	us := fmt.Sprintf("%d.%03d", l.now.Nanosecond()/1000, l.now.Nanosecond()%1000)
	full, err := l.script.Run(ctx, l.client, []string{Prefix + bucket}, rate.Interval().Nanoseconds(),
		rate.Per.Nanoseconds(), l.now.Unix(), us).Int64()
	return rate.Quota(time.Duration(full)), err
}

// A clock that was set back locks nobody out for longer than a period.
func TestClockSetBack(t *testing.T) {
	server := redistest.Start(t)
	l := open(t, Options{URL: server.URL()})
	rate := ratelimit.Rate{Limit: 60, Per: time.Minute}
	future := fmt.Sprintf("%d 5", time.Now().Add(time.Hour).Unix())
	if err := l.client.Set(t.Context(), Prefix+"feed", future, 0).Err(); err != nil {
		t.Fatal(err)
	}
	if q, err := l.Take(t.Context(), "feed", rate); q.OK || q.Window != time.Second || err != nil {
		t.Errorf("got %+v, %v; want a wait of one interval", q, err)
	}
}

// A bucket that is full again needs no memory.
func TestBucketsExpire(t *testing.T) {
	l := open(t, Options{URL: redistest.Start(t).URL()})
	if _, err := l.Take(t.Context(), "feed", ratelimit.Rate{Limit: 1, Per: time.Minute}); err != nil {
		t.Fatal(err)
	}
	ttl, err := l.client.PTTL(t.Context(), Prefix+"feed").Result()
	if err != nil || ttl <= 55*time.Second || ttl > 61*time.Second {
		t.Errorf("it is kept for %v, %v; want a minute, and a second for clocks", ttl, err)
	}
}

func open(t *testing.T, o Options) *Limiter {
	t.Helper()
	l, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	return l
}
