package load

import (
	"time"

	"rdiostress/internal/clock"
	"rdiostress/internal/generator"
	"rdiostress/internal/measure"
	"rdiostress/internal/upload"
)

// worker is one uploader: it sends one call after the other, on a goroutine of its own or in a loop group.
type worker struct {
	*sender
	index   int
	shard   *measure.Shard
	up      upload.Uploader
	call    upload.Request
	phase   int
	nextAt  time.Duration // when the next phase begins
	wake    chan struct{} // used by the pacer
	outcome measure.Outcome
	timer   clock.Timer // of waitUntil

	conn     int    // index of its connections in the loop group
	number   uint64 // number of the call
	starving bool   // it waits for a unique call
}

// run sends calls until the run is over.
func (w *worker) run() {
	w.enterPhases()
	switch {
	case w.real != nil:
		w.runReal()
	case w.schedule == nil:
		w.runClosed()
	default:
		w.runOpen()
	}
}

// runClosed sends calls by the rules of the closed model.
func (w *worker) runClosed() {
	for {
		now := w.elapsed()
		what, n, at := w.nextStep(now)
		switch what {
		case finish:
			return
		case rest:
			if !w.waitUntil(at) {
				return
			}
			continue
		}
		class, ok := w.send(n, now, measure.NoLag)
		if !ok {
			return
		}
		now = w.elapsed()
		if at := w.restUntil(class, now); at > now && !w.waitUntil(at) {
			return
		}
	}
}

// runOpen claims arrivals, waits until each is due and sends it. If all workers are busy when an arrival is due, the
// next one that is free finds it overdue, and the wait counts. The first arrival of a worker has not waited for a
// worker, as this one was free.
func (w *worker) runOpen() {
	for free := true; ; free = false {
		n, due, ok := w.nextArrival()
		if !ok {
			return
		}
		free = w.pacer.wait(n, w.wake) || free
		now := w.elapsed()
		if free && now < due {
			return // interrupted
		}
		w.send(n, due, lagOf(free, due, now))
	}
}

// waitUntil returns at t, or earlier and false if the run is interrupted.
func (w *worker) waitUntil(t time.Duration) bool {
	return w.timer.Wait(t-w.elapsed(), w.interrupt, nil)
}

// enterPhases moves the worker to the first phase that has a shape.
func (w *worker) enterPhases() {
	w.phase, w.nextAt = -1, w.origin
	w.enterPhase(w.origin)
}

// enterPhase moves on to the phase of a call that is due at a time. A worker's calls are due in order.
func (w *worker) enterPhase(due time.Duration) {
	for w.phase < 0 || len(w.phases[w.phase].Shape) == 0 || due >= w.nextAt && w.phase < w.lastShaped() {
		w.phase++
		w.nextAt += w.phases[w.phase].Shape.Length()
	}
}

// lastShaped returns the index of the last phase with a shape. Only the duplicates come after it.
func (s *sender) lastShaped() int {
	last := len(s.phases) - 1
	if s.phases[last].Separate {
		last--
	}
	return last
}

// send uploads call n, which is due at a time, and records the outcome. It reports false if the run ended before there
// was a unique call.
func (w *worker) send(n uint64, due, lag time.Duration) (measure.Class, bool) {
	for !w.prepare(n, due, lag) {
		ok := w.waitUntil(w.nextSecond())
		if due, ok = w.dueAfterWait(due, w.elapsed(), ok); !ok {
			return 0, false
		}
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

// prepare makes call n, which is due at a time, ready to be sent. It reports false if there is no unique call before
// the next second.
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
	w.describeOutcome()
	return true
}

// describeOutcome sets what is known of the outcome of the prepared call, which is sent now.
func (w *worker) describeOutcome() {
	w.outcome.Phase, w.outcome.Duplicate, w.outcome.First = uint8(w.phase), w.call.Duplicate, w.call.First
	w.outcome.Client = uint8(w.call.Client)
	w.call.Server = w.spread.Server(w.number, w.call.System, 0)
	w.outcome.Server = w.call.Server
	w.outcome.HeldUp = w.isBacklog(w.outcome.Due)
	if w.call.Duplicate {
		w.outcome.Phase = uint8(len(w.phases) - 1)
	}
	w.inFlight.Add(1)
}

// record records the outcome of the upload of the prepared call, unless the call will be sent again. It reports whether
// it will.
func (w *worker) record(a *upload.Attempt, done time.Duration) (waits bool) {
	w.inFlight.Add(-1)
	o := &w.outcome
	w.recordAttempt(o, a, done)
	if w.call.HasDuplicate && o.Class == measure.Duplicate {
		w.swapWithDuplicate(o)
	}
	if o.Class != measure.Accepted && w.retrier.accept(&w.call, o) {
		w.shard.RecordRetry(o)
		return true
	}
	w.recordOutcome(w.shard, &w.call, o)
	return false
}

// recordAttempt puts an attempt into the outcome of its call. The time spent on earlier attempts stays counted.
func (s *sender) recordAttempt(o *measure.Outcome, a *upload.Attempt, done time.Duration) {
	o.Earlier.Add(o)
	o.Sent, o.Done, o.Steps = done, done, a.Steps
	o.Class, o.Status, o.Detail = a.Class, uint16(a.Status), a.Detail
	o.Bytes += a.Bytes
	o.Size = a.Size
	o.Redirects += a.Redirects
	o.Connected, o.Reconnected = a.NewConn, a.Reconnected
	if !a.Sent.IsZero() {
		o.Sent = a.Sent.Sub(s.Start)
	}
}

// swapWithDuplicate makes a call count as the dropped duplicate, as its duplicate arrived before it. It does not matter
// which of the two the server drops.
func (s *sender) swapWithDuplicate(o *measure.Outcome) {
	o.Duplicate, o.Phase = true, uint8(len(s.phases)-1)
}

// uploadOf is when the upload with an outcome was made.
func uploadOf(o *measure.Outcome) generator.Upload {
	u := generator.Upload{Due: o.Due, Sent: o.Done, Replied: o.Done, Done: o.Done}
	if took := o.Steps[measure.Send]; took >= 0 {
		u.Sent = o.Sent + took
	}
	if took := o.Steps[measure.Read]; took >= 0 {
		u.Replied = o.Done - took
	}
	return u
}

// recordOutcome records the final outcome of a call.
func (s *sender) recordOutcome(shard *measure.Shard, c *upload.Request, o *measure.Outcome) {
	o.HeldUp = o.HeldUp || s.watch.HeldUp(uploadOf(o))
	shard.Record(o)
	if s.Receipts != nil {
		s.Receipts.Record(c.Number, &c.Call, o)
	}
}
