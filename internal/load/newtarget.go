package load

// NewTarget returns the scenario's endpoint, spoken to in the cheapest way that can do what is asked for.
func NewTarget(s *Scenario, o ConnectOptions) (Target, error) {
	if o.HTTP2 {
		return NewHTTPTarget(s, o)
	}
	return NewWireTarget(s, o)
}
