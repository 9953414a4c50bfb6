package compare

import (
	"math"
	"slices"

	"github.com/aclements/go-moremath/stats"

	"rdiostress/internal/stat"
)

const (
	// confidence is that of all intervals.
	confidence = 0.95
	// alpha is how often a gated figure may be called changed although nothing has.
	alpha = 1 - confidence
	// power is how often the smallest change that could have been seen would be.
	power = 0.8
	// resolution is the least standard error of a logarithm: a tenth of a percent is one step of a histogram.
	resolution = 0.0005
)

// estimate is a difference of two means of logarithms.
type estimate struct {
	diff float64 // the new side's less the base's
	se   float64 // its standard error
	df   float64 // degrees of freedom of Student's t

	spread func(n float64) (se, df float64) // what both would be with so many runs a side
}

// welch compares independent samples, of at least two values a side. See B. L. Welch, Biometrika 34 (1947).
func welch(base, changed []float64) estimate {
	vb, vn := variance(base), variance(changed)
	at := func(nb, nn float64) (se, df float64) {
		b, n := vb/nb, vn/nn
		if b+n == 0 {
			return resolution, nb + nn - 2
		}
		return max(math.Sqrt(b+n), resolution), (b + n) * (b + n) / (b*b/(nb-1) + n*n/(nn-1))
	}
	e := estimate{diff: stat.Mean(changed) - stat.Mean(base)}
	e.se, e.df = at(float64(len(base)), float64(len(changed)))
	e.spread = func(n float64) (se, df float64) { return at(n, n) }
	return e
}

// paired compares samples that were taken in pairs, of which there are at least two.
func paired(base, changed []float64) estimate {
	diffs := make([]float64, len(base))
	for i := range base {
		diffs[i] = changed[i] - base[i]
	}
	v := variance(diffs)
	at := func(n float64) (se, df float64) { return max(math.Sqrt(v/n), resolution), n - 1 }
	e := estimate{diff: stat.Mean(diffs), spread: at}
	e.se, e.df = at(float64(len(diffs)))
	return e
}

// variance is the unbiased variance of a sample.
func variance(values []float64) float64 {
	mean, sum := stat.Mean(values), 0.0
	for _, v := range values {
		sum += (v - mean) * (v - mean)
	}
	return sum / float64(len(values)-1)
}

// studentT returns the quantile of Student's distribution.
func studentT(share, df float64) float64 { return stats.InvCDF(stats.TDist{V: df})(share) }

// interval returns the ratio and the ends of its interval.
func (e *estimate) interval() Change {
	half := studentT(1-alpha/2, e.df) * e.se
	return Change{Ratio: math.Exp(e.diff), Low: math.Exp(e.diff - half), High: math.Exp(e.diff + half)}
}

// p is how likely so large a difference is where there is none.
func (e *estimate) p() float64 {
	return min(2*(1-stats.TDist{V: e.df}.CDF(math.Abs(e.diff)/e.se)), 1)
}

// visible is the smallest change, as a share of the base, that four of five such comparisons would show.
func (e *estimate) visible() float64 {
	return math.Expm1((studentT(1-alpha/2, e.df) + studentT(power, e.df)) * e.se)
}

// mostRuns is how many runs a side are asked for at most.
const mostRuns = 100

// runsUntil returns how many runs a side it would take until the whole interval is on the good side of a limit, which
// is a logarithm, if the difference and the scatter stay as they are; 0 where no number would do.
func (e *estimate) runsUntil(limit float64, higherIsBetter bool) int {
	for n := MinRuns; n <= mostRuns; n++ {
		se, df := e.spread(float64(n))
		half := studentT(1-alpha/2, df) * se
		if higherIsBetter && e.diff-half > limit || !higherIsBetter && e.diff+half < limit {
			return n
		}
	}
	return 0
}

// rankTest is the p value of the test of Mann, Whitney and Wilcoxon; false where all values are equal.
func rankTest(base, changed []float64) (float64, bool) {
	result, err := stats.MannWhitneyUTest(base, changed, stats.LocationDiffers)
	if err != nil {
		return 0, false
	}
	return min(result.P, 1), true
}

// holm corrects p values for their number. See S. Holm, Scandinavian Journal of Statistics 6 (1979).
func holm(ps []float64) []float64 {
	order := make([]int, len(ps))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int {
		switch {
		case ps[a] < ps[b]:
			return -1
		case ps[a] > ps[b]:
			return 1
		}
		return a - b
	})
	corrected, least := make([]float64, len(ps)), 0.0
	for rank, i := range order {
		least = min(max(least, float64(len(ps)-rank)*ps[i]), 1)
		corrected[i] = least
	}
	return corrected
}
