package observe

import (
	"fmt"
	"math/rand/v2"
	"time"

	"rdiostress/internal/measure"
)

// memory decides which kind of memory is read: for one process, the resident set size; for a family, the proportional
// set size, which counts shared pages once. If that may not be read, the resident set sizes are added up.
type memory struct {
	kind, note string
	next       time.Time // time of the next read of proportional memory
}

// The kernel walks all pages of a process for its proportional memory. It is read at random times, so that the reads do
// not coincide with a periodic change of memory.
const (
	pssEvery = 10 * time.Second
	pssExtra = 5 // seconds, chosen at random
)

// start prepares for the first read of a process. The kind stays, so that all values of a run are of one kind.
func (m *memory) start() { m.next = time.Time{} }

// read sets the memory of a family that was summed up, if it is due. It reports whether the kind has changed, so that
// earlier values are of another kind.
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

// proportionalOf adds up the proportional memory of processes. Ended processes have none.
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
