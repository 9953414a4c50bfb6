package measure

import (
	"iter"
	"slices"
	"sync/atomic"
	"time"
)

// Cumulative are the counts and times of a run so far, of all phases, also those that are not scored. They never
// decrease while a run goes on, and the sums of consecutive runs are those of all of them: see [Cumulative.Add].
//
// Calls are counted by their last attempt, and without intentional duplicates, unless a field says otherwise.
type Cumulative struct {
	Due     *uint64 // calls that were due, with duplicates; nil in the closed model and for a replay
	Started uint64  // uploads whose sending has begun: every attempt, of duplicates too

	Accepted  uint64
	Failures  []FailureCount // by class and status, in no order
	Retried   uint64         // failed attempts after which the call waited to be sent again
	LeftOut   uint64         // accepted calls that are in none of the times
	BytesSent uint64
	SlotWaits uint64 // calls that were due before an uploader was free
	Connects  uint64 // connections that were opened

	Response, Service Times // of accepted calls
	Lag               Times // of calls that an uploader waited for; open model only
}

// Parent returns the member of the report's "errors" in which the failures count.
func (f *FailureCount) Parent() Parent { return parentOf(f.Class, f.Status) }

// Times are a distribution of durations: the counts of an HdrHistogram of three significant digits, and the exact sum.
type Times struct {
	Count   uint64
	Sum     time.Duration
	buckets []timeBucket // in ascending order
}

// timeBucket is a bucket with samples in it.
type timeBucket struct {
	longest time.Duration
	count   uint64
}

// Buckets returns the buckets with samples in them, from the shortest on: the longest duration of each, and its count.
func (t *Times) Buckets() iter.Seq2[time.Duration, uint64] {
	return func(yield func(time.Duration, uint64) bool) {
		for _, b := range t.buckets {
			if !yield(b.longest, b.count) {
				return
			}
		}
	}
}

// timesOf returns the distribution of a histogram.
func timesOf(h *Histogram) Times {
	t := Times{Count: h.Count(), Sum: h.sum}
	for _, bar := range h.hdr.Distribution() {
		if bar.Count > 0 { // with the end of the bucket, as the longest duration of all changes with the run
			t.buckets = append(t.buckets, timeBucket{time.Duration(bar.To), uint64(bar.Count)})
		}
	}
	return t
}

// Since returns the samples that were added since an earlier state of the same distribution.
func (t *Times) Since(before *Times) Times {
	d := Times{Count: t.Count - before.Count, Sum: t.Sum - before.Sum}
	old := before.buckets
	for _, b := range t.buckets {
		for len(old) > 0 && old[0].longest < b.longest {
			old = old[1:]
		}
		if len(old) > 0 && old[0].longest == b.longest {
			b.count -= old[0].count
		}
		if b.count > 0 {
			d.buckets = append(d.buckets, b)
		}
	}
	return d
}

// Histogram returns a histogram of these samples. Its maximum is the end of the last bucket.
func (t *Times) Histogram() *Histogram { return t.histogram(histDigits) }

func (t *Times) histogram(digits int) *Histogram {
	h := newHistogram(digits)
	for _, b := range t.buckets {
		// A duration within the range is always recorded: the error cannot happen.
		_ = h.hdr.RecordValues(int64(min(b.longest, histHighest)), int64(b.count))
		h.max = b.longest
	}
	h.sum = t.Sum
	return h
}

// HistogramsOf returns the histograms of an interval of the run.
func HistogramsOf(start, end time.Duration, response, service *Times) Histograms {
	h := Histograms{TS: inSeries(start), WidthS: inSeries(end) - inSeries(start), Count: response.Count}
	if response.Count > 0 {
		h.Latency = encode(response.histogram(coarseDigits).hdr)
	}
	if service.Count > 0 {
		h.ServiceTime = encode(service.histogram(coarseDigits).hdr)
	}
	return h
}

// Add adds the samples of another distribution.
func (t *Times) Add(o *Times) {
	t.Count += o.Count
	t.Sum += o.Sum
	sum := make([]timeBucket, 0, len(t.buckets)+len(o.buckets))
	a, b := t.buckets, o.buckets
	for len(a) > 0 && len(b) > 0 {
		switch {
		case a[0].longest < b[0].longest:
			sum, a = append(sum, a[0]), a[1:]
		case a[0].longest > b[0].longest:
			sum, b = append(sum, b[0]), b[1:]
		default:
			sum = append(sum, timeBucket{a[0].longest, a[0].count + b[0].count})
			a, b = a[1:], b[1:]
		}
	}
	t.buckets = append(append(sum, a...), b...)
}

// Add adds the figures of another run.
func (c *Cumulative) Add(o *Cumulative) {
	if o.Due != nil {
		due := OrZero(c.Due) + *o.Due
		c.Due = &due
	}
	c.Started += o.Started
	c.Accepted += o.Accepted
	c.Retried += o.Retried
	c.LeftOut += o.LeftOut
	c.BytesSent += o.BytesSent
	c.SlotWaits += o.SlotWaits
	c.Connects += o.Connects
	c.Failures = slices.Clone(c.Failures)
	for _, f := range o.Failures {
		i := slices.IndexFunc(c.Failures, func(have FailureCount) bool {
			return have.Class == f.Class && have.Status == f.Status
		})
		if i < 0 {
			c.Failures = append(c.Failures, f)
		} else {
			c.Failures[i].Count += f.Count
		}
	}
	c.Response.Add(&o.Response)
	c.Service.Add(&o.Service)
	c.Lag.Add(&o.Lag)
}

// Sending tells a recorder what only the sender of the calls knows. Its functions are called by [Recorder.Roll].
type Sending struct {
	Due      func(at time.Duration) *uint64 // calls that are due until a time of the run; nil if not known
	InFlight func() int                     // uploads in flight
}

// accumulator collects the cumulative figures of a run.
type accumulator struct {
	Sending
	tally   *tally // of all phases but those with duplicates
	ended   uint64 // attempts of all phases that have ended
	current atomic.Pointer[Cumulative]
}

// Accumulate makes the recorder keep [Cumulative] figures. It is called before the first roll.
func (r *Recorder) Accumulate(s Sending) { r.all = &accumulator{Sending: s, tally: newTally()} }

// add adds what was recorded of a phase.
func (a *accumulator) add(p *Phase, t *tally) {
	if a == nil {
		return
	}
	a.ended += t.attempts()
	if !p.Separate {
		a.tally.merge(t)
	}
}

// publish publishes the figures of what was rolled up until a time of the run. An upload is recorded after it is no
// longer in flight. So none counts as started twice, and one that has just ended may be missing until the next roll.
func (a *accumulator) publish(elapsed time.Duration) {
	if a == nil {
		return
	}
	t := a.tally
	now := &Cumulative{
		Due: a.Due(elapsed), Started: a.ended + uint64(max(a.InFlight(), 0)), Accepted: t.accepted, LeftOut: t.leftOut,
		BytesSent: t.bytes, SlotWaits: t.slotWaits, Connects: t.connects, Retried: t.retried,
		Failures: t.failures.counts(), Response: timesOf(t.response), Service: timesOf(t.service), Lag: timesOf(t.lag),
	}
	if before := a.current.Load(); before != nil {
		now.Started = max(now.Started, before.Started)
		if now.Due != nil && before.Due != nil {
			*now.Due = max(*now.Due, *before.Due)
		}
	}
	a.current.Store(now)
}

// Cumulative returns the figures of the last roll, or of one that is about to end; nil before, and without Accumulate.
// They must not be changed. It is safe for concurrent use.
func (r *Recorder) Cumulative() *Cumulative {
	if r.all == nil {
		return nil
	}
	return r.all.current.Load()
}

// Failures returns the classes of failed calls.
func Failures() []Class {
	list := make([]Class, 0, numClasses-1)
	for c := Accepted + 1; c < numClasses; c++ {
		list = append(list, c)
	}
	return list
}
