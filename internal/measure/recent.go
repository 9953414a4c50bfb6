package measure

import "time"

// recentFor is the least time that recent times cover, and half of the most.
const recentFor = 5 * time.Second

// recentTimes are the response times of the last seconds: of those since the last turn, and of the recentFor before it.
type recentTimes struct {
	now, before, sum *Histogram
	turned           time.Duration // time of the last turn
}

func newRecentTimes() recentTimes {
	return recentTimes{
		now: newHistogram(coarseDigits), before: newHistogram(coarseDigits), sum: newHistogram(coarseDigits),
	}
}

// add adds the response times until elapsed. It returns the 95th percentile of the last seconds, and of how many
// uploads it is.
func (t *recentTimes) add(response *Histogram, elapsed time.Duration) (p95 time.Duration, uploads uint64) {
	t.now.Merge(response)
	t.sum.Reset()
	t.sum.Merge(t.before)
	t.sum.Merge(t.now)
	if elapsed-t.turned >= recentFor-rollSlack {
		t.before.Reset()
		t.now, t.before = t.before, t.now
		t.turned = elapsed
	}
	return t.sum.Quantile(0.95), t.sum.Count()
}
