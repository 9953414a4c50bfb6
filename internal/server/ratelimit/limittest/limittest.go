// Package limittest is the test suite that every rate limiter must pass. It is for tests only.
package limittest

import (
	"math/rand/v2"
	"testing"
	"time"

	"rdiostress/internal/server/ratelimit"
)

// Open returns a new limiter with full buckets, and a function that lets its clock, which otherwise stands still,
// advance.
type Open func(t *testing.T) (l ratelimit.Limiter, advance func(time.Duration))

// Run runs the suite.
func Run(t *testing.T, open Open) {
	t.Run("quota", func(t *testing.T) { quota(t, open) })
	t.Run("buckets are separate", func(t *testing.T) { separate(t, open) })
	t.Run("fast and slow rates", func(t *testing.T) { extremes(t, open) })
	t.Run("random takes", func(t *testing.T) { random(t, open) })
}

// take takes one upload.
func take(t *testing.T, l ratelimit.Limiter, bucket string, rate ratelimit.Rate) ratelimit.Quota {
	t.Helper()
	q, err := l.Take(t.Context(), bucket, rate)
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Err(); err != nil {
		t.Fatal(err)
	}
	return q
}

// A bucket gives out what it holds at once, then uploads at even intervals, and says so to the nanosecond.
func quota(t *testing.T, open Open) {
	l, advance := open(t)
	rate := ratelimit.Rate{Limit: 3, Per: time.Minute}
	for n, step := range []struct {
		after time.Duration
		want  ratelimit.Quota
	}{
		{0, ratelimit.Quota{OK: true, Remaining: 2, Window: 20 * time.Second}},
		{0, ratelimit.Quota{OK: true, Remaining: 1, Window: 20 * time.Second}},
		{0, ratelimit.Quota{OK: true, Remaining: 0, Window: 20 * time.Second}},
		{0, ratelimit.Quota{Window: 20 * time.Second}},
		{15 * time.Second, ratelimit.Quota{Window: 5 * time.Second}},
		{5*time.Second - 1, ratelimit.Quota{Window: 1}},
		{1, ratelimit.Quota{OK: true, Remaining: 0, Window: 20 * time.Second}},
		{30 * time.Second, ratelimit.Quota{OK: true, Remaining: 0, Window: 10 * time.Second}},
		{time.Hour, ratelimit.Quota{OK: true, Remaining: 2, Window: 20 * time.Second}},
	} {
		advance(step.after)
		if got := take(t, l, "feed", rate); got != step.want {
			t.Errorf("step %d: got %+v, want %+v", n, got, step.want)
		}
	}
}

func separate(t *testing.T, open Open) {
	l, _ := open(t)
	rate := ratelimit.Rate{Limit: 1, Per: time.Hour}
	for _, bucket := range []string{"key:a", "key:b", "address:a", "key:a b", "key:\x00é*", "key:2001:db8::/64"} {
		if q := take(t, l, bucket, rate); !q.OK || q.Remaining != 0 || q.Window != time.Hour {
			t.Errorf("%q: got %+v", bucket, q)
		}
		if q := take(t, l, bucket, rate); q.OK || q.Window != time.Hour {
			t.Errorf("%q again: got %+v", bucket, q)
		}
	}
}

// The ends of what a rate can be: an upload per nanosecond, and one per day.
func extremes(t *testing.T, open Open) {
	l, advance := open(t)
	fast := ratelimit.Rate{Limit: 1_000_000_000, Per: time.Second}
	if q := take(t, l, "fast", fast); !q.OK || q.Remaining != 999_999_999 || q.Window != 1 {
		t.Errorf("got %+v", q)
	}
	slow := ratelimit.Rate{Limit: 1, Per: 24 * time.Hour}
	take(t, l, "slow", slow)
	advance(24*time.Hour - 1)
	if q := take(t, l, "slow", slow); q.OK || q.Window != 1 {
		t.Errorf("got %+v", q)
	}
	advance(1)
	if q := take(t, l, "slow", slow); !q.OK || q.Window != 24*time.Hour {
		t.Errorf("got %+v", q)
	}
}

// Whatever comes when, a limiter answers as the one in memory does.
func random(t *testing.T, open Open) {
	for seed := range uint64(3) {
		rnd := rand.New(rand.NewPCG(seed, 1))
		l, advance := open(t)
		clock := time.Unix(1, 0)
		memory := ratelimit.NewMemory(func() time.Time { return clock })
		rate := ratelimit.Rate{Limit: 1 + rnd.IntN(20), Per: []time.Duration{time.Second, time.Minute}[seed%2]}
		for n := range 300 {
			d := time.Duration(rnd.Int64N(int64(2 * rate.Interval())))
			clock = clock.Add(d)
			advance(d)
			if got, want := take(t, l, "feed", rate), take(t, memory, "feed", rate); got != want {
				t.Fatalf("%v, take %d: got %+v, want %+v", rate, n, got, want)
			}
		}
	}
}
