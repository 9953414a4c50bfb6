package measure

import (
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

// Recorder collects the outcomes of many concurrent uploaders, in memory that does not grow with the number of uploads.
//
// Each uploader writes to a [Shard]; one caller rolls up the shards once a second with [Recorder.Roll]; anyone may read
// the [Recorder.Snapshot].
type Recorder struct {
	shards []Shard
	spare  []*tally // unused; swapped with a shard's, so that a roll never blocks an uploader

	phases []phase
	second basics // the last second of all phases
	// The times of the accepted uploads of that second, to two digits.
	response, service *Histogram

	scored   *tally       // the scored phases so far
	all      *accumulator // nil unless Accumulate was called
	judged   series
	saved    series
	times    intervals
	trend    trend      // of the scored phases
	hour     *Histogram // response times of the hour so far
	hourEnds time.Duration
	recent   recentTimes
	snapshot atomic.Pointer[Snapshot]
}

// phase is a part of the run with a load of its own.
type phase struct {
	Phase
	tally *tally // nil before the first outcome
}

// MaxPhases is how many phases a run can have.
const MaxPhases = 32

// Shard is one uploader's part of a Recorder. Uploaders that share a shard wait for each other for the time of one
// record.
type Shard struct {
	mu  sync.Mutex
	cur [MaxPhases]*tally // by phase; nil without outcomes

	servers []*serverTally // by server, of the whole run; empty if there is one server
	scored  uint32         // a bit for each scored phase
	_       [64]byte       // keeps neighbours off one cache line
}

// Snapshot is the state of the run, for progress displays and for rules that end it early.
type Snapshot struct {
	Elapsed                     time.Duration
	Phase                       string // the last to begin
	Scored                      bool   // the phase is scored
	Attempted, Accepted, Failed uint64 // calls, by their last attempt
	// Uploads: if failed calls are sent again, the failed attempts too.
	Attempts    uint64
	InFlight    int
	Waiting     int           // calls that wait to be sent again
	ResponseSum time.Duration // of the response times of all accepted uploads but LeftOut
	LeftOut     uint64        // accepted uploads whose times are left out
	P95         time.Duration // response time of the accepted uploads of scored phases; 0 without any
	P95Of       uint64        // number of uploads of P95
	// As P95, but of all phases in the last seconds: more than 5, up to 10.
	RecentP95   time.Duration
	RecentP95Of uint64
	Last        Interval
	Failures    []FailureCount // of Failed by kind, the most frequent first; nobody modifies it
	HourP95     time.Duration  // as P95, but of all phases in the last full hour; 0 before
	HourP95Of   uint64
}

// FailureCount is the number of calls that failed in the same way.
type FailureCount struct {
	Class  Class
	Status uint16 // HTTP status of the reply; 0 without a reply
	Count  uint64
}

// Interval is the last second of a run.
type Interval struct {
	Attempts, Accepted uint64
	LeftOut            uint64        // accepted uploads whose times are left out
	PerSecond          float64       // attempts that ended
	Mean, P95          time.Duration // response time of accepted uploads; 0 without any
}

// There are several shards per processor, so that two running uploaders rarely meet. But each costs about 0.7 MB, and
// time at every roll, and a record is so fast that more than maxShards gain nothing.
const (
	shardsPerProcessor = 4
	maxShards          = 16
)

// NewRecorder returns an empty Recorder without phases.
func NewRecorder() *Recorder {
	r := &Recorder{
		shards: make([]Shard, min(shardsPerProcessor*runtime.GOMAXPROCS(0), maxShards)),
		second: newBasics(), response: newHistogram(coarseDigits), service: newHistogram(coarseDigits),
		scored: newTally(), times: newIntervals(),
		judged: newSeries(judgedFine, judgedCoarse), saved: newSeries(savedFine, savedCoarse),
		hour: newHistogram(coarseDigits), hourEnds: time.Hour, recent: newRecentTimes(),
	}
	r.snapshot.Store(&Snapshot{})
	return r
}

// AddPhase starts a phase and returns its index for Outcomes. Its figures are filled in later. It must not be called
// concurrently with Roll, and at most MaxPhases times.
func (r *Recorder) AddPhase(p Phase) uint8 {
	if p.Scored {
		for i := range r.shards {
			r.shards[i].scored |= 1 << len(r.phases)
		}
	}
	r.phases = append(r.phases, phase{Phase: p})
	return uint8(len(r.phases) - 1)
}

// Shard returns the shard for uploader i.
func (r *Recorder) Shard(i int) *Shard { return &r.shards[i%len(r.shards)] }

// Record adds one outcome of a call that will not be sent again. It is safe for concurrent use and does not allocate,
// except for the first upload of a phase and the first failure of a kind.
func (s *Shard) Record(o *Outcome) {
	s.mu.Lock()
	s.tallyOf(o).add(o)
	if t := s.serverOf(o); t != nil {
		t.add(o)
	}
	s.mu.Unlock()
}

// RecordRetry counts a failed attempt whose call waits to be sent again: snapshots include it, totals do not. It is as
// safe for concurrent use as Record.
func (s *Shard) RecordRetry(o *Outcome) {
	s.mu.Lock()
	s.tallyOf(o).retried++
	if t := s.serverOf(o); t != nil {
		t.retried++
	}
	s.mu.Unlock()
}

// RecordAbandoned records a call that will not be sent again after all, with the outcome of its last attempt, which
// RecordRetry has already counted.
func (s *Shard) RecordAbandoned(o *Outcome) {
	s.mu.Lock()
	s.tallyOf(o).abandoned++
	if t := s.serverOf(o); t != nil {
		t.retried--
	}
	s.mu.Unlock()
}

// tallyOf returns the tally in which the outcome counts. The shard must be locked.
func (s *Shard) tallyOf(o *Outcome) *tally {
	t := s.cur[o.Phase]
	if t == nil {
		t = newTally()
		s.cur[o.Phase] = t
	}
	return t
}

// Roll collects what was recorded since the last roll, as the part of the run that ended at elapsed. It must not be
// called concurrently. inFlight counts uploads in flight, waiting the calls that wait to be sent again.
func (r *Recorder) Roll(elapsed time.Duration, inFlight, waiting int) {
	r.second.reset()
	r.response.Reset()
	r.service.Reset()
	scored := r.scored.attempted
	for i := range r.phases {
		r.collect(i)
	}
	r.response.Merge(r.second.response)
	if r.scored.attempted > scored || r.trend.begun() {
		r.trend.add(r.response, r.snapshot.Load().Elapsed, elapsed)
	}
	r.judged.add(&r.second, elapsed, inFlight)
	r.saved.add(&r.second, elapsed, inFlight)
	r.times.add(r.response, r.service, elapsed)
	r.all.publish(elapsed) // before the snapshot, so that whoever sees that has these too
	r.publish(elapsed, inFlight, waiting)
}

// collect takes what all shards have recorded of a phase. They are merged first: that takes fewer merges than to add
// each of them to the phase, the second and the scored phases.
func (r *Recorder) collect(index int) {
	var all *tally
	for i := range r.shards {
		t := r.take(&r.shards[i], index)
		switch {
		case t == nil:
		case all == nil:
			all = t
		default:
			all.merge(t)
			r.putBack(t)
		}
	}
	if all == nil {
		return
	}
	p := &r.phases[index]
	if p.tally == nil {
		p.tally = newTally()
	}
	p.tally.merge(all)
	r.all.add(&p.Phase, all)
	if !p.Separate {
		r.second.merge(&all.basics)
		r.service.Merge(all.service)
	}
	if p.Scored {
		r.scored.merge(all)
	}
	r.putBack(all)
}

// take takes what a shard has recorded of a phase; nil without anything. An empty tally is removed from the shard, so
// that finished phases cost nothing.
func (r *Recorder) take(s *Shard, index int) *tally {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.cur[index]
	switch {
	case t == nil:
		return nil
	case t.empty():
		s.cur[index] = nil
		r.spare = append(r.spare, t)
		return nil
	default:
		s.cur[index] = r.emptyTally()
		return t
	}
}

// putBack empties a tally and keeps it for reuse.
func (r *Recorder) putBack(t *tally) {
	t.reset()
	r.spare = append(r.spare, t)
}

// emptyTally returns an empty tally.
func (r *Recorder) emptyTally() *tally {
	if last := len(r.spare) - 1; last >= 0 {
		t := r.spare[last]
		r.spare = r.spare[:last]
		return t
	}
	return newTally()
}

// Count returns how many uploads of a phase ended in a class, after the last roll.
func (r *Recorder) Count(phase int, c Class) (n uint64) {
	t := r.phases[phase].tally
	if t == nil {
		return 0
	}
	if c == Accepted {
		return t.accepted
	}
	for _, f := range t.failures {
		if f.Class == c {
			n += f.Count
		}
	}
	return n
}

// publish creates a snapshot.
func (r *Recorder) publish(elapsed time.Duration, inFlight, waiting int) {
	before := r.snapshot.Load()
	now := &Snapshot{Elapsed: elapsed, InFlight: inFlight, Waiting: waiting}
	now.RecentP95, now.RecentP95Of = r.recent.add(r.response, elapsed)
	now.P95, now.P95Of = r.scored.response.Quantile(0.95), r.scored.response.Count()
	for i := range r.phases {
		if t := r.phases[i].tally; t != nil && !r.phases[i].Separate {
			now.Attempted += t.attempted
			now.Accepted += t.accepted
			now.Attempts += t.attempts()
			now.ResponseSum += t.response.sum
			now.LeftOut += t.leftOut
			now.Phase, now.Scored = r.phases[i].Name, r.phases[i].Scored
		}
	}
	now.Failed = now.Attempted - now.Accepted
	now.Failures = r.failures()
	now.Last = Interval{
		Attempts: r.second.attempts(), Accepted: r.second.accepted, LeftOut: r.second.leftOut,
		Mean: r.second.response.Mean(), P95: r.second.response.Quantile(0.95),
	}
	if width := elapsed - before.Elapsed; width > 0 {
		now.Last.PerSecond = float64(r.second.attempts()) / width.Seconds()
	}
	now.HourP95, now.HourP95Of = before.HourP95, before.HourP95Of
	r.hour.Merge(r.response)
	if elapsed >= r.hourEnds-time.Second/2 {
		now.HourP95, now.HourP95Of = r.hour.Quantile(0.95), r.hour.Count()
		r.hour.Reset()
		r.hourEnds += time.Hour
	}
	r.snapshot.Store(now)
}

// failures counts the failed calls of all phases but separate ones by kind.
func (r *Recorder) failures() []FailureCount {
	var all failureKinds
	for i := range r.phases {
		if t := r.phases[i].tally; t != nil && !r.phases[i].Separate {
			all.merge(t.failures)
		}
	}
	return all.counts()
}

// Snapshot returns the state of the run at the last roll. It is safe for concurrent use.
func (r *Recorder) Snapshot() Snapshot { return *r.snapshot.Load() }
