package load

import (
	"math"
	"time"
)

// Schedule says when calls are due. It is pure: arrival n is due at one time, however the run goes.
type Schedule interface {
	// Due returns when arrival n (from 0) is due, since the start of the run.
	Due(n uint64) time.Duration
	// Count returns how many arrivals are due before end.
	Count(end time.Duration) uint64
}

// Steady is a constant arrival rate in calls per second. Due times are computed from the start, so that they do not drift.
type Steady float64

// Due returns when arrival n is due.
func (r Steady) Due(n uint64) time.Duration {
	return time.Duration(float64(n) / float64(r) * float64(time.Second))
}

// Count returns how many arrivals are due before end.
func (r Steady) Count(end time.Duration) uint64 {
	n := uint64(math.Ceil(end.Seconds() * float64(r)))
	// Rounding can put the estimate one off; Due decides.
	for n > 0 && r.Due(n-1) >= end {
		n--
	}
	for r.Due(n) < end {
		n++
	}
	return n
}
