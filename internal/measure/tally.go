package measure

import "time"

// tally is what was recorded in a span of the run.
type tally struct {
	response, service          *Histogram // of accepted uploads
	lag                        *Histogram // of calls that an uploader waited for
	steps                      [numSteps]*Histogram
	attempted, accepted, bytes uint64
	last                       time.Duration // when the last upload was done
	slotWaits                  uint64        // calls that were due before an uploader was free
	connects, reconnects       uint64
	heldUp                     *Histogram    // response times of accepted calls that were held up; may be nil
	heldUpFailed               uint64        // calls that were held up, and may have failed by that
	firsts                     uint64        // accepted calls that were the first of their talkgroups
	firstTime                  time.Duration // sum of their service times
	// Failed attempts of calls that waited to be sent again, and of calls that were abandoned.
	retried, abandoned uint64
	clients            [MaxClients]clientTally
	sizes              sizeTally
	failures           failureKinds
}

func newTally() *tally {
	t := &tally{response: NewHistogram(), service: NewHistogram(), lag: NewHistogram()}
	for i := range t.steps {
		t.steps[i] = newHistogram(coarseDigits)
	}
	return t
}

func (t *tally) add(o *Outcome) {
	t.attempted++
	t.last = max(t.last, o.Done)
	t.bytes += uint64(o.Bytes)
	switch {
	case o.HeldUp:
	case o.Lag >= 0:
		t.lag.Record(o.Lag)
	case o.Lag == SlotWait:
		t.slotWaits++
	}
	t.connects += uint64(o.Earlier.Connects)
	t.reconnects += uint64(o.Earlier.Reconnects)
	if o.Connected {
		t.connects++
	}
	if o.Reconnected {
		t.reconnects++
	}
	t.clients[o.Client].add(o)
	t.sizes.add(o)
	if o.Class != Accepted {
		t.failures.add(o)
		if o.HeldUp && o.Class.mayBeStop() {
			t.heldUpFailed++
		}
		return
	}
	t.accepted++
	if o.HeldUp {
		if t.heldUp == nil {
			t.heldUp = NewHistogram()
		}
		t.heldUp.Record(o.Response())
		return
	}
	t.response.Record(o.Response())
	t.service.Record(o.Service())
	if o.First {
		t.firsts++
		t.firstTime += o.Service()
	}
	for i, d := range o.Steps {
		if d >= 0 {
			t.steps[i].Record(d)
		}
	}
}

// leftOut returns how many accepted calls are in no histogram of times except heldUp.
func (t *tally) leftOut() uint64 {
	if t.heldUp == nil {
		return 0
	}
	return t.heldUp.Count()
}

// empty reports whether nothing was recorded.
func (t *tally) empty() bool { return t.attempted == 0 && t.retried == 0 && t.abandoned == 0 }

// attempts returns the number of uploads, counting each attempt of a call. An abandoned call is recorded with the
// attempt after which it began to wait, which does not count twice.
func (t *tally) attempts() uint64 { return t.attempted + t.retried - t.abandoned }

func (t *tally) merge(o *tally) {
	t.response.Merge(o.response)
	t.service.Merge(o.service)
	t.lag.Merge(o.lag)
	t.attempted += o.attempted
	t.accepted += o.accepted
	t.bytes += o.bytes
	t.last = max(t.last, o.last)
	t.slotWaits += o.slotWaits
	t.connects += o.connects
	t.reconnects += o.reconnects
	if o.leftOut() > 0 {
		if t.heldUp == nil {
			t.heldUp = NewHistogram()
		}
		t.heldUp.Merge(o.heldUp)
	}
	t.heldUpFailed += o.heldUpFailed
	t.firsts += o.firsts
	t.firstTime += o.firstTime
	t.retried += o.retried
	t.abandoned += o.abandoned
	for i := range t.steps {
		t.steps[i].Merge(o.steps[i])
	}
	for i := range t.clients {
		t.clients[i].merge(&o.clients[i])
	}
	t.sizes.merge(&o.sizes)
	t.failures.merge(o.failures)
}

// reset empties the tally for reuse.
func (t *tally) reset() {
	t.response.Reset()
	t.service.Reset()
	t.lag.Reset()
	for _, h := range t.steps {
		h.Reset()
	}
	t.attempted, t.accepted, t.bytes = 0, 0, 0
	t.last, t.slotWaits, t.connects, t.reconnects = 0, 0, 0, 0
	if t.heldUp != nil {
		t.heldUp.Reset()
	}
	t.heldUpFailed = 0
	t.firsts, t.firstTime = 0, 0
	t.retried, t.abandoned = 0, 0
	t.clients = [MaxClients]clientTally{}
	t.sizes.reset()
	t.failures = t.failures[:0]
}

// series is the run in intervals, at a resolution that depends on its length.
type series struct {
	resolution
	points  []Point
	pending *tally
	start   time.Duration // of the pending interval
	end     time.Duration // of the data so far
}

func newSeries(fineUntil, coarseUntil time.Duration) series {
	return series{resolution: resolution{fineUntil, coarseUntil}, pending: newTally()}
}

// add adds what was recorded until elapsed, and closes the pending interval when it is wide enough.
func (s *series) add(t *tally, elapsed time.Duration, inFlight int) {
	s.pending.merge(t)
	s.end = elapsed
	if elapsed-s.start+rollSlack >= s.width(s.start) {
		s.close(inFlight)
	}
}

// rollSlack is how much too narrow an interval may be: rolls are a second apart, but never exactly.
const rollSlack = time.Second / 2

// resolution is the width of a series' intervals: seconds at first, so that short events show; coarser ones later, so
// that the series of a run over days stays small.
type resolution struct{ fineUntil, coarseUntil time.Duration } // until when; by minutes then

// The resolutions of the series by which a run is judged, and of the saved series.
const (
	judgedFine, judgedCoarse = time.Hour, 10 * time.Hour
	savedFine, savedCoarse   = 10 * time.Minute, time.Hour
)

// width returns the width of the interval that begins at start.
func (r resolution) width(start time.Duration) time.Duration {
	switch {
	case start < r.fineUntil:
		return time.Second
	case start < r.coarseUntil:
		return 10 * time.Second
	default:
		return time.Minute
	}
}

// inSeries returns a time since the start of the run in milliseconds, since rolls are no more exact.
func inSeries(at time.Duration) float64 { return at.Round(time.Millisecond).Seconds() }

func (s *series) close(inFlight int) {
	t := s.pending
	p := Point{
		TS:        inSeries(s.start),
		WidthS:    (s.end.Round(time.Millisecond) - s.start.Round(time.Millisecond)).Seconds(),
		Attempted: t.attempted,
		Accepted:  t.accepted,
		Failed:    t.attempted - t.accepted,
		InFlight:  inFlight,

		FirstCalls: t.firsts, LeftOut: t.leftOut(), FailedAttempts: t.retried,
	}
	if t.response.Count() > 0 {
		q := t.response.Quantiles(0.5, 0.95)
		mean, p50, p95, most := t.response.Mean().Seconds(), q[0].Seconds(), q[1].Seconds(), t.response.Max().Seconds()
		p.MeanS, p.P50S, p.P95S, p.MaxS = &mean, &p50, &p95, &most
	}
	s.points = append(s.points, p)
	s.start = s.end
	t.reset()
}

// finish closes the pending interval if it is not empty, and returns all intervals.
func (s *series) finish() []Point {
	if !s.pending.empty() {
		s.close(0)
	}
	if s.points == nil {
		return []Point{}
	}
	return s.points
}
