package measure

import (
	"math"
	"math/bits"
	"slices"
)

// shareUnit is the resolution of quantiles: shares are decimals such as 0.95 or 0.999, which a float64 only
// approximates.
const shareUnit = 1e9

// share returns q as a whole number of units, so that no rounding error decides.
func share(q float64) uint64 { return uint64(math.Round(min(max(q, 0), 1) * shareUnit)) }

// Rank returns the rank, counted from 1, of the quantile q (0 to 1) in a sorted list of n samples: that of the smallest
// sample that at least the share q of them does not exceed. It is q*n rounded up, as in HdrHistogram for Java and
// JavaScript, and 0 without samples.
func Rank(q float64, n uint64) uint64 {
	if n == 0 {
		return 0
	}
	high, low := bits.Mul64(share(q), n)
	rank, rest := bits.Div64(high, low, shareUnit)
	if rest > 0 {
		rank++
	}
	return max(rank, 1)
}

// Quantile returns the quantile q (0 to 1) of values, by the same rule as a Histogram's; NaN without values.
func Quantile(values []float64, q float64) float64 {
	if len(values) == 0 {
		return math.NaN()
	}
	sorted := slices.Sorted(slices.Values(values))
	return sorted[Rank(q, uint64(len(sorted)))-1]
}

// TooFew reports whether n samples are too few for the quantile q: less than one sample lies beyond it, so that it is
// little more than their maximum. The 95th percentile needs 20 samples, the 99th 100.
func TooFew(q float64, n uint64) bool {
	high, low := bits.Mul64(shareUnit-share(q), n)
	return high == 0 && low < shareUnit
}

// FewSamples returns the names of the percentiles, as in the JSON report, that n samples are too few for; nil if there
// are enough for all. If names are given, it checks only those percentiles.
func FewSamples(n uint64, of ...string) (names []string) {
	for _, p := range []struct {
		name string
		q    float64
	}{{"p50_s", 0.5}, {"p90_s", 0.9}, {"p95_s", 0.95}, {"p99_s", 0.99}, {"p999_s", 0.999}} {
		if TooFew(p.q, n) && (len(of) == 0 || slices.Contains(of, p.name)) {
			names = append(names, p.name)
		}
	}
	return names
}
