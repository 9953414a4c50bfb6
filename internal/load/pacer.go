package load

import (
	"sync"
	"sync/atomic"
	"time"

	"rdiostress/internal/schedule"
)

// pacer releases the arrivals of an open model when they are due. Uploaders claim arrivals in order and wait for them
// here. One goroutine sleeps from one due time to the next and wakes them.
//
// The claimed arrivals that are not yet due are the last ones claimed, at most one for each uploader. So a ring with a
// slot for each uploader has a place for every waiter.
type pacer struct {
	start    time.Time
	schedule schedule.Schedule
	end      time.Duration
	released atomic.Uint64 // arrivals before this number may be sent
	ring     []waitingPlace
}

// waitingPlace is where an uploader waits for an arrival. The pacer and one uploader hold its lock for a few
// instructions.
type waitingPlace struct {
	mu      sync.Mutex
	arrival uint64        // number of the awaited arrival plus one; 0 is none
	wake    chan struct{} // channel of the waiter
	_       [40]byte      // keeps neighbours off the same cache line
}

// sleeper sleeps as exactly as the platform allows.
type sleeper interface {
	// until returns at time t since the start, or at once and false after stop.
	until(t time.Duration) bool
	// stop ends the current sleep and all later ones. It may be called from another goroutine.
	stop()
	close()
}

// newPacer returns a pacer for a number of uploaders. The schedule begins at start and ends at end.
func newPacer(uploaders int, schedule schedule.Schedule, start time.Time, end time.Duration) *pacer {
	return &pacer{start: start, schedule: schedule, end: end, ring: make([]waitingPlace, uploaders)}
}

// run releases arrivals until all are due or the sleeper is stopped. Then it wakes all waiters.
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

// release wakes the uploader that waits for an arrival, given its number plus one. The channel has room, as its owner
// waits for one arrival at a time.
func (a *waitingPlace) release(arrival uint64) {
	if arrival != 0 && a.arrival == arrival {
		a.arrival = 0
		a.wake <- struct{}{}
	}
}

// wait returns when arrival n is released. It reports false if it was released already and the caller did not wait.
// Wake is a channel of the caller with room for one value.
func (p *pacer) wait(n uint64, wake chan struct{}) bool {
	if n < p.released.Load() {
		return false
	}
	at := &p.ring[n%uint64(len(p.ring))]
	at.mu.Lock()
	if n < p.released.Load() { // checked again under the lock, under which the pacer releases n
		at.mu.Unlock()
		return false
	}
	at.arrival, at.wake = n+1, wake
	at.mu.Unlock()
	<-wake
	return true
}
