package groupcommit

import (
	"sync/atomic"
	"time"

	"rdiostress/internal/server/call"
)

// counts holds the fields of call.Stats that a queue counts.
type counts struct {
	stored, duplicates, repeats, expired atomic.Int64

	batchCalls, queueWait, commit *call.Distribution
}

func newCounts() counts {
	seconds := []float64{.0001, .00025, .0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30}
	return counts{
		batchCalls: call.NewDistribution(1, 2, 4, 8, 16, 32, 64, 128, 256, 512),
		queueWait:  call.NewDistribution(seconds...),
		commit:     call.NewDistribution(seconds...),
	}
}

// Expired counts calls that were deleted because of their age.
func (q *Queue) Expired(n int) { q.counts.expired.Add(int64(n)) }

// Stats returns the statistics of the queue. The store adds those of its pool.
func (q *Queue) Stats() call.Stats {
	return call.Stats{
		Queued:     int(q.waiting.Load()),
		QueueLimit: int(q.limit),
		Breaker:    q.breaker.stats(),
		Written:    time.Unix(0, q.written.Load()),
		Stored:     q.counts.stored.Load(),
		Duplicates: q.counts.duplicates.Load(),
		Repeats:    q.counts.repeats.Load(),
		Expired:    q.counts.expired.Load(),
		BatchCalls: q.counts.batchCalls.Histogram(),
		QueueWait:  q.counts.queueWait.Histogram(),
		Commit:     q.counts.commit.Histogram(),
	}
}
