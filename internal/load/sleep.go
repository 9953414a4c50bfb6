package load

import (
	"sync"
	"time"
)

// timerSleeper sleeps on Go's timers: exact to a millisecond on Linux, to tens of microseconds where the runtime waits
// for network and timers with a finer call (macOS and the BSDs).
type timerSleeper struct {
	start   time.Time
	stopped chan struct{}
	once    sync.Once
}

func newTimerSleeper(start time.Time) *timerSleeper {
	return &timerSleeper{start: start, stopped: make(chan struct{})}
}

func (s *timerSleeper) until(t time.Duration) bool {
	timer := time.NewTimer(t - time.Since(s.start))
	defer timer.Stop()
	select {
	case <-s.stopped:
		return false
	case <-timer.C:
		return true
	}
}

func (s *timerSleeper) stop() { s.once.Do(func() { close(s.stopped) }) }

func (s *timerSleeper) close() {}
