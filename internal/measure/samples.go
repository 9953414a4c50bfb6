package measure

import (
	"sync"
	"time"
)

// Samples collects what is observed of the server over a run, at the resolution of the finer series: memory grows by
// about 5 MB a week. It is safe for concurrent use.
type Samples struct {
	mu      sync.Mutex
	buckets []*bucket
	latest  bucket
	seenAt  [NumSignals]time.Duration
}

// bucket is one interval.
type bucket struct {
	values [NumSignals]float64
	counts [NumSignals]int32
}

// Add adds an observation at a time since the start of the run. It stands for the second before that.
func (s *Samples) Add(at time.Duration, seen *Observation) {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := bucketOf(max(at-time.Second/2, 0))
	for len(s.buckets) <= i {
		s.buckets = append(s.buckets, nil)
	}
	if s.buckets[i] == nil {
		s.buckets[i] = &bucket{}
	}
	b := s.buckets[i]
	for sig := range NumSignals {
		v, ok := seen.Get(sig)
		if !ok {
			continue
		}
		if b.counts[sig] == 0 {
			b.values[sig] = v
		} else {
			b.values[sig] = sig.merge(b.values[sig], v, int(b.counts[sig]))
		}
		b.counts[sig]++
		s.latest.values[sig], s.latest.counts[sig], s.seenAt[sig] = v, 1, at
	}
}

// Latest returns the last observation, without values older than since.
func (s *Samples) Latest(since time.Duration) Observation {
	s.mu.Lock()
	defer s.mu.Unlock()
	var seen Observation
	for sig := range NumSignals {
		if s.latest.counts[sig] > 0 && s.seenAt[sig] >= since {
			seen.Set(sig, s.latest.values[sig])
		}
	}
	return seen
}

// Forget drops all values of a signal, for example when its meaning changes.
func (s *Samples) Forget(sig Signal) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, b := range s.buckets {
		if b != nil {
			b.counts[sig] = 0
		}
	}
	s.latest.counts[sig] = 0
}

// LatestOf returns the last value of a signal; false if it is older than since.
func (s *Samples) LatestOf(sig Signal, since time.Duration) (float64, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.latest.counts[sig] == 0 || s.seenAt[sig] < since {
		return 0, false
	}
	return s.latest.values[sig], true
}

// Observed reports whether a signal was ever observed.
func (s *Samples) Observed(sig Signal) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.latest.counts[sig] > 0
}

// Reading is one value of a signal, in the middle of its interval.
type Reading struct {
	At    time.Duration // since the start of the run
	Value float64
}

// Readings returns the values of a signal in the intervals whose middle lies between from and to.
func (s *Samples) Readings(sig Signal, from, to time.Duration) (list []Reading) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := bucketOf(max(from, 0)); i < len(s.buckets); i++ {
		start, width := bucketSpan(i)
		mid := start + width/2
		if mid > to {
			break
		}
		if b := s.buckets[i]; b != nil && b.counts[sig] > 0 && mid >= from {
			list = append(list, Reading{mid, b.values[sig]})
		}
	}
	return list
}

// FillSeries writes to each point of a series what was observed in it.
func (s *Samples) FillSeries(points []Point) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := 0
	var counts [NumSignals]int // intervals in the point
	for i, b := range s.buckets {
		if b == nil {
			continue
		}
		start, width := bucketSpan(i)
		mid := (start + width/2).Seconds()
		for p < len(points) && points[p].TS+points[p].WidthS <= mid {
			p++
			counts = [NumSignals]int{}
		}
		if p == len(points) {
			return
		}
		if mid >= points[p].TS {
			b.fill(&points[p], &counts)
		}
	}
}

// fill adds to a point what was observed in an interval. counts has the number of values so far of each signal.
func (b *bucket) fill(p *Point, counts *[NumSignals]int) {
	for sig := range NumSignals {
		if b.counts[sig] == 0 {
			continue
		}
		if p.Server == nil {
			p.Server = &Observation{}
		}
		v := b.values[sig]
		if have, _ := p.Server.Get(sig); counts[sig] > 0 {
			v = sig.merge(have, v, counts[sig])
		}
		p.Server.Set(sig, v)
		counts[sig]++
	}
}

// How many intervals the finer series has in its seconds and its ten seconds: see resolution.
const (
	fineBuckets   = int(judgedFine / time.Second)
	middleBuckets = int((judgedCoarse - judgedFine) / (10 * time.Second))
)

// bucketOf returns the number of the interval that contains a time.
func bucketOf(at time.Duration) int {
	switch {
	case at < judgedFine:
		return int(at / time.Second)
	case at < judgedCoarse:
		return fineBuckets + int((at-judgedFine)/(10*time.Second))
	default:
		return fineBuckets + middleBuckets + int((at-judgedCoarse)/time.Minute)
	}
}

// bucketSpan returns the start and width of an interval.
func bucketSpan(i int) (start, width time.Duration) {
	switch {
	case i < fineBuckets:
		return time.Duration(i) * time.Second, time.Second
	case i < fineBuckets+middleBuckets:
		return judgedFine + time.Duration(i-fineBuckets)*10*time.Second, 10 * time.Second
	default:
		return judgedCoarse + time.Duration(i-fineBuckets-middleBuckets)*time.Minute, time.Minute
	}
}
