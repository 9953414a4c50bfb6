package schedule

import (
	"testing"
	"time"
)

func steady(rate float64) *Arrivals { return NewConstant(flat(rate, 1000*time.Hour)) }

func TestSteadyDoesNotDrift(t *testing.T) {
	for _, tt := range []struct {
		rate float64
		n    uint64
		want time.Duration
	}{
		{1, 0, 0},
		{1, 7, 7 * time.Second},
		{1000, 1, time.Millisecond},
		{3, 3_000_000, 1_000_000 * time.Second},
		{0.5, 10, 20 * time.Second},
	} {
		if got := steady(tt.rate).Due(tt.n); got != tt.want {
			t.Errorf("%v/s: arrival %d is due at %v, want %v", tt.rate, tt.n, got, tt.want)
		}
	}
}

func TestSteadyCount(t *testing.T) {
	for _, tt := range []struct {
		rate float64
		end  time.Duration
		want uint64
	}{
		{10, time.Second, 10}, // the eleventh is due at the end, which is not before it
		{10, 0, 0},
		{10, time.Second + 1, 11},
		{3, time.Second, 3},
		{0.1, 5 * time.Second, 1},
		{50.0 / 60, time.Hour, 3000},
	} {
		if got := steady(tt.rate).Count(tt.end); got != tt.want {
			t.Errorf("%v/s: %d due before %v, want %d", tt.rate, got, tt.end, tt.want)
		}
	}
	for rate := 0.3; rate < 7000; rate *= 1.7 {
		a := steady(rate)
		for _, end := range []time.Duration{time.Millisecond, time.Second, 90 * time.Second, time.Hour} {
			n := a.Count(end)
			if n > 0 && a.Due(n-1) >= end || a.Due(n) < end {
				t.Errorf("%v/s: %d is not how many are due before %v", rate, n, end)
			}
		}
	}
}
