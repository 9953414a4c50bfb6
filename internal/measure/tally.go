package measure

import "time"

// tally is what was recorded in a span of the run.
type tally struct {
	basics
	service              *Histogram // of accepted uploads
	lag                  *Histogram // of calls that an uploader waited for
	steps                [numSteps]*Histogram
	bytes                uint64
	last                 time.Duration // when the last upload was done
	slotWaits            uint64        // calls that were due before an uploader was free
	connects, reconnects uint64
	heldUp               *Histogram    // response times of accepted calls that were held up; may be nil
	heldUpFailed         uint64        // calls that were held up, and may have failed by that
	firstTime            time.Duration // sum of the service times of firsts
	clients              [MaxClients]clientTally
	sizes                sizeTally
}

// basics is the part of a tally that is of interest every second.
type basics struct {
	response            *Histogram // of accepted uploads
	attempted, accepted uint64
	leftOut             uint64 // accepted calls that are in no histogram of times except a tally's heldUp
	firsts              uint64 // accepted calls that were the first of their talkgroups
	// Failed attempts of calls that waited to be sent again, and of calls that were abandoned.
	retried, abandoned uint64
	failures           failureKinds
}

func newBasics() basics { return basics{response: NewHistogram()} }

func newTally() *tally {
	t := &tally{basics: newBasics(), service: NewHistogram(), lag: NewHistogram()}
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
		t.leftOut++
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

// empty reports whether nothing was recorded.
func (b *basics) empty() bool { return b.attempted == 0 && b.retried == 0 && b.abandoned == 0 }

// attempts returns the number of uploads, counting each attempt of a call. An abandoned call is recorded with the
// attempt after which it began to wait, which does not count twice.
func (b *basics) attempts() uint64 { return b.attempted + b.retried - b.abandoned }

func (b *basics) merge(o *basics) {
	b.response.Merge(o.response)
	b.attempted += o.attempted
	b.accepted += o.accepted
	b.leftOut += o.leftOut
	b.firsts += o.firsts
	b.retried += o.retried
	b.abandoned += o.abandoned
	b.failures.merge(o.failures)
}

// reset empties the basics for reuse.
func (b *basics) reset() {
	b.response.Reset()
	*b = basics{response: b.response, failures: b.failures[:0]}
}

func (t *tally) merge(o *tally) {
	t.basics.merge(&o.basics)
	t.service.Merge(o.service)
	t.lag.Merge(o.lag)
	t.bytes += o.bytes
	t.last = max(t.last, o.last)
	t.slotWaits += o.slotWaits
	t.connects += o.connects
	t.reconnects += o.reconnects
	if o.leftOut > 0 {
		if t.heldUp == nil {
			t.heldUp = NewHistogram()
		}
		t.heldUp.Merge(o.heldUp)
	}
	t.heldUpFailed += o.heldUpFailed
	t.firstTime += o.firstTime
	for i := range t.steps {
		t.steps[i].Merge(o.steps[i])
	}
	for i := range t.clients {
		t.clients[i].merge(&o.clients[i])
	}
	t.sizes.merge(&o.sizes)
}

// reset empties the tally for reuse.
func (t *tally) reset() {
	t.basics.reset()
	t.service.Reset()
	t.lag.Reset()
	for _, h := range t.steps {
		h.Reset()
	}
	t.bytes, t.last, t.slotWaits, t.connects, t.reconnects = 0, 0, 0, 0, 0
	if t.heldUp != nil {
		t.heldUp.Reset()
	}
	t.heldUpFailed, t.firstTime = 0, 0
	t.clients = [MaxClients]clientTally{}
	t.sizes.reset()
}

// series is the run in intervals, at a resolution that depends on its length.
type series struct {
	resolution
	points  []Point
	pending basics
	start   time.Duration // of the pending interval
	end     time.Duration // of the data so far
}

func newSeries(fineUntil, coarseUntil time.Duration) series {
	return series{resolution: resolution{fineUntil, coarseUntil}, pending: newBasics()}
}

// add adds what was recorded until elapsed, and closes the pending interval when it is wide enough.
func (s *series) add(b *basics, elapsed time.Duration, inFlight int) {
	s.pending.merge(b)
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
	b := &s.pending
	p := Point{
		TS:        inSeries(s.start),
		WidthS:    (s.end.Round(time.Millisecond) - s.start.Round(time.Millisecond)).Seconds(),
		Attempted: b.attempted,
		Accepted:  b.accepted,
		Failed:    b.attempted - b.accepted,
		InFlight:  inFlight,

		FirstCalls: b.firsts, LeftOut: b.leftOut, FailedAttempts: b.retried, Failures: b.failures.ofPoint(),
	}
	p.SetTimes(b.response)
	s.points = append(s.points, p)
	s.start = s.end
	b.reset()
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
