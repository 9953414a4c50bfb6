package measure

// MethodNone is the delivery method of a run that did not verify delivery.
const MethodNone = "none"

// OrZero returns the count that n points at, or 0 if n is nil.
func OrZero(n *uint64) uint64 {
	if n == nil {
		return 0
	}
	return *n
}

// Open reports whether calls were due at a fixed rate, whatever the server did.
func (s *Scenario) Open() bool { return s.Model == "open" }
