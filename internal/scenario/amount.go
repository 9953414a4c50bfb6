package scenario

import (
	"time"

	"rdiostress/internal/radio"
)

// Calls is how many calls a run of the scenario sends if nothing ends it early; false where that is up to the server,
// as in the closed model, unless there is a Total.
func (s *Scenario) Calls() (n uint64, known bool) {
	if s.Open() {
		shape := ShapeOf(s.Phases())
		if n = uint64(shape.Area(shape.Length())); s.Total == 0 || n < s.Total {
			return n, true
		}
	}
	return s.Total, s.Total > 0
}

// leastDated is how long a closed run with a Total has calls for at least: how long it takes is up to the server.
const leastDated = 10 * time.Minute

// dated is how long the run is to have unique calls for. With a Total, that is less than its length: the shorter it is,
// the more calls each talkgroup can have. A closed run that takes longer sends fewer calls a second than it has pairs,
// and needs no more than one a second of each.
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

// fullest is how much of the time that calls can be dated to a run may take: to find the last of it would take long.
const fullest = 0.9

// Calendar says in which time the calls of a run that starts at start are dated.
func (s *Scenario) Calendar(start time.Time) radio.CalendarOptions {
	return radio.CalendarOptions{
		Start: start, Length: s.dated(), Extra: s.LeadIn(), Step: s.Step(),
		Generator: max(s.Generator.Number-1, 0), Generators: s.Generator.Of,
	}
}

// pairs is how many pairs of a system and a talkgroup there are.
func (s *Scenario) pairs() uint64 { return uint64(len(s.Systems) * len(s.Talkgroups)) }

// calendar is the run's, without room for a pair.
func (s *Scenario) calendar() *radio.Calendar { return radio.NewCalendar(0, s.Calendar(time.Time{})) }

// Capacity is how many calls the run can have that are no duplicates of each other.
func (s *Scenario) Capacity() uint64 { return s.pairs() * s.calendar().Capacity() }

// PerSecond is how many of them there are for each second.
func (s *Scenario) PerSecond() float64 {
	c := s.calendar()
	return float64(s.pairs()*c.PerStep()) / c.Step().Seconds()
}

// MostPerSecond is the highest rate that the run can have with such calls from its beginning to its end.
func (s *Scenario) MostPerSecond() float64 {
	return fullest * float64(s.Capacity()) / max(s.dated().Seconds(), 1)
}

// DueCalls is how many calls the run sends at most; false where nothing but the server decides that.
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
