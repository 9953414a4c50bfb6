package scenario

import (
	"time"

	"rdiostress/internal/radio"
)

// Calls returns how many calls a run of the scenario sends if nothing ends it early. It reports false if that depends
// on the server, as in the closed model without a Total.
func (s *Scenario) Calls() (n uint64, known bool) {
	if s.Open() {
		shape := ShapeOf(s.Phases())
		if n = uint64(shape.Area(shape.Length())); s.Total == 0 || n < s.Total {
			return n, true
		}
	}
	return s.Total, s.Total > 0
}

// leastDated is the least time for which a closed run with a Total has unique calls, as its length depends on the
// server.
const leastDated = 10 * time.Minute

// dated returns for how long the run needs unique calls. With a Total, that is less than its length: the shorter the
// time, the more calls each talkgroup can have. A closed run that takes longer than this sends fewer calls a second
// than it has pairs, and needs only one a second of each pair.
func (s *Scenario) dated() time.Duration {
	length := s.Length()
	if s.Total == 0 || s.Replay.On() {
		return length
	}
	if s.Open() {
		return min(length, s.Arrivals(ShapeOf(s.Phases())).Due(s.Total)+time.Second)
	}
	pairs := uint64(max(len(s.Systems)*len(s.Talkgroups), 1))
	seconds := min(s.Total/pairs, uint64(length/time.Second))
	return min(length, max(leastDated, time.Duration(seconds)*time.Second))
}

// fullest is the share of the available dates that a run may use. Finding the last free dates would take too long.
const fullest = 0.9

// Calendar returns the options of the calendar from which the calls of a run that starts at start get their dates.
func (s *Scenario) Calendar(start time.Time) radio.CalendarOptions {
	return radio.CalendarOptions{
		Start: start, Length: s.dated(), Extra: s.LeadIn(), Step: s.Step(),
		Generator: max(s.Generator.Number-1, 0), Generators: s.Generator.Of,
	}
}

// pairs returns how many pairs of a system and a talkgroup there are.
func (s *Scenario) pairs() uint64 { return uint64(len(s.Systems) * len(s.Talkgroups)) }

// calendar returns the calendar of the run for its arithmetic alone: it can date no call.
func (s *Scenario) calendar() *radio.Calendar { return radio.NewCalendar(0, s.Calendar(time.Time{})) }

// Capacity returns how many calls the run can have of which no two are duplicates of each other.
func (s *Scenario) Capacity() uint64 { return s.pairs() * s.calendar().Capacity() }

// PerSecond returns how many such calls the run can have in each second.
func (s *Scenario) PerSecond() float64 {
	c := s.calendar()
	return float64(s.pairs()*c.PerStep()) / c.Step().Seconds()
}

// MostPerSecond returns the highest rate at which the run can have such calls from its beginning to its end.
func (s *Scenario) MostPerSecond() float64 {
	return fullest * float64(s.Capacity()) / max(s.dated().Seconds(), 1)
}

// DueCalls returns how many calls the run sends at most. It reports false if that depends on the server alone.
func (s *Scenario) DueCalls() (n uint64, known bool) {
	if !s.Open() {
		return s.Total, s.Total > 0
	}
	shape := s.Shape()
	n = s.Arrivals(shape).Count(shape.Length())
	if s.Total > 0 {
		n = min(n, s.Total)
	}
	return n, true
}
