package load

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
