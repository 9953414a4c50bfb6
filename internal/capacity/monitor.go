package capacity

import (
	"math"

	"rdiostress/internal/stat"
)

// Second is how a step stands after a second. Counts are since its start.
type Second struct {
	AtS          float64 // since the start of the step
	Accepted     uint64  // uploads whose times are known
	ResponseSumS float64 // of these
	InFlight     int
	Backlog      float64 // calls accepted and not stored; NaN where that is not seen
}

// Stage is the state of a step, as far as a Monitor knows it.
type Stage int

// The stages.
const (
	Settling Stage = iota // it is too early to tell
	Steady                // response times, uploads under way and backlog stay where they are
	Growing               // response times or uploads under way keep growing
	Behind                // the backlog keeps growing
)

const (
	settleS = 2   // seconds at the beginning of a step that are not looked at: connections open, caches fill
	leastS  = 6   // seconds that a step lasts at least
	risk    = 2.5 // standard errors that a change must be over to be no chance

	// A change under these is no growth, however sure it is.
	leastShare   = 0.1   // of the mean response time
	leastTimeS   = 0.005 // nor a response time under this
	leastFlight  = 3     // uploads under way
	behindShare  = 0.015 // of the rate, by which storage may fall behind: 1 call in 67
	behindLeastS = 0.1   // calls a second at low rates
	// that a backlog must have grown by: less is how looks and whole calls happen to fall at low rates
	behindCalls = 3
)

// Monitor watches one step, second by second.
type Monitor struct {
	RatePerS float64
	seconds  []Second
}

// Add takes in the next second.
func (m *Monitor) Add(s Second) { m.seconds = append(m.seconds, s) }

// Stage says how the step goes by what it was in its later half.
func (m *Monitor) Stage() Stage {
	if n := len(m.seconds); n == 0 || m.seconds[n-1].AtS < leastS-0.5 {
		return Settling
	}
	if m.isBehind() {
		return Behind
	}
	times, flights := m.perSecond()
	if times.grows(max(leastShare*stat.Mean(times), leastTimeS)) ||
		flights.grows(max(leastShare*stat.Mean(flights), leastFlight)) {
		return Growing
	}
	return Steady
}

// isBehind reports whether the backlog keeps growing.
func (m *Monitor) isBehind() bool {
	perS, _, sure := m.behind()
	grown := perS * (m.seconds[len(m.seconds)-1].AtS - settleS)
	return sure && perS > max(behindShare*m.RatePerS, behindLeastS) && grown >= behindCalls
}

// BehindPerS is by how much storage fell behind each second; false where that is not seen.
func (m *Monitor) BehindPerS() (float64, bool) {
	behind, seen, _ := m.behind()
	return behind, seen
}

// behind fits a line to the backlog since the step has settled. Sure means that its slope is no chance.
func (m *Monitor) behind() (perS float64, seen, sure bool) {
	var ts, vs []float64
	for _, s := range m.seconds {
		if s.AtS >= settleS && !math.IsNaN(s.Backlog) {
			ts, vs = append(ts, s.AtS), append(vs, s.Backlog)
		}
	}
	const least = 3
	if len(ts) < least {
		return 0, false, false
	}
	slope, deviation := stat.LeastSquares(ts, vs)
	return slope, true, slope > risk*deviation
}

// values are one figure of each second.
type values []float64

// perSecond are the mean response times and the uploads under way of the seconds in the later two thirds of the step.
func (m *Monitor) perSecond() (times, flights values) {
	last := m.seconds[len(m.seconds)-1].AtS
	from := max(settleS, last/3)
	for i, s := range m.seconds {
		if s.AtS < from || i == 0 {
			continue
		}
		flights = append(flights, float64(s.InFlight))
		before := m.seconds[i-1]
		if n := s.Accepted - before.Accepted; n > 0 {
			times = append(times, (s.ResponseSumS-before.ResponseSumS)/float64(n))
		}
	}
	return times, flights
}

// grows reports whether values rise from the first to the last by more than least, and by more than chance would have
// it.
func (v values) grows(least float64) bool {
	if len(v) < 4 {
		return false
	}
	ts := make([]float64, len(v))
	for i := range ts {
		ts[i] = float64(i)
	}
	slope, deviation := stat.LeastSquares(ts, v)
	return slope > risk*deviation && slope*float64(len(v)) > least
}

// queuePlaces is how many calls the largest known acceptance queue holds, which a server can fill with a smile:
// rdio-scanner's.
const queuePlaces = 8192

// Lengths are how long a step lasts, in seconds, at least and at most. Where nobody can see what is stored, a step that
// may be the answer is held until that many calls are sent as the largest known queue holds, but no longer than is
// bearable.
func Lengths(ratePerS float64, long, careful, verified bool, finalS float64) (least, most float64) {
	const bearable, enough = 20, 20
	least = leastS
	if careful && !verified {
		least = min(max(leastS, queuePlaces/ratePerS), bearable)
	}
	if long {
		least = max(least, finalS)
	}
	return math.Ceil(least), math.Ceil(max(2*least, enough))
}

// Decide says whether a step of these lengths is over after some seconds: when it is steady it need not be longer, and
// when it is not it gets time to become so.
func (m *Monitor) Decide(atS, least, most float64) (Stage, bool) {
	const patience = 1.5 // times the least length
	stage := m.Stage()
	switch {
	case atS < least-0.5:
		return stage, false
	case stage == Steady, atS >= most-0.5:
		return stage, true
	default:
		return stage, stage != Settling && atS >= patience*least-0.5
	}
}
