package call

import (
	"slices"
	"sync/atomic"
	"time"
)

// Stats are statistics of a Store: current values, or totals since it was opened.
type Stats struct {
	Queued     int // calls that wait to be stored or are being stored
	QueueLimit int

	Pool    PoolStats
	Breaker BreakerStats
	Bucket  BreakerStats // of the requests to a bucket; no State means that there is no bucket

	Written time.Time // time of the last durable write; long ago if there was none

	Stored     int64 // calls
	Duplicates int64 // calls refused with ErrDuplicate
	Repeats    int64 // calls sent again that were already stored
	Expired    int64 // calls deleted by retention

	BatchCalls Histogram // calls in one transaction
	QueueWait  Histogram // seconds that a call waited for its transaction to begin
	Commit     Histogram // seconds that a transaction took, commit and retries included
}

// PoolStats are statistics of the database connections.
type PoolStats struct {
	InUse, Idle, Max int
	Waits            int64         // acquisitions that found no idle connection
	Waited           time.Duration // total wait of all acquisitions
	Opened           int64         // connections made
}

// BreakerState is the state of a circuit breaker.
type BreakerState string

// States of a circuit breaker.
const (
	BreakerClosed   BreakerState = "closed"    // calls are stored
	BreakerOpen     BreakerState = "open"      // calls are refused at once
	BreakerHalfOpen BreakerState = "half-open" // the next transaction decides
)

// BreakerStats are statistics of the circuit breaker.
type BreakerStats struct {
	State    BreakerState
	Failures int   // in a row
	Opened   int64 // how often it has opened
}

// Histogram counts observations in buckets, as Prometheus does.
type Histogram struct {
	Count   uint64
	Sum     float64
	Buckets map[float64]uint64 // by upper bound, inclusive; each includes the counts of the smaller ones
}

// Distribution collects a Histogram. It is safe for concurrent use. Create one with NewDistribution.
type Distribution struct {
	bounds []float64
	counts []atomic.Uint64 // one more than bounds
	nanos  atomic.Int64    // the sum in billionths, so that adding needs no lock
}

// NewDistribution returns a Distribution with the given upper bounds, in ascending order.
func NewDistribution(bounds ...float64) *Distribution {
	return &Distribution{bounds: bounds, counts: make([]atomic.Uint64, len(bounds)+1)}
}

// Observe counts one value of at most 1e9.
func (d *Distribution) Observe(v float64) {
	i, _ := slices.BinarySearch(d.bounds, v)
	d.counts[i].Add(1)
	d.nanos.Add(int64(v * 1e9))
}

// Histogram returns the observations so far.
func (d *Distribution) Histogram() Histogram {
	h := Histogram{Sum: float64(d.nanos.Load()) / 1e9, Buckets: make(map[float64]uint64, len(d.bounds))}
	for i := range d.counts {
		h.Count += d.counts[i].Load()
		if i < len(d.bounds) {
			h.Buckets[d.bounds[i]] = h.Count
		}
	}
	return h
}
