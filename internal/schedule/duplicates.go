package schedule

import (
	"time"

	"rdiostress/internal/random"
)

// Duplicates says which calls are intentional duplicates. Each repeats the call before it, as when a receiver hears two
// sites of a network. Their number is exact: of the first n calls, floor(n · Ratio) are duplicates.
type Duplicates struct {
	Ratio float64 // 0 to 0.5
	Seed  uint64
}

// MaxDuplicateDelay is the longest delay of a duplicate behind its original. It is shorter than the window within which
// servers recognise duplicates.
const MaxDuplicateDelay = 400 * time.Millisecond

// Has reports whether call n is a duplicate of call n-1. The original of a duplicate is never a duplicate itself.
func (d Duplicates) Has(n uint64) bool { return d.Before(n+1) > d.Before(n) }

// Before returns how many of the first n calls are duplicates.
func (d Duplicates) Before(n uint64) uint64 { return uint64(float64(n) * d.Ratio) }

// Delay returns how long after its original duplicate n is due.
func (d Duplicates) Delay(n uint64) time.Duration {
	const steps = uint32(MaxDuplicateDelay/time.Millisecond) + 1
	return time.Duration(random.Below(random.Hash(d.Seed^0xec40, n), steps)) * time.Millisecond
}
