package diagnose

import (
	"fmt"
	"math"
	"slices"

	"rdiostress/internal/measure"
)

const (
	growthPoints = 12 // intervals, below which nothing is said about growth
	growthPart   = 4  // the first and the last quarter are compared
)

// growth compares the time that the server had for a call at the end of the run with that at its beginning, and how steadily it
// rose with the calls stored. What a call takes is by Little's law uploads under way over uploads done a second, which leaves
// out how long calls waited for the generator.
func (s Signals) growth(res *measure.Result) {
	var took, stored []float64
	total := 0.0
	for _, p := range steady(res) {
		total += float64(p.Accepted)
		if p.Attempted == 0 || p.P50S == nil {
			continue
		}
		each := float64(p.InFlight) * p.WidthS / float64(p.Attempted)
		if res.Generator.SlotWaits == 0 { // no call waited, and the median is exacter than a count at one instant
			each = *p.P50S
		}
		took, stored = append(took, each), append(stored, total)
	}
	if len(took) < growthPoints {
		return
	}
	part := len(took) / growthPart
	early, late := median(took[:part]), median(took[len(took)-part:])
	if early <= 0 {
		return
	}
	s.note("service_growth", late/early, Times, fmt.Sprintf("from %s to %s while %s calls were stored",
		duration(early), duration(late), Signal{Value: total}.String()))
	s.set("service_early", early, Seconds)
	s.set("service_late", late, Seconds)
	s.set("service_growth_correlation", spearman(stored, took), Times)
}

// spearman is the rank correlation of two series: 1 where one always rises with the other.
func spearman(x, y []float64) float64 {
	return pearson(ranks(x), ranks(y))
}

func pearson(x, y []float64) float64 {
	mx, my := mean(x), mean(y)
	var xy, xx, yy float64
	for i := range x {
		xy += (x[i] - mx) * (y[i] - my)
		xx += (x[i] - mx) * (x[i] - mx)
		yy += (y[i] - my) * (y[i] - my)
	}
	if xx == 0 || yy == 0 {
		return 0
	}
	return xy / math.Sqrt(xx*yy)
}

// ranks gives each value its place in order; equal ones share the mean of theirs.
func ranks(v []float64) []float64 {
	order := make([]int, len(v))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int {
		switch {
		case v[a] < v[b]:
			return -1
		case v[a] > v[b]:
			return 1
		}
		return 0
	})
	r := make([]float64, len(v))
	for i := 0; i < len(order); {
		j := i
		for j < len(order) && v[order[j]] == v[order[i]] {
			j++
		}
		for k := i; k < j; k++ {
			r[order[k]] = float64(i+j-1) / 2
		}
		i = j
	}
	return r
}

func mean(v []float64) float64 {
	sum := 0.0
	for _, x := range v {
		sum += x
	}
	return sum / float64(len(v))
}

func median(v []float64) float64 { return quantile(v, 0.5) }

// quantile is the value that a share of v lies at or below; of none, it is no number.
func quantile(v []float64, q float64) float64 {
	if len(v) == 0 {
		return math.NaN()
	}
	sorted := slices.Sorted(slices.Values(v))
	at := q * float64(len(sorted)-1)
	low := int(at)
	if low == len(sorted)-1 {
		return sorted[low]
	}
	return sorted[low] + (sorted[low+1]-sorted[low])*(at-float64(low))
}
