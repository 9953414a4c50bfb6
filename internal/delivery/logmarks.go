package delivery

import "slices"

// Bits of a receipt's state that a new account keeps.
const (
	wasFound    uint32 = 1 << 26 // an account found the call stored
	wasRefused  uint32 = 1 << 27 // the server says that it did not store the call, for another reason than a duplicate
	reasonShift        = 28      // the reason's number, see reasons; 0 means no reason
	reasonMask         = 0xf << reasonShift
)

// markLogged records what the server's log says about call n. The last of several lines counts.
func (l *Ledger) markLogged(n uint64, r *receipt, w logVerdict, reason uint32) {
	bits := reason << reasonShift
	switch {
	case w.dropped:
		bits |= wasDropped
	case w.final:
		bits |= wasRefused
	}
	for {
		have := r.state.Load()
		if r.state.CompareAndSwap(have, have&^reasonMask|bits) {
			break
		}
	}
	if w.final && r.owed() {
		l.countDropped(n, r)
	}
}

// reasonOf returns the number of the reason that the server's log gave for a call; 0 if it gave none.
func reasonOf(state uint32) uint32 { return state >> reasonShift }

// readLogLine records what a line of the server's log says, if it is about a call of the run.
func (m *matcher) readLogLine(line string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	n, w, ok := parseLogLine(m.ledger.pattern, line, m.redactor)
	if !ok {
		return
	}
	if receipt := m.ledger.known(n); receipt != nil {
		m.ledger.markLogged(n, receipt, w, m.reasons.number(w.reason))
	}
}

// copyReasons returns the reasons that the server's log has given so far.
func (m *matcher) copyReasons() *reasons {
	m.mu.Lock()
	defer m.mu.Unlock()
	return &reasons{texts: slices.Clone(m.reasons.texts)}
}
