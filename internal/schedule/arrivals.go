package schedule

import (
	"sort"
	"sync/atomic"
	"time"

	"rdiostress/internal/random"
)

// Arrivals is the schedule of an open model: calls at the rate that a shape gives, evenly spaced or, as independent
// callers make them, at random.
//
// Both start from arrivals of rate one, which are 0, 1, 2… or a Poisson process, and map them through the inverse of
// the shape's area. A Poisson process stays one: its rate is then the shape's (Çınlar, Introduction to Stochastic
// Processes, 1975).
type Arrivals struct {
	shape      Shape
	starts     []time.Duration // of the stages, and the end
	ends       []float64       // the shape's area at the end of each stage
	unit       *process        // nil for even arrivals
	Duplicates Duplicates      // are due soon after their originals
}

// NewConstant returns evenly spaced arrivals.
func NewConstant(shape Shape) *Arrivals {
	a := &Arrivals{shape: shape, starts: make([]time.Duration, len(shape)+1), ends: make([]float64, len(shape))}
	area := 0.0
	for i, stage := range shape {
		area += stage.area()
		a.ends[i], a.starts[i+1] = area, a.starts[i]+stage.Length
	}
	return a
}

// NewPoisson returns random arrivals. The same seed gives the same arrivals.
func NewPoisson(shape Shape, seed uint64) *Arrivals {
	a := NewConstant(shape)
	a.unit = newProcess(seed, shape.Area(shape.Length()))
	return a
}

// Due returns when arrival n is due.
func (a *Arrivals) Due(n uint64) time.Duration {
	if a.Duplicates.Has(n) {
		return min(a.due(n), a.due(n-1)+a.Duplicates.Delay(n))
	}
	return a.due(n)
}

func (a *Arrivals) due(n uint64) time.Duration {
	if a.unit == nil {
		return a.time(float64(n))
	}
	return a.time(a.unit.at(n))
}

// time is Shape.Time, but fast for shapes of thousands of stages.
func (a *Arrivals) time(area float64) time.Duration {
	i := sort.Search(len(a.ends), func(i int) bool { return a.ends[i] > area })
	if i == len(a.ends) {
		return a.starts[i] + time.Nanosecond
	}
	if i > 0 {
		area -= a.ends[i-1]
	}
	return a.starts[i] + a.shape[i:i+1].Time(area)
}

// Count returns how many arrivals are due before end. It agrees with Due to the nanosecond.
func (a *Arrivals) Count(end time.Duration) uint64 {
	n := uint64(a.shape.Area(end))
	if a.unit != nil {
		n = a.unit.before(a.shape.Area(end))
	}
	for n > 0 && a.Due(n-1) >= end {
		n--
	}
	for a.Due(n) < end {
		n++
	}
	return n
}

// process is a Poisson process of rate one with random access. The start of each block of arrivals is computed once;
// the arrivals of a block are computed when one of them is asked for.
type process struct {
	seed   uint64
	starts []float64 // of the blocks; 8 bytes for blockLen arrivals
	recent [recentBlocks]atomic.Pointer[block]
}

const (
	blockLen     = 1024
	recentBlocks = 8 // arrivals that are awaited at the same time span fewer
)

type block struct {
	number uint64
	at     [blockLen]float64
}

// newProcess computes the starts of the blocks up to a time.
func newProcess(seed uint64, until float64) *process {
	p := &process{seed: seed, starts: []float64{0}}
	for start := 0.0; start <= until; {
		start += random.Gamma(random.Hash(seed, uint64(len(p.starts))), blockLen)
		p.starts = append(p.starts, start)
	}
	return p
}

// at returns the time of arrival n, or a time after the end if the process does not reach so far.
func (p *process) at(n uint64) float64 {
	number := n / blockLen
	if number+1 >= uint64(len(p.starts)) {
		return p.starts[len(p.starts)-1] + float64(n)
	}
	slot := &p.recent[number%recentBlocks]
	b := slot.Load()
	if b == nil || b.number != number {
		b = p.layOut(number) // several goroutines may do so at once, with the same result
		slot.Store(b)
	}
	return b.at[n%blockLen]
}

// layOut computes the arrivals of a block: exponential gaps, scaled so that they end where the next block begins.
func (p *process) layOut(number uint64) *block {
	b := &block{number: number}
	seed := random.Hash(p.seed^0xa11, number)
	sum := 0.0
	for i := range b.at {
		sum += random.Exponential(random.Hash(seed, uint64(i)))
		b.at[i] = sum
	}
	start, length := p.starts[number], p.starts[number+1]-p.starts[number]
	for i := range b.at {
		b.at[i] = start + b.at[i]/sum*length
	}
	return b
}

// before returns about how many arrivals are before t. It may be too low by one block.
func (p *process) before(t float64) uint64 {
	for i := len(p.starts) - 1; i > 0; i-- {
		if p.starts[i] <= t {
			return uint64(i) * blockLen
		}
	}
	return 0
}
