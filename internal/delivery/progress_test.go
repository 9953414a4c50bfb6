package delivery

import (
	"testing"
	"time"

	"rdiostress/internal/measure"
)

// When calls become identifiable by name, and foreign calls that counted as stored no longer do, no calls are lost and
// no rate is negative.
func TestNoNegativeRate(t *testing.T) {
	w := &Watch{Options: Options{Every: time.Second}, ledger: NewLedger("x-", time.Now())}
	w.samples = []sample{{}}
	for i, stored := range []int64{40, 45, 2, 7} {
		w.samples = append(
			w.samples,
			sample{at: time.Duration(i+1) * time.Second, counts: counts{acknowledged: 50, stored: stored}},
		)
	}
	points := []measure.Point{{TS: 0, WidthS: 1}, {TS: 1, WidthS: 1}, {TS: 2, WidthS: 1}, {TS: 3, WidthS: 1}}
	w.FillSeries(points)
	for i, want := range []float64{40, 5, 0, 5} {
		if got := points[i].StoredPerS; got == nil || *got != want {
			t.Errorf("second %d: %v calls stored per second, want %v", i, *got, want)
		}
	}
	w.samples = w.samples[1:4]
	if got := w.Progress().PerS; got != 0 {
		t.Errorf("%v calls stored per second", got)
	}
}
