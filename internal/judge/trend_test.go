package judge

import (
	"testing"

	"rdiostress/internal/measure"
)

// A count that was restarted says nothing about the number in between.
func TestHourWithRestart(t *testing.T) {
	points := make([]measure.Point, 4)
	for i, v := range []float64{100, 200, 50, 250} {
		points[i] = measure.Point{TS: float64(i), WidthS: 1, Server: &measure.Observation{}}
		points[i].Server.Set(measure.StoredCalls, v)
	}
	if h := NewTrendSpan(points); h.StoredPerS != nil {
		t.Errorf("%g stored/s", *h.StoredPerS)
	}
	if h := NewTrendSpan(points[2:]); h.StoredPerS == nil || *h.StoredPerS != 200 {
		t.Errorf("after it: %v", h.StoredPerS)
	}
}
