package load

import (
	"time"

	"rdiostress/internal/measure"
	"rdiostress/internal/upload"
)

// worker is one uploader: a slot that sends one call after the other, on a goroutine of its own or, with others, on a loop.
type worker struct {
	*sender
	index   int
	shard   *measure.Shard
	up      upload.Uploader
	call    upload.Request
	phase   int
	nextAt  time.Duration // where the phase after it begins
	wake    chan struct{} // by the pacer
	outcome measure.Outcome

	place    int    // in its crew
	number   uint64 // of the call
	starving bool   // it waits for a unique one
}

// run sends until the run is over.
func (w *worker) run() {
	w.enterPhases()
	if w.schedule == nil {
		w.runClosed()
	} else {
		w.runOpen()
	}
}

// runClosed sends call after call, while the shape has the worker work: each is due when the one before it is done and the
// think time is over.
func (w *worker) runClosed() {
	for {
		now := w.elapsed()
		if w.over(now) {
			return
		}
		if at := w.worksAt(now); at > now {
			if !w.waitUntil(at) {
				return
			}
			continue
		}
		n, ok := w.claim()
		if !ok {
			return
		}
		class, ok := w.send(n, now, measure.NoLag)
		if !ok {
			return
		}
		if pause := w.pause(class); pause > 0 && !w.waitUntil(min(w.elapsed()+pause, w.end)) {
			return
		}
	}
}

// worksAt is when the closed model next has the worker work: now, or later, or never, which is the end.
func (w *worker) worksAt(now time.Duration) time.Duration {
	return min(w.origin+w.shape.Above(float64(w.index), now-w.origin), w.end)
}

// pause is how long the closed model has the worker rest after an upload that ended in some way.
func (s *sender) pause(c measure.Class) time.Duration {
	if unconnected(c) {
		return max(s.Scenario.ThinkTime, reconnectPause)
	}
	return s.Scenario.ThinkTime
}

// reconnectPause is how long an uploader of the closed model waits after it could not connect. Without it, a server that is gone
// would be asked tens of thousands of times a second, and the failures would drown what came before.
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

// runOpen takes the next arrival, waits until it is due and sends it. When all workers are busy at that time, the one that is
// free next finds it overdue, and its wait counts. The first that a worker takes has waited for no other: it was free.
func (w *worker) runOpen() {
	for free := true; ; free = false {
		n, ok := w.claim()
		if !ok {
			return
		}
		due := w.origin + w.schedule.Due(n)
		if w.missed(due, w.elapsed()) {
			return
		}
		lag := measure.SlotWait
		if w.pacer.wait(n, w.wake) || free {
			now := w.elapsed()
			if now < due {
				return // interrupted
			}
			lag = now - due
		}
		w.send(n, due, lag)
	}
}

// waitUntil returns at t, or before it and false if the run is interrupted.
func (w *worker) waitUntil(t time.Duration) bool {
	timer := time.NewTimer(t - w.elapsed())
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-w.interrupt:
		return false
	}
}

// enterPhases puts the worker at the first phase that has a shape.
func (w *worker) enterPhases() {
	w.phase, w.nextAt = -1, w.origin
	w.enterPhase(w.origin)
}

// enterPhase moves on to the phase that a call due at a given time belongs to. A worker's calls are due in order.
func (w *worker) enterPhase(due time.Duration) {
	for w.phase < 0 || len(w.phases[w.phase].Shape) == 0 || due >= w.nextAt && w.phase < w.lastShaped() {
		w.phase++
		w.nextAt += w.phases[w.phase].Shape.Length()
	}
}

// lastShaped is the last phase with a shape: the duplicates come after it.
func (s *sender) lastShaped() int {
	last := len(s.phases) - 1
	if s.phases[last].Apart {
		last--
	}
	return last
}

// send uploads call n, due at a given time, and records how it went. It is false if the run ended before there was a unique
// call to send.
func (w *worker) send(n uint64, due, lag time.Duration) (measure.Class, bool) {
	for !w.prepare(n, due, lag) {
		if !w.waitUntil(w.nextSecond()) || w.over(w.elapsed()) {
			return 0, false
		}
		due = w.dueAgain(due)
	}
	if w.call.Skip {
		w.inFlight.Add(-1)
		w.skipped.Add(1)
		return 0, true
	}
	a := w.up.Upload(w.uploads, &w.call)
	w.record(&a, w.elapsed())
	return a.Class, true
}

// prepare makes call n, due at a given time, ready to be sent. It is false if there is no unique call before the next second.
func (w *worker) prepare(n uint64, due, lag time.Duration) bool {
	at := due
	if w.starving {
		at = w.elapsed()
	}
	w.number, w.outcome = n, measure.Outcome{Due: due, Lag: lag}
	if w.starving = !w.Traffic.Next(n, at, &w.call); w.starving {
		w.starved.Store(true)
		return false
	}
	if w.shape != nil {
		w.enterPhase(due)
	}
	w.outcome.Phase, w.outcome.Duplicate, w.outcome.First = uint8(w.phase), w.call.Duplicate, w.call.First
	w.outcome.Client = uint8(w.call.Client)
	if w.call.Duplicate {
		w.outcome.Phase = uint8(len(w.phases) - 1)
	}
	w.inFlight.Add(1)
	return true
}

// nextSecond is when there are unique calls again.
func (s *sender) nextSecond() time.Duration { return s.elapsed().Truncate(time.Second) + time.Second }

// dueAgain is when a call is due that had to wait for a unique one. The closed model asks for it only now; the open one's has
// waited.
func (s *sender) dueAgain(due time.Duration) time.Duration {
	if s.schedule == nil {
		return s.elapsed()
	}
	return due
}

// record records how the upload of the call that was prepared went, unless it will be sent again.
func (w *worker) record(a *upload.Attempt, done time.Duration) {
	w.inFlight.Add(-1)
	o := &w.outcome
	w.note(o, a, done)
	if w.call.HasDuplicate && o.Class == measure.Duplicate {
		w.overtaken(o)
	}
	if o.Class != measure.Accepted && w.retrier.take(&w.call, o) {
		w.shard.RecordRetry(o)
		return
	}
	w.file(w.shard, &w.call, o)
}

// note puts an attempt into the outcome of its call. What was spent on the attempts before it stays counted.
func (s *sender) note(o *measure.Outcome, a *upload.Attempt, done time.Duration) {
	o.Earlier.Add(o)
	o.Sent, o.Done, o.Steps = done, done, a.Steps
	o.Class, o.Status, o.Detail = a.Class, uint16(a.Status), a.Detail
	o.Bytes += a.Bytes
	o.Connected, o.Reconnected = a.NewConn, a.Reconnected
	if !a.Sent.IsZero() {
		o.Sent = a.Sent.Sub(s.Start)
	}
}

// overtaken makes a call the duplicate that was dropped, as its duplicate came before it: which of them is dropped is all one.
func (s *sender) overtaken(o *measure.Outcome) { o.Duplicate, o.Phase = true, uint8(len(s.phases)-1) }

// file records a call's last outcome.
func (s *sender) file(shard *measure.Shard, c *upload.Request, o *measure.Outcome) {
	shard.Record(o)
	if s.Receipts != nil {
		s.Receipts.Record(c.Number, &c.Call, o)
	}
}
