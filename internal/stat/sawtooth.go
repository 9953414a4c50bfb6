package stat

import (
	"math"
	"slices"
)

// oscillation describes how points move up and down about a trend.
type oscillation struct {
	height  float64 // from the 5th to the 95th percentile
	cycles  float64 // from low to high and back
	points  float64 // of a cycle
	regular float64 // 0 to 1, see regularity
}

// measureOscillation measures points without their slope. A cycle goes from the lower to the upper part of the height
// and back, so that noise on a saw-tooth is no cycle of its own.
func measureOscillation(points []Point, slope float64) oscillation {
	rest := make([]float64, len(points))
	for i, p := range points {
		rest[i] = p.V - slope*p.T
	}
	sorted := slices.Sorted(slices.Values(rest))
	last := float64(len(sorted) - 1)
	at := func(q float64) float64 { return sorted[int(math.Round(q*last))] }
	s := oscillation{height: at(0.95) - at(0.05)}
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

// regularity measures how alike values are to those some cycles later: 0 where the length of cycles varies, so that
// readings cannot beat with them, and 1 where it never does, or where there are too few cycles to tell.
func regularity(values []float64, cycle float64) float64 {
	const from, to = 6, 10 // cycles
	first, last := int(from*cycle), int(math.Ceil(to*cycle))
	if last > len(values)/2 {
		return 1
	}
	rest := deviations(values)
	total := dot(rest, rest)
	best := 0.0
	for lag := first; lag <= last && total > 0; lag++ {
		n := len(values) - lag
		best = max(best, dot(rest[:n], rest[lag:])/total*float64(len(values))/float64(n))
	}
	const whole = 0.5 // correlation from which values count as regular
	return min(best/whole, 1)
}

// How much growth a saw-tooth can feign, found by simulation: see TestSawToothIsNoGrowth in package judge.
const (
	beatShare = 1.5 // of the height over the points of a cycle but one
	edgeShare = 1   // of the height over the number of cycles
)

// feignedGrowth returns how far a saw-tooth without growth may seem to have grown. Where a cycle lasts nearly a whole
// number of readings, each reading meets it a little later than the one before (aliasing): of n readings, the mean
// drifts by up to an n-th of the height, for any length of time, and of two readings nothing tells that from growth.
// Where there are few cycles, it matters where the first and the last are cut off.
func (s oscillation) feignedGrowth() float64 {
	return s.height * (beatShare*s.regular/max(1, s.points-1) + edgeShare/s.cycles)
}
