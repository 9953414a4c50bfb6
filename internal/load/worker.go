package load

import (
	"time"

	"rdiostress/internal/measure"
)

// worker is one uploader's goroutine: a slot that sends one call after the other.
type worker struct {
	*sender
	index   int
	shard   *measure.Shard
	up      Uploader
	call    Slip
	phase   int
	nextAt  time.Duration // where the phase after it begins
	wake    chan struct{} // by the pacer
	outcome measure.Outcome
}

// run sends until the run is over.
func (w *worker) run() {
	w.enterPhases()
	if w.pacer == nil {
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
		if at := w.origin + w.shape.Above(float64(w.index), now-w.origin); at > now {
			if !w.waitUntil(min(at, w.end)) {
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
		pause := w.Scenario.ThinkTime
		if unconnected(class) {
			pause = max(pause, reconnectPause)
		}
		if pause > 0 && !w.waitUntil(w.elapsed()+pause) {
			return
		}
	}
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
// free next finds it overdue, and its wait counts.
func (w *worker) runOpen() {
	for {
		n, ok := w.claim()
		if !ok {
			return
		}
		due := w.origin + w.pacer.schedule.Due(n)
		if due >= w.end || w.over(w.elapsed()) {
			return
		}
		lag := measure.SlotWait
		if w.pacer.wait(n, w.wake) {
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
	for w.phase < 0 || w.phases[w.phase].batches || due >= w.nextAt && w.phase < len(w.phases)-1 {
		w.phase++
		w.nextAt += w.phases[w.phase].Shape.Length()
	}
}

// send uploads call n, due at a given time, and records how it went. It is false if the run ended before there was a unique
// call to send.
func (w *worker) send(n uint64, due, lag time.Duration) (measure.Class, bool) {
	ok := w.Traffic.Next(n, due, &w.call)
	for !ok {
		w.starved.Store(true)
		if !w.waitUntil(w.elapsed().Truncate(time.Second)+time.Second) || w.over(w.elapsed()) {
			return 0, false
		}
		if w.pacer == nil {
			due = w.elapsed() // the closed model asks for the call only now; the open one's has waited
		}
		ok = w.Traffic.Next(n, w.elapsed(), &w.call)
	}
	if w.shape != nil {
		w.enterPhase(due)
	}
	w.inFlight.Add(1)
	a := w.up.Upload(w.uploads, &w.call)
	done := w.elapsed()
	w.inFlight.Add(-1)
	o := &w.outcome
	*o = measure.Outcome{
		Due: due, Sent: done, Done: done, Lag: lag, Phase: uint8(w.phase), Steps: a.Steps,
		Class: a.Class, Status: uint16(a.Status), Bytes: a.Bytes, Detail: a.Detail,
		Connected: a.NewConn, Reconnected: a.Reconnected,
	}
	if !a.Sent.IsZero() {
		o.Sent = a.Sent.Sub(w.Start)
	}
	w.shard.Record(o)
	if w.Receipts != nil {
		w.Receipts.Record(n, &w.call.Call, o)
	}
	return a.Class, true
}
