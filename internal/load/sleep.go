package load

import (
	"sync"
	"time"

	"rdiostress/internal/clock"
)

// timerSleeper sleeps with timers of Go. They are exact to a millisecond on Linux, and to tens of microseconds on macOS
// and the BSDs, where the runtime waits with a finer system call.
type timerSleeper struct {
	start   time.Time
	stopped chan struct{}
	once    sync.Once
	timer   clock.Timer
}

func newTimerSleeper(start time.Time) *timerSleeper {
	return &timerSleeper{start: start, stopped: make(chan struct{})}
}

func (s *timerSleeper) until(t time.Duration) bool {
	return s.timer.Wait(t-time.Since(s.start), s.stopped, nil)
}

func (s *timerSleeper) stop() { s.once.Do(func() { close(s.stopped) }) }

func (s *timerSleeper) close() {}
