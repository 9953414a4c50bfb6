package delivery

import "time"

// idleness says for how long nothing has moved at a server, by the looks that succeeded.
type idleness struct {
	idle      time.Duration // in which nothing was stored and the server was not busy, in all since something was
	idlePolls int           // that have found it so

	begun time.Duration // since when it is asked for

	ownAt    time.Duration // when a call of the run was last found stored
	ownPolls int           // since then

	busy   bool // at the last look
	others bool // what moved last was not of the run
	broken bool // a look has failed since the last good one: the server may have been at work
}

// minPolls must find a server idle before it is: on a busy machine looks can be far apart.
const minPolls = 3

// add takes in a look and the one before it.
func (s *idleness) add(before, now sample, busy bool) {
	s.busy = busy
	own := now.stored != before.stored || now.dropped != before.dropped
	switch {
	case own || now.activity != before.activity:
		s.idle, s.idlePolls, s.others = 0, 0, !own
	case !busy && !s.broken:
		s.idle += now.at - max(before.at, s.begun) // the look before may lie before the last reply
		s.idlePolls++
	}
	s.broken = false
	if s.ownPolls++; own {
		s.ownAt, s.ownPolls = now.at, 0
	}
}

// addFailed takes in a look that failed.
func (s *idleness) addFailed() { s.broken = true }

// restart begins anew, at a time since the start of the run. What the last look has shown holds on: if it failed,
// nobody knows what the server does until the next one.
func (s *idleness) restart(at time.Duration) {
	*s = idleness{begun: at, ownAt: at, busy: s.busy, broken: s.broken}
}

// isIdle reports whether the server has been idle for a time.
func (s *idleness) isIdle(timeout time.Duration) bool {
	return s.idle >= timeout && s.idlePolls >= minPolls
}

// isOwnIdle reports whether no call of the run was stored for a time, until another one since its start.
func (s *idleness) isOwnIdle(timeout, now time.Duration) bool {
	return now-s.ownAt >= timeout && s.ownPolls >= minPolls
}

// A call is overtaken when another one is stored that was acknowledged later by overtakeMargin, or by as many looks,
// and has been for as long: servers with several workers store calls slightly out of order.
const (
	overtakeMargin = 10 * time.Second
	overtakePolls  = 5
)

// overtaken returns the time before which an acknowledged call that was not stored at a given time had been overtaken.
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

// allOvertaken reports whether every call that is not stored has been overtaken.
func (w *Watch) allOvertaken() bool {
	before, all := w.overtaken(w.last().at), true
	w.ledger.each(func(_ uint64, r *receipt) {
		if r.owed() && r.state.Load()&(countedStored|countedDropped) == 0 && r.doneAt() >= before {
			all = false
		}
	})
	return all
}
