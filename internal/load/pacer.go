package load

import (
	"sync"
	"sync/atomic"
	"time"

	"rdiostress/internal/schedule"
)

// pacer releases the arrivals of an open model when they are due. Uploaders claim arrivals in order and wait for them
// here; one goroutine sleeps from one due time to the next and wakes them.
//
// Claimed arrivals that are not yet due are always the last few claimed, at most one for each uploader. So a ring with
// a slot for each uploader has a place for every waiter.
type pacer struct {
	start    time.Time
	schedule schedule.Schedule
	end      time.Duration
	released atomic.Uint64 // arrivals 0 to released-1 may be sent
	ring     []place
}

// place is where an uploader waits for an arrival. Its lock is held for some instructions, by the pacer and one
// uploader.
type place struct {
	mu      sync.Mutex
	arrival uint64        // waited for, plus one; 0 for none
	wake    chan struct{} // the waiter's own
	_       [40]byte      // keeps neighbours off one cache line
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
func newPacer(uploaders int, schedule schedule.Schedule, start time.Time, end time.Duration) *pacer {
	return &pacer{start: start, schedule: schedule, end: end, ring: make([]place, uploaders)}
}

// run releases arrivals until all are due or the sleeper is stopped; then it wakes every waiter.
func (p *pacer) run(sleep sleeper) {
	for n := uint64(0); ; n++ {
		due := p.schedule.Due(n)
		if due >= p.end || time.Since(p.start) < due && !sleep.until(due) {
			break
		}
		at := &p.ring[n%uint64(len(p.ring))]
		at.mu.Lock()
		p.released.Store(n + 1)
		at.release(n + 1)
		at.mu.Unlock()
	}
	p.released.Store(^uint64(0))
	for i := range p.ring {
		at := &p.ring[i]
		at.mu.Lock()
		at.release(at.arrival)
		at.mu.Unlock()
	}
}

// release wakes who waits for an arrival, given plus one. The channel has room: its owner waits for one arrival at a
// time.
func (a *place) release(arrival uint64) {
	if arrival != 0 && a.arrival == arrival {
		a.arrival = 0
		a.wake <- struct{}{}
	}
}

// wait returns when arrival n is released. It is false if it already was, and the caller has not waited. Wake is the
// caller's own channel, with room for one.
func (p *pacer) wait(n uint64, wake chan struct{}) bool {
	if n < p.released.Load() {
		return false
	}
	at := &p.ring[n%uint64(len(p.ring))]
	at.mu.Lock()
	if n < p.released.Load() { // under the lock, since the pacer releases n under it
		at.mu.Unlock()
		return false
	}
	at.arrival, at.wake = n+1, wake
	at.mu.Unlock()
	<-wake
	return true
}
