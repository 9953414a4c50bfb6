package observe

import (
	"fmt"
	"math/rand/v2"
	"time"

	"rdiostress/internal/measure"
)

// memory decides which kind of memory is read of the server: of one process, what is resident; of a family, the
// proportional set size, in which pages that several share count once. Where that may not be read, resident memory is
// added up.
type memory struct {
	kind, note string
	next       time.Time // when the proportional memory is read again
}

// The kernel walks all pages of a process for its proportional memory. It is read at random times, so that it does not
// beat with whatever makes memory go up and down.
const (
	pssEvery = 10 * time.Second
	pssExtra = 5 // seconds, at random
)

// start is before the first look at a process. The kind stays, so that all figures of a run are of one.
func (m *memory) start() { m.next = time.Time{} }

// read sets the memory of a family that has been summed up, where it is due. It reports whether the kind has changed,
// so that what was read before is of another.
func (m *memory) read(family []int32, sum *familySum, now time.Time, seen *measure.Observation) (changed bool) {
	if sum.n == 0 {
		return false
	}
	before := m.kind
	if m.kind == "" {
		m.kind = measure.MemoryRSS
	}
	if m.kind == measure.MemoryRSS && sum.n > 1 {
		m.kind = measure.MemoryPSS
	}
	if m.kind == measure.MemoryPSS {
		if now.Before(m.next) {
			return false
		}
		m.next = now.Add(pssEvery + time.Duration(rand.IntN(pssExtra))*time.Second)
		bytes, err := proportionalOf(family)
		if err == nil {
			seen.Set(measure.RSS, bytes)
			return before == measure.MemoryRSS || before == measure.MemorySummed
		}
		m.kind, m.note = measure.MemorySummed, fmt.Sprintf(
			"the proportional memory of its processes cannot be read: %v",
			err,
		)
	}
	seen.Set(measure.RSS, sum.rss)
	return before == measure.MemoryPSS
}

// proportionalOf adds up the proportional memory of processes. Those that have ended have none.
func proportionalOf(family []int32) (sum float64, err error) {
	for _, pid := range family {
		bytes, err := proportional(pid)
		if err != nil {
			return 0, err
		}
		sum += bytes
	}
	return sum, nil
}
