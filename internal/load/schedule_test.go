package load

import (
	"testing"
	"time"
)

func TestSteadyDoesNotDrift(t *testing.T) {
	for _, tt := range []struct {
		rate Steady
		n    uint64
		want time.Duration
	}{
		{1, 0, 0},
		{1, 7, 7 * time.Second},
		{1000, 1, time.Millisecond},
		{3, 3_000_000, 1_000_000 * time.Second},
		{0.5, 10, 20 * time.Second},
	} {
		if got := tt.rate.Due(tt.n); got != tt.want {
			t.Errorf("%v/s: arrival %d is due at %v, want %v", tt.rate, tt.n, got, tt.want)
		}
	}
}

func TestSteadyCount(t *testing.T) {
	for _, tt := range []struct {
		rate Steady
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
		if got := tt.rate.Count(tt.end); got != tt.want {
			t.Errorf("%v/s: %d due before %v, want %d", tt.rate, got, tt.end, tt.want)
		}
	}
	for rate := Steady(0.3); rate < 7000; rate *= 1.7 {
		for _, end := range []time.Duration{time.Millisecond, time.Second, 90 * time.Second, time.Hour} {
			n := rate.Count(end)
			if n > 0 && rate.Due(n-1) >= end || rate.Due(n) < end {
				t.Errorf("%v/s: %d is not how many are due before %v", rate, n, end)
			}
		}
	}
}
