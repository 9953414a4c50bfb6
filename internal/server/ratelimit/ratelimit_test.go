package ratelimit

import (
	"fmt"
	"testing"
	"time"
)

func TestParseRate(t *testing.T) {
	for text, want := range map[string]Rate{
		"60/m": {60, time.Minute}, "5/s": {5, time.Second}, "1000/h": {1000, time.Hour}, "1/d": {1, 24 * time.Hour},
	} {
		if got, err := ParseRate(text); got != want || err != nil || got.String() != text {
			t.Errorf("%s: got %v, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "60", "60/", "/m", "0/m", "-1/m", "60/w", "1.5/s", "60/m/m", "2000000000/s"} {
		if got, err := ParseRate(text); err == nil {
			t.Errorf("%q is taken for %v", text, got)
		}
	}
}

func FuzzParseRate(f *testing.F) {
	f.Add("60/m")
	f.Fuzz(func(t *testing.T, text string) {
		r, err := ParseRate(text)
		if err == nil && (r.Limit < 1 || r.Per/time.Duration(r.Limit) < 1) {
			t.Errorf("%q is taken for %v", text, r)
		}
	})
}

// A limiter's memory is bounded, and a client cannot make it forget a bucket by using many others.
func TestLimiterForgets(t *testing.T) {
	clock := time.Unix(1, 0)
	l := NewMemory(func() time.Time { return clock })
	l.max = 10
	rate := Rate{100, time.Minute}
	take := func(bucket string) Quota {
		q, err := l.Take(t.Context(), bucket, rate)
		if err != nil {
			t.Fatal(err)
		}
		return q
	}
	for range 200 {
		take("greedy")
	}
	for n := range 1000 {
		take(fmt.Sprint(n))
		if len(l.full) > 10 {
			t.Fatalf("%d buckets", len(l.full))
		}
	}
	if take("greedy").OK {
		t.Error("the greedy one was forgotten")
	}
	clock = clock.Add(2 * time.Minute)
	take("one more")
	if len(l.full) > 10 || !take("greedy").OK {
		t.Errorf("%d buckets after their time", len(l.full))
	}
}
