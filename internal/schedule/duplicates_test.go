package schedule

import (
	"math"
	"testing"
	"time"
)

func TestEchoesAreExact(t *testing.T) {
	for _, ratio := range []float64{0.001, 0.05, 0.1, 1.0 / 3, 0.5} {
		e, n, last := Duplicates{Ratio: ratio}, uint64(0), false
		for i := range uint64(100_000) {
			is := e.Has(i)
			if is && (last || i == 0) {
				t.Fatalf("%g: call %d is a duplicate of one", ratio, i)
			}
			if last = is; is {
				n++
			}
		}
		if want := uint64(math.Floor(100_000 * ratio)); n != want {
			t.Errorf("%g: %d duplicates, want %d", ratio, n, want)
		}
	}
}

// Duplicates are due soon after their originals, however slow the rate, and no arrival changes its order or its number.
func TestDuplicatesAreDueSoonAfterTheirOriginals(t *testing.T) {
	a := NewPoisson(flat(0.5, time.Hour), 3)
	a.Duplicates = Duplicates{Ratio: 0.25, Seed: 3}
	for n := uint64(1); n < 1500; n++ {
		gap := a.Due(n) - a.Due(n-1)
		if gap < 0 || a.Duplicates.Has(n) && gap > MaxDuplicateDelay {
			t.Fatalf("arrival %d is %v after the one before it", n, gap)
		}
	}
	if n := a.Count(time.Hour / 2); a.Due(n) < time.Hour/2 || a.Due(n-1) >= time.Hour/2 {
		t.Errorf("%d arrivals in half an hour, the next at %v", n, a.Due(n))
	}
}
