package measure

import (
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

// Recorder collects the outcomes of many uploaders at once, in memory that does not grow with the number of uploads.
//
// Uploaders write to a [Shard] each; one caller, once a second, rolls the shards up with [Recorder.Roll]; anyone may look at
// the [Recorder.Snapshot].
type Recorder struct {
	shards []Shard
	spare  *tally // swapped with a shard's, so that rolling up never holds an uploader back

	second, whole tally
	series        series
	snapshot      atomic.Pointer[Snapshot]
}

// Shard is one uploader's way into a Recorder. Uploaders that share one wait for each other for the length of one record.
type Shard struct {
	mu  sync.Mutex
	cur *tally
	_   [64]byte // keeps neighbours off one cache line
}

// Snapshot is how the run stands, for progress displays.
type Snapshot struct {
	Elapsed                     time.Duration
	Attempted, Accepted, Failed uint64
	InFlight                    int
	PerSecond                   float64       // uploads that ended in the last second
	P95                         time.Duration // response time of all accepted uploads so far; 0 without any
}

// shardsPerProcessor is how many shards there are for each processor: enough that two running uploaders rarely meet.
const shardsPerProcessor = 4

// NewRecorder returns an empty Recorder.
func NewRecorder() *Recorder {
	r := &Recorder{
		shards: make([]Shard, shardsPerProcessor*runtime.GOMAXPROCS(0)),
		spare:  newTally(),
		second: *newTally(),
		whole:  *newTally(),
		series: series{pending: newTally()},
	}
	for i := range r.shards {
		r.shards[i].cur = newTally()
	}
	r.snapshot.Store(&Snapshot{})
	return r
}

// Shard returns the shard for uploader i.
func (r *Recorder) Shard(i int) *Shard { return &r.shards[i%len(r.shards)] }

// Record adds one outcome. It is safe for concurrent use and does not allocate, but for the first failure of a kind.
func (s *Shard) Record(o *Outcome) {
	s.mu.Lock()
	s.cur.add(o)
	s.mu.Unlock()
}

// Roll gathers what was recorded since the last roll, as the part of the run that ended at elapsed. One goroutine at a time
// may call it.
func (r *Recorder) Roll(elapsed time.Duration, inFlight int) {
	r.second.reset()
	for i := range r.shards {
		s := &r.shards[i]
		s.mu.Lock()
		s.cur, r.spare = r.spare, s.cur
		s.mu.Unlock()
		r.second.merge(r.spare)
		r.spare.reset()
	}
	r.whole.merge(&r.second)
	r.series.add(&r.second, elapsed, inFlight)

	before := r.snapshot.Load()
	now := &Snapshot{
		Elapsed:   elapsed,
		Attempted: r.whole.attempted,
		Accepted:  r.whole.accepted,
		Failed:    r.whole.attempted - r.whole.accepted,
		InFlight:  inFlight,
		P95:       r.whole.response.Quantile(0.95),
	}
	if width := elapsed - before.Elapsed; width > 0 {
		now.PerSecond = float64(r.second.attempted) / width.Seconds()
	}
	r.snapshot.Store(now)
}

// Snapshot returns how the run stood at the last roll. It is safe for concurrent use.
func (r *Recorder) Snapshot() Snapshot { return *r.snapshot.Load() }

// Fill puts what was recorded into res, after the last roll. Rates are per second of sending.
func (r *Recorder) Fill(res *Result, sending time.Duration) {
	w := &r.whole
	const none = "no upload was accepted"
	res.Latency = w.response.Distribution(none)
	res.ServiceTime = w.service.Distribution(none)
	res.Totals.Attempted = w.attempted
	res.Totals.Accepted = w.accepted
	res.Totals.Failed = w.attempted - w.accepted
	res.Totals.BytesSent = w.bytes
	if w.attempted > 0 {
		success := float64(w.accepted) / float64(w.attempted)
		failure := float64(w.attempted-w.accepted) / float64(w.attempted)
		res.Totals.SuccessRate, res.Totals.ErrorRate = &success, &failure
	}
	if sending > 0 {
		res.Totals.UploadsPerS = float64(w.attempted) / sending.Seconds()
	}
	if w.lag.Count() > 0 {
		p50, p99, most := w.lag.Quantile(0.5).Seconds(), w.lag.Quantile(0.99).Seconds(), w.lag.Max().Seconds()
		res.Generator.LagP50S, res.Generator.LagP99S, res.Generator.LagMaxS = &p50, &p99, &most
	}
	res.Errors, res.ErrorDetails = w.failures.report()
	res.Series = r.series.finish()
}
