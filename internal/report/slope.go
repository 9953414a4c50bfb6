package report

import (
	"cmp"
	"math"
	"slices"
)

// trend is how a figure changes over time: its slope per second, and the interval that the true one lies in with 95 %
// confidence.
type trend struct{ slope, low, high float64 }

// halfWidth is half the width of the interval.
func (t trend) halfWidth() float64 { return (t.high - t.low) / 2 }

// at is a figure at a time, in seconds.
type at struct{ t, v float64 }

const (
	mostBlocks  = 60   // that a series is averaged down to
	leastBlocks = 8    // that say anything about a slope
	blockCycles = 4    // that a block has where the series has enough: fewer leave much of a cycle in its mean
	confidence  = 1.96 // standard deviations on either side that hold 95 % of a normal distribution
)

// theilSen estimates a trend as the median of the slopes between all pairs of points (Theil 1950; its interval by Sen
// 1968), which up to 29 % of outliers do not move. Points are averaged in blocks first, since the saw-tooth of a
// garbage collector makes neighbours alike; what is left of that widens the interval by the factor of Hamed and Rao
// (Journal of Hydrology 204, 1998), and so does what the saw-tooth can feign: see feigned. It is false for too few
// points.
func theilSen(points []at) (trend, bool) {
	first, ok := slopeOf(inBlocks(points, mostBlocks))
	if !ok {
		return trend{}, false
	}
	saw := sawOf(points, first.slope)
	tr, ok := slopeOf(inBlocks(points, int(saw.cycles/blockCycles)))
	if !ok {
		return trend{}, false
	}
	margin := saw.feigned() / (points[len(points)-1].t - points[0].t)
	tr.low, tr.high = min(tr.low, tr.slope-margin), max(tr.high, tr.slope+margin)
	return tr, true
}

// slopeOf is Theil and Sen's estimate from blocks.
func slopeOf(blocks []at) (trend, bool) {
	n := len(blocks)
	if n < leastBlocks {
		return trend{}, false
	}
	slopes := make([]float64, 0, n*(n-1)/2)
	for i := range blocks {
		for j := i + 1; j < n; j++ {
			if dt := blocks[j].t - blocks[i].t; dt > 0 {
				slopes = append(slopes, (blocks[j].v-blocks[i].v)/dt)
			}
		}
	}
	if len(slopes) == 0 {
		return trend{}, false
	}
	slices.Sort(slopes)
	tr := trend{slope: median(slopes)}
	variance := float64(n*(n-1)*(2*n+5)) / 18 * inflation(blocks, tr.slope)
	c := confidence * math.Sqrt(variance)
	all := float64(len(slopes))
	low, high := int((all-c)/2), int(math.Ceil((all+c)/2))
	tr.low, tr.high = slopes[max(low, 0)], slopes[min(high, len(slopes)-1)]
	return tr, true
}

// saw is what goes up and down about a trend.
type saw struct {
	height  float64 // from where 5 % of the points lie below to where 5 % lie above
	cycles  float64 // from low to high and back
	points  float64 // of a cycle
	regular float64 // 0 to 1: how alike the points are to those some cycles later
}

// sawOf measures what is left of points without their slope. A cycle is from the lower to the upper part of the height
// and back, so that noise on a saw-tooth makes none of its own.
func sawOf(points []at, slope float64) saw {
	rest := make([]float64, len(points))
	for i, p := range points {
		rest[i] = p.v - slope*p.t
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
	var mean, total float64
	for _, v := range values {
		mean += v / float64(len(values))
	}
	for _, v := range values {
		total += (v - mean) * (v - mean)
	}
	best := 0.0
	for lag := first; lag <= last && total > 0; lag++ {
		var sum float64
		for i := range len(values) - lag {
			sum += (values[i] - mean) * (values[i+lag] - mean)
		}
		best = max(best, sum/total*float64(len(values))/float64(len(values)-lag))
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

// inBlocks averages points, which are in order, into most blocks at most, of two points at least; into leastBlocks in
// any case.
func inBlocks(points []at, most int) []at {
	n := min(len(points)/2, mostBlocks, max(most, leastBlocks))
	blocks := make([]at, 0, n)
	for i := range n {
		part := points[i*len(points)/n : (i+1)*len(points)/n]
		var b at
		for _, p := range part {
			b.t += p.t
			b.v += p.v
		}
		n := float64(len(part))
		blocks = append(blocks, at{b.t / n, b.v / n})
	}
	return blocks
}

// inflation is by how much correlation between neighbours raises the variance of Kendall's S over that of independent
// points.
func inflation(blocks []at, slope float64) float64 {
	n := len(blocks)
	rest := make([]float64, n)
	for i, b := range blocks {
		rest[i] = b.v - slope*b.t
	}
	r := ranks(rest)
	mean := float64(n-1) / 2
	var total float64
	for _, v := range r {
		total += (v - mean) * (v - mean)
	}
	if total == 0 {
		return 1
	}
	sum := 0.0
	for k := 1; k < n/2; k++ {
		var rho float64
		for i := range n - k {
			rho += (r[i] - mean) * (r[i+k] - mean) / total
		}
		if rho <= confidence/math.Sqrt(float64(n)) {
			break // from here on it is chance; and negative correlation is not taken as a reason to be surer
		}
		sum += float64((n-k)*(n-k-1)*(n-k-2)) * rho
	}
	return 1 + 2*sum/float64(n*(n-1)*(n-2))
}

// ranks are the places of values in their order, equal ones sharing the mean of theirs.
func ranks(values []float64) []float64 {
	order := make([]int, len(values))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Compare(values[a], values[b]) })
	out := make([]float64, len(values))
	for i := 0; i < len(order); {
		j := i
		for j < len(order) && values[order[j]] == values[order[i]] {
			j++
		}
		for _, k := range order[i:j] {
			out[k] = float64(i+j-1) / 2
		}
		i = j
	}
	return out
}

// median of sorted values.
func median(sorted []float64) float64 {
	n := len(sorted)
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}
