package delivery

import "time"

// stillness says for how long nothing has moved at a server, by the looks that succeeded.
type stillness struct {
	idle  time.Duration // in which nothing was stored and the server was not busy, in all since something was
	looks int           // that have found it so

	begun time.Duration // since when it is asked for

	ownAt    time.Duration // when a call of the run was last found stored
	ownLooks int           // since then

	busy   bool // at the last look
	others bool // what moved last was not of the run
	broken bool // a look has failed since the last good one: the server may have been at work
}

// leastLooks must find a server idle before it is: on a busy machine looks can be far apart.
const leastLooks = 3

// add takes in a look and the one before it.
func (s *stillness) add(before, now sample, busy bool) {
	s.busy = busy
	own := now.stored != before.stored || now.dropped != before.dropped
	switch {
	case own || now.moved != before.moved:
		s.idle, s.looks, s.others = 0, 0, !own
	case !busy && !s.broken:
		s.idle += now.at - max(before.at, s.begun) // the look before may lie before the last reply
		s.looks++
	}
	s.broken = false
	if s.ownLooks++; own {
		s.ownAt, s.ownLooks = now.at, 0
	}
}

// interrupted takes in a look that failed.
func (s *stillness) interrupted() { s.broken = true }

// since begins anew, at a time since the start of the run. What the last look has shown holds on: if it failed, nobody
// knows what the server does until the next one.
func (s *stillness) since(at time.Duration) {
	*s = stillness{begun: at, ownAt: at, busy: s.busy, broken: s.broken}
}

// isIdle tells whether the server has been idle for a time.
func (s *stillness) isIdle(timeout time.Duration) bool {
	return s.idle >= timeout && s.looks >= leastLooks
}

// ownStill tells whether no call of the run was stored for a time, until another one since its start.
func (s *stillness) ownStill(timeout, now time.Duration) bool {
	return now-s.ownAt >= timeout && s.ownLooks >= leastLooks
}

// A call is overtaken when another one is stored that was acknowledged later by overtakeMargin, or by as many looks,
// and has been for as long: servers with several workers store calls slightly out of order.
const (
	overtakeMargin = 10 * time.Second
	overtakeLooks  = 5
)

// overtaken returns the time before which an acknowledged call that was not stored at a given time had been overtaken.
func (w *Watch) overtaken(at time.Duration) time.Duration {
	margin := max(overtakeMargin, overtakeLooks*w.Every)
	w.mu.Lock()
	defer w.mu.Unlock()
	for i := len(w.samples) - 1; i >= 0; i-- {
		if s := w.samples[i]; s.at <= at-margin {
			return s.answered - margin
		}
	}
	return 0
}

// allOvertaken tells whether every call that is not stored has been overtaken.
func (w *Watch) allOvertaken() bool {
	before, all := w.overtaken(w.last().at), true
	w.ledger.all(func(_ uint64, r *receipt) {
		if r.owed() && r.state.Load()&(countedStored|countedDropped) == 0 && r.doneAt() >= before {
			all = false
		}
	})
	return all
}
