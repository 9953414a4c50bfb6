package load

import (
	"time"

	"rdiostress/internal/measure"
)

// The rules of the two models of load are written once, for workers on goroutines and in loop groups. Both ask these
// functions what to do next, and differ only in how they wait.

// step is the next step of a worker of the closed model.
type step uint8

const (
	finish step = iota // the run is over for the worker
	rest               // the worker looks again at a later time
	send               // the worker sends a call
)

// nextStep returns what a worker of the closed model does at now. It sends a call, which is due now; or it looks again
// later, when the load reaches this worker; or it is finished.
func (w *worker) nextStep(now time.Duration) (what step, number uint64, at time.Duration) {
	if w.over(now) {
		return finish, 0, 0
	}
	if at = min(w.origin+w.shape.Above(float64(w.index), now-w.origin), w.end); at > now {
		return rest, 0, at
	}
	number, ok := w.claimNumber()
	if !ok {
		return finish, 0, 0
	}
	return send, number, now
}

// restUntil returns when a worker of the closed model takes its next step after an upload that ended at now: at once,
// or after the think time.
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

// reconnectPause is how long an uploader of the closed model waits after it could not connect. Otherwise, a server that
// is gone would be tried tens of thousands of times a second, and the failures would outnumber everything before.
const reconnectPause = 100 * time.Millisecond

// unconnected reports whether an upload of a class had no connection.
func unconnected(c measure.Class) bool {
	switch c {
	case measure.Refused, measure.ConnectTimeout, measure.DNS, measure.TLS, measure.Exhausted:
		return true
	default:
		return false
	}
}

// nextArrival claims the next arrival of the open model, and returns when it is due. It reports false if no more
// arrivals are sent.
func (s *sender) nextArrival() (n uint64, due time.Duration, ok bool) {
	if n, ok = s.claimNumber(); !ok {
		return 0, 0, false
	}
	due = s.origin + s.schedule.Due(n)
	return n, due, !s.tooLate(due, s.elapsed())
}

// lagOf returns how late the generator sends an arrival of the open model at now. If no worker was free when it was
// due, it has waited for a worker, and the generator is not to blame.
func lagOf(free bool, due, now time.Duration) time.Duration {
	if !free {
		return measure.SlotWait
	}
	return now - due
}

// isBacklog reports whether a call of the open model that is due at a time and about to be sent is late since the
// generator still makes up for a stop of its own: it was due after the stop, but the calls that were due in it come
// first. That ends with the first call that is sent on time. It has an end in any case, as a server that cannot keep up
// makes all calls late.
func (s *sender) isBacklog(due time.Duration) bool {
	const onTime, most = 5 * time.Millisecond, 2 // lengths of the stop
	end := s.watch.StopEnd()
	if s.schedule == nil || end <= time.Duration(s.caughtUp.Load()) || due < end { // the last of which shows later
		return false
	}
	if end, length := s.watch.LastStop(); due < end+most*length && s.elapsed()-due > onTime {
		return true
	}
	s.caughtUp.Store(int64(end))
	return false
}

// nextSecond returns when there are unique calls again.
func (s *sender) nextSecond() time.Duration { return s.elapsed().Truncate(time.Second) + time.Second }

// dueAfterWait returns when a call is due that has waited for a unique one until now. In the closed model it is due
// now, in the open model it has waited. It reports false if the wait was interrupted or the run is over.
func (s *sender) dueAfterWait(due, now time.Duration, waited bool) (time.Duration, bool) {
	switch {
	case !waited || s.over(now):
		return 0, false
	case s.schedule == nil:
		return now, true
	default:
		return due, true
	}
}
