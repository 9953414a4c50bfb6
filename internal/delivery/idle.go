package delivery

import "time"

// idleness measures for how long nothing has moved on a server, by the successful polls.
type idleness struct {
	idle      time.Duration // total time without stored calls or a busy server, since the last activity
	idlePolls int           // polls that found the server idle

	begun time.Duration // start of the measurement

	ownAt    time.Duration // when a call of the run was last found stored
	ownPolls int           // polls since ownAt

	busy   bool // at the last poll
	others bool // the last activity was not the run's
	broken bool // a poll has failed since the last good one: the server may have been busy
}

// minPolls is how many polls must find a server idle before it counts as idle: on a busy machine polls can be far
// apart.
const minPolls = 3

// add adds a poll and the one before it.
func (s *idleness) add(before, now sample, busy bool) {
	s.busy = busy
	own := now.stored != before.stored || now.dropped != before.dropped
	switch {
	case own || now.activity != before.activity:
		s.idle, s.idlePolls, s.others = 0, 0, !own
	case !busy && !s.broken:
		s.idle += now.at - max(before.at, s.begun) // the poll before may be earlier than the last reply
		s.idlePolls++
	}
	s.broken = false
	if s.ownPolls++; own {
		s.ownAt, s.ownPolls = now.at, 0
	}
}

// addFailed adds a failed poll.
func (s *idleness) addFailed() { s.broken = true }

// restart starts again, at a time since the start of the run. The state of the last poll stays: if it failed, the
// server's activity is unknown until the next one.
func (s *idleness) restart(at time.Duration) {
	*s = idleness{begun: at, ownAt: at, busy: s.busy, broken: s.broken}
}

// isIdle reports whether the server has been idle for a given time.
func (s *idleness) isIdle(timeout time.Duration) bool {
	return s.idle >= timeout && s.idlePolls >= minPolls
}

// isOwnIdle reports whether no call of the run was stored for a given time, up to another time since its start.
func (s *idleness) isOwnIdle(timeout, now time.Duration) bool {
	return now-s.ownAt >= timeout && s.ownPolls >= minPolls
}

// A call is overtaken when another call is stored that was acknowledged later by overtakeMargin, or by as many polls,
// and has been for as long: servers with several workers store calls slightly out of order.
const (
	overtakeMargin = 10 * time.Second
	overtakePolls  = 5
)

// overtaken returns the time before which an acknowledged call that was not stored at a given time was overtaken.
func (w *Watch) overtaken(at time.Duration) time.Duration {
	margin := max(overtakeMargin, overtakePolls*w.Every)
	w.mu.Lock()
	defer w.mu.Unlock()
	for i := len(w.samples) - 1; i >= 0; i-- {
		if s := w.samples[i]; s.at <= at-margin {
			return s.answered - margin
		}
	}
	return 0
}

// allOvertaken reports whether every unstored call was overtaken.
func (w *Watch) allOvertaken() bool {
	before, all := w.overtaken(w.last().at), true
	w.ledger.each(func(_ uint64, r *receipt) {
		if r.owed() && r.state.Load()&(countedStored|countedDropped) == 0 && r.doneAt() >= before {
			all = false
		}
	})
	return all
}
