package load

import (
	"time"

	"rdiostress/internal/measure"
	"rdiostress/internal/rdio"
)

// worker is one uploader's goroutine: a slot that sends one call after the other.
type worker struct {
	*sender
	shard *measure.Shard
	up    Uploader
	call  rdio.Call
}

// run sends until the run is over.
func (w *worker) run() {
	defer w.up.Close()
	if w.pacer == nil {
		w.runClosed()
	} else {
		w.runOpen()
	}
}

// runClosed sends call after call: each is due when the one before it is done.
func (w *worker) runClosed() {
	for {
		now := w.elapsed()
		if w.over(now) {
			return
		}
		n := w.next.Add(1) - 1
		if !w.send(n, now, -1) {
			return
		}
	}
}

// runOpen takes the next arrival, waits until it is due and sends it. When all workers are busy at that time, the one that is
// free next finds it overdue, and its wait counts.
func (w *worker) runOpen() {
	for {
		n := w.next.Add(1) - 1
		due := w.pacer.schedule.Due(n)
		if due >= w.Scenario.Duration || w.over(w.elapsed()) {
			return
		}
		lag := time.Duration(-1)
		if w.pacer.wait(n) {
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

// send uploads call n, due at a given time, and records how it went. It is false if the run ended before there was a unique
// call to send.
func (w *worker) send(n uint64, due, lag time.Duration) bool {
	clip, ok := w.Traffic.Next(n, due, &w.call)
	for !ok {
		w.starved.Store(true)
		if !w.waitUntil(w.elapsed().Truncate(time.Second)+time.Second) || w.over(w.elapsed()) {
			return false
		}
		due = w.elapsed()
		clip, ok = w.Traffic.Next(n, due, &w.call)
	}
	w.inFlight.Add(1)
	a := w.up.Upload(w.uploads, &w.call, clip.Data)
	done := w.elapsed()
	w.inFlight.Add(-1)
	o := measure.Outcome{
		Due: due, Sent: done, Done: done, Lag: lag,
		Class: a.Class, Status: uint16(a.Status), Bytes: a.Bytes, Detail: a.Detail,
	}
	if !a.Sent.IsZero() {
		o.Sent = a.Sent.Sub(w.Start)
	}
	w.shard.Record(&o)
	return true
}
