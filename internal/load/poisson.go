package load

import (
	"math"
	"sync/atomic"
	"time"
)

// Arrivals says when the calls of an open model are due: evenly, or at random as independent callers do, at the rate that a
// shape gives.
//
// Both are made from arrivals of rate one, 0, 1, 2… or a Poisson process, by the inverse of the shape's area; for the latter this
// gives a Poisson process of just that varying rate (Çınlar, Introduction to Stochastic Processes, 1975).
type Arrivals struct {
	shape Shape
	unit  *poisson // nil for even arrivals
}

// NewArrivals returns even arrivals.
func NewArrivals(shape Shape) *Arrivals { return &Arrivals{shape: shape} }

// NewPoissonArrivals returns random arrivals, the same for the same seed.
func NewPoissonArrivals(shape Shape, seed uint64) *Arrivals {
	return &Arrivals{shape: shape, unit: newPoisson(seed, shape.Area(shape.Length()))}
}

// Due returns when arrival n is due.
func (a *Arrivals) Due(n uint64) time.Duration {
	if a.unit == nil {
		return a.shape.Time(float64(n))
	}
	return a.shape.Time(a.unit.at(n))
}

// Count returns how many arrivals are due before end. Due decides, to the nanosecond.
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

// poisson is a Poisson process of rate one, of which any arrival can be had at once: where each block of arrivals begins is
// known, and a block in use is laid out whole.
type poisson struct {
	seed   uint64
	starts []float64 // of the blocks; 8 bytes for blockLen arrivals
	recent [recentBlocks]atomic.Pointer[block]
}

const (
	blockLen     = 1024
	recentBlocks = 8 // more than arrivals waited for ever span
)

type block struct {
	number uint64
	at     [blockLen]float64
}

// newPoisson covers the process up to a given time.
func newPoisson(seed uint64, until float64) *poisson {
	p := &poisson{seed: seed, starts: []float64{0}}
	for start := 0.0; start <= until; {
		start += gamma(hash(seed, uint64(len(p.starts))), blockLen)
		p.starts = append(p.starts, start)
	}
	return p
}

// at returns when arrival n is, or a time after the process where it is not covered.
func (p *poisson) at(n uint64) float64 {
	number := n / blockLen
	if number+1 >= uint64(len(p.starts)) {
		return p.starts[len(p.starts)-1] + float64(n)
	}
	slot := &p.recent[number%recentBlocks]
	b := slot.Load()
	if b == nil || b.number != number {
		b = p.layOut(number) // by several at once perhaps, who then make the same
		slot.Store(b)
	}
	return b.at[n%blockLen]
}

// layOut places a block's arrivals. Given where the next block begins, they are spread as exponential gaps scaled to fit.
func (p *poisson) layOut(number uint64) *block {
	b := &block{number: number}
	seed := hash(p.seed^0xa11, number)
	sum := 0.0
	for i := range b.at {
		sum += exponential(hash(seed, uint64(i)))
		b.at[i] = sum
	}
	start, length := p.starts[number], p.starts[number+1]-p.starts[number]
	for i := range b.at {
		b.at[i] = start + b.at[i]/sum*length
	}
	return b
}

// before returns about how many arrivals are before t; it may be off by those of a block.
func (p *poisson) before(t float64) uint64 {
	for i := len(p.starts) - 1; i > 0; i-- {
		if p.starts[i] <= t {
			return uint64(i) * blockLen
		}
	}
	return 0
}

// uniform makes a number in (0, 1] of a random one.
func uniform(h uint64) float64 { return float64(h>>11+1) / (1 << 53) }

func exponential(h uint64) float64 { return -math.Log(uniform(h)) }

// normal draws from the standard normal distribution (Box and Muller, 1958).
func normal(h uint64) float64 {
	return math.Sqrt(-2*math.Log(uniform(hash(h, 1)))) * math.Cos(2*math.Pi*uniform(hash(h, 2)))
}

// gamma draws the sum of k exponential gaps (Marsaglia and Tsang, ACM TOMS 26(3), 2000).
func gamma(h uint64, k float64) float64 {
	d := k - 1.0/3
	c := 1 / math.Sqrt(9*d)
	for try := uint64(0); ; try++ {
		x := normal(hash(h, 2*try))
		v := math.Pow(1+c*x, 3)
		if v > 0 && math.Log(uniform(hash(h, 2*try+1))) < x*x/2+d-d*v+d*math.Log(v) {
			return d * v
		}
	}
}
