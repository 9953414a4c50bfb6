package load

import (
	"time"

	"rdiostress/internal/measure"
)

// The rules of the two models of load are here, once for workers on goroutines and once for those in loop groups: both
// ask the same functions what comes next, and differ only in how they wait for it.

// step is what a worker of the closed model does next.
type step uint8

const (
	finish step = iota // the run is over for it
	rest               // it looks again at a time
	send               // it sends a call
)

// nextStep says what a worker of the closed model does at now: it sends the call of a number, due now, or looks again
// at a later time, when the load has risen to it, or has no more to do.
func (w *worker) nextStep(now time.Duration) (what step, number uint64, at time.Duration) {
	if w.over(now) {
		return finish, 0, 0
	}
	if at = min(w.origin+w.shape.Above(float64(w.index), now-w.origin), w.end); at > now {
		return rest, 0, at
	}
	number, ok := w.claim()
	if !ok {
		return finish, 0, 0
	}
	return send, number, now
}

// restUntil is when a worker of the closed model looks for its next call after an upload that ended at now: at once, or
// after the think time.
func (s *sender) restUntil(c measure.Class, now time.Duration) time.Duration {
	pause := s.Scenario.ThinkTime
	if unconnected(c) {
		pause = max(pause, reconnectPause)
	}
	if pause == 0 {
		return now
	}
	return max(now, min(now+pause, s.end))
}

// reconnectPause is how long an uploader of the closed model waits after it could not connect. Without it, a server
// that is gone would be asked tens of thousands of times a second, and the failures would drown what came before.
const reconnectPause = 100 * time.Millisecond

// unconnected tells whether an upload ended that way because there was no connection.
func unconnected(c measure.Class) bool {
	switch c {
	case measure.Refused, measure.ConnectTimeout, measure.DNS, measure.TLS, measure.Exhausted:
		return true
	default:
		return false
	}
}

// nextArrival claims the next arrival of the open model, and says when it is due. It is false when no more are sent.
func (s *sender) nextArrival() (n uint64, due time.Duration, ok bool) {
	if n, ok = s.claim(); !ok {
		return 0, 0, false
	}
	due = s.origin + s.schedule.Due(n)
	return n, due, !s.missed(due, s.elapsed())
}

// lagOf is how late the generator sends an arrival of the open model at now. If no worker was free when it was due, it
// has waited for one, which is not the generator's doing.
func lagOf(free bool, due, now time.Duration) time.Duration {
	if !free {
		return measure.SlotWait
	}
	return now - due
}

// nextSecond is when there are unique calls again.
func (s *sender) nextSecond() time.Duration { return s.elapsed().Truncate(time.Second) + time.Second }

// dueAgain is when a call is due that has waited for a unique one until now. The closed model asks for it only now; the
// open one's has waited. It is false if the run was interrupted or is over.
func (s *sender) dueAgain(due, now time.Duration, waited bool) (time.Duration, bool) {
	switch {
	case !waited || s.over(now):
		return 0, false
	case s.schedule == nil:
		return now, true
	default:
		return due, true
	}
}
