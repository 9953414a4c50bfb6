package measure

import (
	"testing"
	"time"
)

func seenOf(sig Signal, v float64) *Observation {
	var s Observation
	s.Set(sig, v)
	return &s
}

func TestSignals(t *testing.T) {
	names := make(map[string]bool)
	for sig := range NumSignals {
		var s Observation
		s.Set(sig, 7)
		for other := range NumSignals {
			if v, ok := s.Get(other); ok != (other == sig) || ok && v != 7 {
				t.Errorf("%s is set, and %s is %g, %v", sig.Name(), other.Name(), v, ok)
			}
		}
		if sig.Name() == "" || names[sig.Name()] {
			t.Errorf("signal %d is called %q", sig, sig.Name())
		}
		names[sig.Name()] = true
	}
	if _, ok := (*Observation)(nil).Get(RSS); ok {
		t.Error("a nil Observation has seen something")
	}
}

// TestSamplesFollowTheSeries checks that an observation counts in the interval in which it was made, for every width.
func TestSamplesFollowTheSeries(t *testing.T) {
	var s Samples
	const length = 11 * time.Hour
	for at := time.Duration(0); at <= length; at += time.Second {
		s.Add(at+3*time.Millisecond, seenOf(RSS, at.Seconds()))
		s.Add(at+3*time.Millisecond, seenOf(StoredCalls, at.Seconds()))
		s.Add(at+3*time.Millisecond, seenOf(DiskFree, -at.Seconds()))
	}
	if n := len(s.buckets); n != fineBuckets+middleBuckets+60 {
		t.Errorf("%d intervals in %v", n, length)
	}
	var points []Point
	for at := time.Duration(0); at < length; {
		w := resolution{judgedFine, judgedCoarse}.width(at)
		points = append(points, Point{TS: at.Seconds() + 0.004, WidthS: w.Seconds()})
		at += w
	}
	s.FillSeries(points)
	for i, p := range points {
		end := p.TS + p.WidthS
		rss, ok := p.Server.Get(RSS)
		if !ok || rss < p.TS-1 || rss > end {
			t.Fatalf("point %d, %g to %g s: memory of %g s, %v", i, p.TS, end, rss, ok)
		}
		if p.WidthS > 1 && (rss < p.TS+0.4*p.WidthS || rss > p.TS+0.6*p.WidthS) {
			t.Fatalf("point %d, %g to %g s: the mean is of %g s", i, p.TS, end, rss)
		}
		if stored, _ := p.Server.Get(StoredCalls); stored < end-1.1 || stored > end+0.1 {
			t.Fatalf("point %d, until %g s: stored as of %g s", i, end, stored)
		}
		if free, _ := p.Server.Get(DiskFree); free < -end-0.1 || free > -end+1.1 {
			t.Fatalf("point %d, until %g s: the least free disk is of %g s", i, end, -free)
		}
	}
}

func TestSamplesLatest(t *testing.T) {
	var s Samples
	s.Add(time.Second, seenOf(RSS, 1))
	s.Add(9*time.Second, seenOf(CPU, 2))
	latest := s.Latest(7 * time.Second)
	if _, ok := latest.Get(RSS); ok {
		t.Error("memory of long ago counts as the latest")
	}
	if v, ok := latest.Get(CPU); !ok || v != 2 {
		t.Errorf("processors: %g, %v", v, ok)
	}
	if !s.Observed(RSS) || s.Observed(Heap) {
		t.Error("what was ever seen")
	}
	if list := s.Readings(RSS, 0, time.Minute); len(list) != 1 || list[0] != (Reading{time.Second / 2, 1}) {
		t.Errorf("readings %v", list)
	}
	points := []Point{{TS: 5, WidthS: 1}}
	s.FillSeries(points)
	if points[0].Server != nil {
		t.Error("a point has what was not seen in it")
	}
}
