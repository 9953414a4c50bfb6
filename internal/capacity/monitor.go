package capacity

import (
	"math"

	"rdiostress/internal/stat"
)

// Second is the state of a step after a second. Counts are since its start.
type Second struct {
	AtS          float64 // since the start of the step
	Accepted     uint64  // uploads whose times are known
	ResponseSumS float64 // sum of their response times
	InFlight     int
	Backlog      float64 // calls accepted but not stored; NaN if not observed
}

// Stage is the state of a step, as judged by a Monitor.
type Stage int

// The stages.
const (
	Settling Stage = iota // it is too early to tell
	Steady                // response times, uploads in flight and backlog are stable
	Growing               // response times or uploads in flight keep growing
	Behind                // the backlog keeps growing
)

const (
	settleS = 2   // seconds at the start of a step that are ignored: connections open, caches fill
	leastS  = 6   // minimum length of a step in seconds
	risk    = 2.5 // standard errors that a change must exceed to be significant

	// A change below these is no growth, however significant it is.
	leastShare   = 0.1   // of the mean response time
	leastTimeS   = 0.005 // in seconds
	leastFlight  = 3     // uploads in flight
	behindShare  = 0.015 // of the rate by which storage may fall behind: 1 call in 67
	behindLeastS = 0.1   // calls a second at low rates
	// minimum growth of a backlog: less can be chance at low rates, with whole calls and few polls
	behindCalls = 3
)

// Monitor watches one step, second by second.
type Monitor struct {
	RatePerS float64
	seconds  []Second
}

// Add adds the next second.
func (m *Monitor) Add(s Second) { m.seconds = append(m.seconds, s) }

// Stage judges the step by its later half.
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

// BehindPerS returns by how many calls a second storage fell behind; false if that was not observed.
func (m *Monitor) BehindPerS() (float64, bool) {
	behind, seen, _ := m.behind()
	return behind, seen
}

// behind fits a line to the backlog since the step has settled. sure means that its slope is significant.
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

// values are one value of each second.
type values []float64

// perSecond returns the mean response times and the uploads in flight of the seconds in the later two thirds of the
// step.
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

// grows reports whether values rise from the first to the last by more than least, and significantly.
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

// queuePlaces is how many calls the largest known acceptance queue holds, rdio-scanner's. A server can fill it without
// any sign of overload.
const queuePlaces = 8192

// Lengths returns the minimum and maximum length of a step in seconds. If storage cannot be observed, a step that may
// be the answer is held until it has sent as many calls as the largest known queue holds, up to a limit.
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

// Decide reports whether a step of these lengths is over after some seconds: a steady step ends early, an unsteady one
// gets time to become steady.
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
