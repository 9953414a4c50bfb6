package load

import "time"

// Calls is how many calls a run of the scenario sends if nothing ends it early; false where that is up to the server, as in the
// closed model, unless there is a Total.
func (s *Scenario) Calls() (n uint64, known bool) {
	if s.Open() {
		shape := shapeOf(s.phases())
		if n = uint64(shape.Area(shape.Length())); s.Total == 0 || n < s.Total {
			return n, true
		}
	}
	return s.Total, s.Total > 0
}

// leastDated is how long a closed run with a Total has calls for at least: how long it takes is up to the server.
const leastDated = 10 * time.Minute

// dated is how long the run is to have unique calls for. With a Total, that is less than its length: the shorter it is, the more calls
// each talkgroup can have. A closed run that takes longer sends fewer calls a second than it has pairs, and needs no more than one
// a second of each.
func (s *Scenario) dated() time.Duration {
	length := s.Length()
	if s.Total == 0 || s.Replay.Archive != nil {
		return length
	}
	if s.Open() {
		return min(length, s.arrivals(shapeOf(s.phases())).Due(s.Total)+time.Second)
	}
	pairs := uint64(max(len(s.Systems)*len(s.Talkgroups), 1))
	seconds := min(s.Total/pairs, uint64(length/time.Second))
	return min(length, max(leastDated, time.Duration(seconds)*time.Second))
}
