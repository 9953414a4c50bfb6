package load

import (
	"sync"
	"time"
)

// timerSleeper sleeps with timers of Go. They are exact to a millisecond on Linux, and to tens of microseconds on macOS
// and the BSDs, where the runtime waits with a finer system call.
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
