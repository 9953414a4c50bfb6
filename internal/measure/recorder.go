package measure

import (
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

// Recorder collects the outcomes of many uploaders at once, in memory that does not grow with the number of uploads.
//
// Uploaders write to a [Shard] each; one caller, once a second, rolls the shards up with [Recorder.Roll]; anyone may
// look at the [Recorder.Snapshot].
type Recorder struct {
	shards []Shard
	spare  []*tally // not in use; swapped with a shard's, so that rolling up never holds an uploader back

	phases   []phase
	second   *tally // the last second of all phases
	scored   *tally // the scored phases so far
	judged   series
	saved    series
	times    intervals
	trend    trend      // of the scored phases
	hour     *Histogram // response times of the hour so far
	hourEnds time.Duration
	snapshot atomic.Pointer[Snapshot]
}

// phase is a part of the run with a load of its own.
type phase struct {
	Phase
	tally *tally // nil before its first outcome
}

// MaxPhases is how many phases a run can have.
const MaxPhases = 32

// Shard is one uploader's way into a Recorder. Uploaders that share one wait for each other for the length of one
// record.
type Shard struct {
	mu  sync.Mutex
	cur [MaxPhases]*tally // by phase; nil where it has nothing to record
	_   [64]byte          // keeps neighbours off one cache line
}

// Snapshot is how the run stands, for progress displays and rules that end it early.
type Snapshot struct {
	Elapsed                     time.Duration
	Phase                       string // the last to begin
	Scored                      bool   // it counts in the score
	Attempted, Accepted, Failed uint64 // calls, by their last attempt
	// Uploads: where failed calls are sent again, those after which they wait for that too.
	Attempts    uint64
	InFlight    int
	Waiting     int           // calls that wait to be sent again
	ResponseSum time.Duration // of the response times of all accepted uploads but LeftOut
	LeftOut     uint64        // accepted uploads whose times are left out
	P95         time.Duration // response time of the accepted uploads of scored phases; 0 without any
	P95Of       uint64        // how many these are
	Last        Interval
	HourP95     time.Duration // as P95, but of all phases, of the last hour that is over; 0 before
	HourP95Of   uint64
}

// Interval is the last second of a run.
type Interval struct {
	Attempts, Accepted uint64
	LeftOut            uint64        // of the accepted ones, those whose times are left out
	PerSecond          float64       // attempts that ended
	Mean, P95          time.Duration // response time of accepted uploads; 0 without any
}

// Shards are several for each processor, so that two running uploaders rarely meet; but each costs some 0.7 MB, and
// time at every roll, and a record takes so little that more than maxShards gain nothing.
const (
	shardsPerProcessor = 4
	maxShards          = 16
)

// NewRecorder returns an empty Recorder without phases.
func NewRecorder() *Recorder {
	r := &Recorder{
		shards: make([]Shard, min(shardsPerProcessor*runtime.GOMAXPROCS(0), maxShards)),
		second: newTally(), scored: newTally(), times: newIntervals(),
		judged: newSeries(judgedFine, judgedCoarse), saved: newSeries(savedFine, savedCoarse),
		hour: newHistogram(coarseDigits), hourEnds: time.Hour,
	}
	r.snapshot.Store(&Snapshot{})
	return r
}

// AddPhase begins a phase and returns its index for Outcomes. Its figures are filled in later. It must not be called at
// the same time as Roll; there can be MaxPhases.
func (r *Recorder) AddPhase(p Phase) uint8 {
	r.phases = append(r.phases, phase{Phase: p})
	return uint8(len(r.phases) - 1)
}

// Shard returns the shard for uploader i.
func (r *Recorder) Shard(i int) *Shard { return &r.shards[i%len(r.shards)] }

// Record adds one outcome, of a call that will not be sent again. It is safe for concurrent use and does not allocate,
// except for the first upload of a phase and the first failure of a kind.
func (s *Shard) Record(o *Outcome) {
	s.mu.Lock()
	s.tallyOf(o).add(o)
	s.mu.Unlock()
}

// RecordRetry counts a failed attempt whose call waits to be sent again: how the run stands shows it, its totals do
// not. It may be used as Record may.
func (s *Shard) RecordRetry(o *Outcome) {
	s.mu.Lock()
	s.tallyOf(o).retried++
	s.mu.Unlock()
}

// RecordAbandoned tells that a call waited in vain: the outcome of its last attempt, which Again counted, is recorded
// as the call's.
func (s *Shard) RecordAbandoned(o *Outcome) {
	s.mu.Lock()
	s.tallyOf(o).abandoned++
	s.mu.Unlock()
}

// tallyOf is where the outcome is counted. The shard is locked.
func (s *Shard) tallyOf(o *Outcome) *tally {
	t := s.cur[o.Phase]
	if t == nil {
		t = newTally()
		s.cur[o.Phase] = t
	}
	return t
}

// Roll gathers what was recorded since the last roll, as the part of the run that ended at elapsed. One goroutine at a
// time may call it. Beside uploads in flight, calls may wait to be sent again.
func (r *Recorder) Roll(elapsed time.Duration, inFlight, waiting int) {
	r.second.reset()
	scored := r.scored.attempted
	for i := range r.phases {
		for j := range r.shards {
			r.collect(&r.phases[i], &r.shards[j], i)
		}
	}
	if r.scored.attempted > scored || r.trend.begun() {
		r.trend.add(r.second.response, r.snapshot.Load().Elapsed, elapsed)
	}
	r.judged.add(r.second, elapsed, inFlight)
	r.saved.add(r.second, elapsed, inFlight)
	r.times.add(r.second.response, r.second.service, elapsed)
	r.publish(elapsed, inFlight, waiting)
}

// collect takes what a shard has recorded of a phase. A shard's tally that had nothing in it is taken away, so that
// phases that are over cost nothing.
func (r *Recorder) collect(p *phase, s *Shard, index int) {
	s.mu.Lock()
	t := s.cur[index]
	switch {
	case t == nil:
	case t.empty():
		s.cur[index] = nil
	default:
		s.cur[index] = r.emptyTally()
	}
	s.mu.Unlock()
	if t == nil {
		return
	}
	if !t.empty() {
		if p.tally == nil {
			p.tally = newTally()
		}
		p.tally.merge(t)
		if !p.Separate {
			r.second.merge(t)
		}
		if p.Scored {
			r.scored.merge(t)
		}
		t.reset()
	}
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

// Count is how many uploads of a phase ended in a class, after the last roll.
func (r *Recorder) Count(phase int, c Class) (n uint64) {
	t := r.phases[phase].tally
	if t == nil {
		return 0
	}
	if c == Accepted {
		return t.accepted
	}
	for _, f := range t.failures {
		if f.class == c {
			n += f.count
		}
	}
	return n
}

// publish makes a snapshot.
func (r *Recorder) publish(elapsed time.Duration, inFlight, waiting int) {
	before := r.snapshot.Load()
	now := &Snapshot{Elapsed: elapsed, InFlight: inFlight, Waiting: waiting}
	now.P95, now.P95Of = r.scored.response.Quantile(0.95), r.scored.response.Count()
	for i := range r.phases {
		if t := r.phases[i].tally; t != nil && !r.phases[i].Separate {
			now.Attempted += t.attempted
			now.Accepted += t.accepted
			now.Attempts += t.attempts()
			now.ResponseSum += t.response.sum
			now.LeftOut += t.leftOut()
			now.Phase, now.Scored = r.phases[i].Name, r.phases[i].Scored
		}
	}
	now.Failed = now.Attempted - now.Accepted
	now.Last = Interval{
		Attempts: r.second.attempts(), Accepted: r.second.accepted, LeftOut: r.second.leftOut(),
		Mean: r.second.response.Mean(), P95: r.second.response.Quantile(0.95),
	}
	if width := elapsed - before.Elapsed; width > 0 {
		now.Last.PerSecond = float64(r.second.attempts()) / width.Seconds()
	}
	now.HourP95, now.HourP95Of = before.HourP95, before.HourP95Of
	r.hour.Merge(r.second.response)
	if elapsed >= r.hourEnds-time.Second/2 {
		now.HourP95, now.HourP95Of = r.hour.Quantile(0.95), r.hour.Count()
		r.hour.Reset()
		r.hourEnds += time.Hour
	}
	r.snapshot.Store(now)
}

// Snapshot returns how the run stood at the last roll. It is safe for concurrent use.
func (r *Recorder) Snapshot() Snapshot { return *r.snapshot.Load() }
