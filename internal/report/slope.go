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
	confidence  = 1.96 // standard deviations on either side that hold 95 % of a normal distribution
)

// theilSen estimates a trend as the median of the slopes between all pairs of points (Theil 1950; its interval by Sen 1968),
// which up to 29 % of outliers do not move. Points are averaged in blocks first, since the saw-tooth of a garbage collector makes
// neighbours alike; what is left of that widens the interval by the factor of Hamed and Rao (Journal of Hydrology 204, 1998). It is
// false for too few points.
func theilSen(points []at) (trend, bool) {
	blocks := inBlocks(points)
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

// inBlocks averages points, which are in order, to at most mostBlocks, of two points at least.
func inBlocks(points []at) []at {
	n := min(len(points)/2, mostBlocks)
	blocks := make([]at, 0, n)
	for i := range n {
		part := points[i*len(points)/n : (i+1)*len(points)/n]
		var b at
		for _, p := range part {
			b.t += p.t / float64(len(part))
			b.v += p.v / float64(len(part))
		}
		blocks = append(blocks, b)
	}
	return blocks
}

// inflation is by how much correlation between neighbours raises the variance of Kendall's S over that of independent points.
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
