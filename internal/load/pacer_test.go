package load

import (
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"rdiostress/internal/schedule"
)

// spinner is a sleeper that never gives the processor away.
type spinner struct{ start time.Time }

func (s spinner) until(t time.Duration) bool {
	for time.Since(s.start) < t {
		runtime.Gosched()
	}
	return true
}
func (spinner) stop()  {}
func (spinner) close() {}

// On an overloaded machine, where goroutines stop between any two instructions, every uploader is woken, and none
// before its call is due.
func TestPacerWakesEveryUploader(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(10)) // more threads than processors, so that they are interrupted
	for round := range 5 {
		const uploaders = 2
		end := 300 * time.Millisecond
		start := time.Now()
		p := newPacer(uploaders, schedule.NewConstant(schedule.Shape{{Length: end, From: 300_000, To: 300_000}}), start,
			end)
		var hogs, senders sync.WaitGroup
		var over atomic.Bool
		for range 6 {
			hogs.Go(func() {
				for !over.Load() {
				}
			})
		}
		var next atomic.Uint64
		for range uploaders {
			senders.Go(func() {
				wake := make(chan struct{}, 1)
				for {
					n := next.Add(1) - 1
					due := p.schedule.Due(n)
					if due >= end {
						return
					}
					if p.wait(n, wake) && time.Since(start) < due {
						t.Errorf("round %d: arrival %d is sent before it is due", round, n)
					}
				}
			})
		}
		senders.Go(func() { p.run(spinner{start}) })
		finished := make(chan struct{})
		go func() { senders.Wait(); close(finished) }()
		select {
		case <-finished:
		case <-time.After(30 * time.Second):
			t.Fatalf("round %d: an uploader waits for ever; %d claimed, %d released", round, next.Load(),
				p.released.Load())
		}
		over.Store(true)
		hogs.Wait()
	}
}

// A pacer that is stopped early wakes all uploaders at once.
func TestPacerStops(t *testing.T) {
	start := time.Now()
	p := newPacer(3, schedule.NewConstant(schedule.Shape{{Length: time.Hour, From: 0.001, To: 0.001}}), start,
		time.Hour)
	sleep, err := newSleeper(start)
	if err != nil {
		t.Fatal(err)
	}
	defer sleep.close()
	var group sync.WaitGroup
	for n := range uint64(3) {
		group.Go(func() { p.wait(n, make(chan struct{}, 1)) })
	}
	group.Go(func() { p.run(sleep) })
	sleep.stop()
	group.Wait()
	if time.Since(start) > time.Minute {
		t.Error("stopping took as long as waiting")
	}
}
