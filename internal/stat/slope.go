package stat

import (
	"math"
	"slices"
)

// Trend is how a figure changes over time: its slope per second, and the interval in which the true slope lies with 95
// % confidence.
type Trend struct{ Slope, Low, High float64 }

// HalfWidth returns half the width of the interval.
func (t Trend) HalfWidth() float64 { return (t.High - t.Low) / 2 }

// Point is a figure at a time, in seconds.
type Point struct{ T, V float64 }

const (
	maxBlocks   = 60   // in which a series is averaged at most
	minBlocks   = 8    // below which nothing is said about a slope
	blockCycles = 4    // that a block has if there are enough: fewer leave much of a cycle in its mean
	confidence  = 1.96 // standard deviations on either side that hold 95 % of a normal distribution
)

// TheilSen estimates a trend as the median of the slopes between all pairs of points (Theil 1950; its interval by Sen
// 1968), which up to 29 % of outliers do not move. It averages points in blocks first, since the saw-tooth of a garbage
// collector makes neighbours alike. Correlation that remains widens the interval by the factor of Hamed and Rao
// (Journal of Hydrology 204, 1998), and so does what a saw-tooth can feign. It returns false for too few points.
func TheilSen(points []Point) (Trend, bool) {
	first, ok := blockTrend(averageBlocks(points, maxBlocks))
	if !ok {
		return Trend{}, false
	}
	saw := measureOscillation(points, first.Slope)
	tr, ok := blockTrend(averageBlocks(points, int(saw.cycles/blockCycles)))
	if !ok {
		return Trend{}, false
	}
	margin := saw.feignedGrowth() / (points[len(points)-1].T - points[0].T)
	tr.Low, tr.High = min(tr.Low, tr.Slope-margin), max(tr.High, tr.Slope+margin)
	return tr, true
}

// blockTrend estimates the trend of blocks.
func blockTrend(blocks []Point) (Trend, bool) {
	n := len(blocks)
	if n < minBlocks {
		return Trend{}, false
	}
	slopes := pairSlopes(blocks)
	if len(slopes) == 0 {
		return Trend{}, false
	}
	tr := Trend{Slope: middle(slopes)}
	variance := float64(n*(n-1)*(2*n+5)) / 18 * varianceInflation(blocks, tr.Slope)
	c := confidence * math.Sqrt(variance)
	all := float64(len(slopes))
	low, high := int((all-c)/2), int(math.Ceil((all+c)/2))
	tr.Low, tr.High = slopes[max(low, 0)], slopes[min(high, len(slopes)-1)]
	return tr, true
}

// MedianSlope returns the median of the slopes between all pairs of points (the estimator of Theil and Sen), which a
// third of outliers does not move. Of fewer than two points, it is NaN.
func MedianSlope(points []Point) float64 { return middle(pairSlopes(points)) }

// pairSlopes returns the slopes between all pairs of points, sorted.
func pairSlopes(points []Point) []float64 {
	n := len(points)
	slopes := make([]float64, 0, n*(n-1)/2)
	for i, a := range points {
		for _, b := range points[i+1:] {
			if dt := b.T - a.T; dt > 0 {
				slopes = append(slopes, (b.V-a.V)/dt)
			}
		}
	}
	slices.Sort(slopes)
	return slopes
}

// averageBlocks averages points, which are in order, into at most the given number of blocks, of at least two points
// each; but never into fewer than minBlocks if there are enough points.
func averageBlocks(points []Point, most int) []Point {
	n := min(len(points)/2, maxBlocks, max(most, minBlocks))
	blocks := make([]Point, 0, n)
	for i := range n {
		part := points[i*len(points)/n : (i+1)*len(points)/n]
		var b Point
		for _, p := range part {
			b.T += p.T
			b.V += p.V
		}
		n := float64(len(part))
		blocks = append(blocks, Point{b.T / n, b.V / n})
	}
	return blocks
}

// varianceInflation returns by how much correlation between neighbours raises the variance of Kendall's S over that of
// independent points.
func varianceInflation(blocks []Point, slope float64) float64 {
	n := len(blocks)
	rest := make([]float64, n)
	for i, b := range blocks {
		rest[i] = b.V - slope*b.T
	}
	r := Ranks(rest)
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
			break // the rest is chance; negative correlation is no reason to be surer
		}
		sum += float64((n-k)*(n-k-1)*(n-k-2)) * rho
	}
	return 1 + 2*sum/float64(n*(n-1)*(n-2))
}
