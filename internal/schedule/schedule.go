package schedule

import "time"

// Schedule says when the calls of an open model are due. It is pure: when arrival n is due does not depend on the run.
type Schedule interface {
	// Due returns when arrival n (from 0) is due, since the start of the run.
	Due(n uint64) time.Duration
	// Count returns how many arrivals are due before end.
	Count(end time.Duration) uint64
}
