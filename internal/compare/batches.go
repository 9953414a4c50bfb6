package compare

import (
	"math"

	"rdiostress/internal/stat"
)

const (
	// minBatches is how many batches a side must have, for their scatter to say something.
	minBatches = 8
	// batchTimes is how many times the autocorrelation time a batch lasts, so that neighbours hardly know each other.
	batchTimes = 4
)

// autocorrelationTime is how many values of a series count as one independent value: 1 plus twice the sum of the
// autocorrelations, over a window of at least five such times. See A. Sokal, Monte Carlo Methods in Statistical
// Mechanics (1989), section 3.
func autocorrelationTime(series []float64) float64 {
	const window = 5
	mean, all := stat.Mean(series), 0.0
	for _, v := range series {
		all += (v - mean) * (v - mean)
	}
	if all == 0 {
		return 1
	}
	time := 1.0
	for lag := 1; lag < len(series); lag++ {
		sum := 0.0
		for i := lag; i < len(series); i++ {
			sum += (series[i] - mean) * (series[i-lag] - mean)
		}
		time += 2 * sum / all
		if float64(lag) >= window*time {
			break
		}
	}
	return max(time, 1)
}

// batchLength is how many values of several series, one of each run, make a batch, at least so many.
func batchLength(least int, runs [][]float64) int {
	longest := 1.0
	for _, series := range runs {
		longest = max(longest, autocorrelationTime(series))
	}
	if longest <= 1 {
		return max(least, 1)
	}
	return max(least, int(math.Ceil(batchTimes*longest)))
}
