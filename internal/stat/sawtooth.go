package stat

import (
	"math"
	"slices"
)

// saw is what goes up and down about a trend.
type saw struct {
	height  float64 // from where 5 % of the points lie below to where 5 % lie above
	cycles  float64 // from low to high and back
	points  float64 // of a cycle
	regular float64 // 0 to 1: how alike the points are to those some cycles later
}

// sawOf measures what is left of points without their slope. A cycle is from the lower to the upper part of the height
// and back, so that noise on a saw-tooth makes none of its own.
func sawOf(points []Point, slope float64) saw {
	rest := make([]float64, len(points))
	for i, p := range points {
		rest[i] = p.V - slope*p.T
	}
	sorted := slices.Sorted(slices.Values(rest))
	last := float64(len(sorted) - 1)
	at := func(q float64) float64 { return sorted[int(math.Round(q*last))] }
	s := saw{height: at(0.95) - at(0.05)}
	low, high := at(0.05)+0.3*s.height, at(0.05)+0.7*s.height
	turns, up := 0, rest[0] > (low+high)/2
	for _, v := range rest {
		if up && v < low || !up && v > high {
			turns, up = turns+1, !up
		}
	}
	s.cycles = max(1, float64(turns)/2)
	s.points = float64(len(points)) / s.cycles
	s.regular = regularity(rest, s.points)
	return s
}

// regularity is how alike values are to those some cycles later: 0 where a cycle's length varies, so that nothing can
// beat with it, and 1 where it is always the same, or where there are too few cycles to tell.
func regularity(values []float64, cycle float64) float64 {
	const from, to = 6, 10 // cycles
	first, last := int(from*cycle), int(math.Ceil(to*cycle))
	if last > len(values)/2 {
		return 1
	}
	rest := fromMean(values)
	total := dot(rest, rest)
	best := 0.0
	for lag := first; lag <= last && total > 0; lag++ {
		n := len(values) - lag
		best = max(best, dot(rest[:n], rest[lag:])/total*float64(len(values))/float64(n))
	}
	const whole = 0.5 // a correlation from which on it counts as regular
	return min(best/whole, 1)
}

// What a saw-tooth can feign, found by simulation: see TestSawToothIsNoGrowth.
const (
	beatShare = 1.5 // of the height over the points of a cycle but one
	edgeShare = 1   // of the height over the number of cycles
)

// feigned is how far a saw-tooth without growth may seem to have grown. Readings at a fixed pace meet each cycle a
// little later than the one before, where its length is nearly a whole number of readings: of n readings, the mean then
// drifts by up to an n-th of the height, over as long as one likes (aliasing; of two readings, nothing tells that from
// growth). And of few cycles, where the first and the last are cut off weighs on the slope.
func (s saw) feigned() float64 {
	return s.height * (beatShare*s.regular/max(1, s.points-1) + edgeShare/s.cycles)
}
