package schedule

import "time"

// Schedule says when calls are due. It is pure: arrival n is due at one time, however the run goes.
type Schedule interface {
	// Due returns when arrival n (from 0) is due, since the start of the run.
	Due(n uint64) time.Duration
	// Count returns how many arrivals are due before end.
	Count(end time.Duration) uint64
}
