package load

import (
	"sync/atomic"
	"time"
)

// pacer releases the arrivals of an open model when they are due. Uploaders claim arrivals in order and wait for them here; one
// goroutine sleeps from one due time to the next and wakes them.
//
// Claimed arrivals that are not yet due are always the last few claimed, at most one for each uploader. So a ring with a
// slot for each uploader holds every waiter, and neither side ever waits for the other.
type pacer struct {
	start    time.Time
	schedule Schedule
	end      time.Duration
	released atomic.Uint64 // arrivals 0 to released-1 may be sent
	ring     []waiter
}

// waiter is where an uploader waits for an arrival.
type waiter struct {
	arrival atomic.Uint64 // the arrival waited for plus one, 0 for none; whoever sets it back to 0 may go on
	wake    chan struct{} // holds the pacer's token, if it was the pacer
	_       [48]byte      // keeps neighbours off one cache line
}

// sleeper sleeps as exactly as the platform can.
type sleeper interface {
	// until returns when t has come since the start, or at once and false after stop.
	until(t time.Duration) bool
	// stop ends the current sleep and all later ones. It may be called from another goroutine.
	stop()
	close()
}

// newPacer returns a pacer for a number of uploaders. The schedule counts from start, and is over at end.
func newPacer(uploaders int, schedule Schedule, start time.Time, end time.Duration) *pacer {
	p := &pacer{start: start, schedule: schedule, end: end, ring: make([]waiter, uploaders)}
	for i := range p.ring {
		p.ring[i].wake = make(chan struct{}, 1)
	}
	return p
}

// run releases arrivals until all are due or the sleeper is stopped; then it wakes every waiter.
func (p *pacer) run(sleep sleeper) {
	for n := uint64(0); ; n++ {
		due := p.schedule.Due(n)
		if due >= p.end || time.Since(p.start) < due && !sleep.until(due) {
			break
		}
		p.release(n)
	}
	p.released.Store(^uint64(0))
	for i := range p.ring {
		p.wake(&p.ring[i])
	}
}

func (p *pacer) release(n uint64) {
	p.released.Store(n + 1)
	if w := &p.ring[n%uint64(len(p.ring))]; w.arrival.CompareAndSwap(n+1, 0) {
		w.wake <- struct{}{}
	}
}

func (p *pacer) wake(w *waiter) {
	if waiting := w.arrival.Load(); waiting != 0 && w.arrival.CompareAndSwap(waiting, 0) {
		w.wake <- struct{}{}
	}
}

// wait returns when arrival n is released. It is false if it already was, and the caller has not waited.
func (p *pacer) wait(n uint64) bool {
	if n < p.released.Load() {
		return false
	}
	w := &p.ring[n%uint64(len(p.ring))]
	w.arrival.Store(n + 1)
	// The pacer may have released n before it could see the waiter: then whoever takes the waiter back decides.
	if n < p.released.Load() && w.arrival.CompareAndSwap(n+1, 0) {
		return false
	}
	<-w.wake
	return true
}
