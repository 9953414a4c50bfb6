package schedule

import (
	"time"

	"rdiostress/internal/random"
)

// Echo says which calls are intentional duplicates: a share of all, each of the call before it, as when two sites of a
// network are received. Their number is exact: of n calls, the whole part of n times the share.
type Duplicates struct {
	Ratio float64 // 0 to 0.5
	Seed  uint64
}

// maxEcho is how far apart receivers of one transmission are: within a server's window.
const MaxDuplicateDelay = 400 * time.Millisecond

// is tells whether call n is a duplicate of call n-1, which then is none itself.
func (e Duplicates) Has(n uint64) bool { return e.Before(n+1) > e.Before(n) }

// index is how many of the first n calls are duplicates.
func (e Duplicates) Before(n uint64) uint64 { return uint64(float64(n) * e.Ratio) }

// delay is how long after its original a duplicate comes.
func (e Duplicates) Delay(n uint64) time.Duration {
	const steps = uint32(MaxDuplicateDelay/time.Millisecond) + 1
	return time.Duration(random.Below(random.Hash(e.Seed^0xec40, n), steps)) * time.Millisecond
}
