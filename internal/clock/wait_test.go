package clock

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

func TestWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		closed, open := make(chan struct{}), make(chan struct{})
		close(closed)
		soon := make(chan struct{})
		time.AfterFunc(time.Second, func() { close(soon) })
		var timer Timer
		for _, tc := range []struct {
			name        string
			d           time.Duration
			stop, other chan struct{}
			want        bool
			took        time.Duration
		}{
			{"to the end", time.Minute / 120, open, nil, true, time.Minute / 120},
			{"again", time.Second / 4, nil, open, true, time.Second / 4},
			{"ended by the first channel", time.Minute, soon, open, false, time.Second / 4},
			{"ended by the second", time.Minute, nil, closed, false, 0},
			{"ended before", 0, closed, nil, false, 0},
			{"no time", -time.Minute, open, open, true, 0},
			{"after one that was ended", time.Minute, nil, nil, true, time.Minute},
		} {
			began := time.Now()
			if got := timer.Wait(tc.d, tc.stop, tc.other); got != tc.want || time.Since(began) != tc.took {
				t.Errorf("%s: %v after %v", tc.name, got, time.Since(began))
			}
		}
	})
}

// A timer that waits again allocates nothing: uploaders wait between calls.
func TestTimerDoesNotAllocate(t *testing.T) {
	var timer Timer
	stop := make(chan struct{})
	if n := testing.AllocsPerRun(100, func() { timer.Wait(time.Microsecond, stop, nil) }); n != 0 {
		t.Errorf("%v allocations for a wait", n)
	}
}

func TestPatience(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		broken := errors.New("broken")
		hurry := make(chan struct{})
		p := Patience{Standstill: time.Minute, Hurry: hurry, Hurried: time.Second}
		slow := func(progress func()) error {
			for range 5 {
				time.Sleep(50 * time.Second) // of the bubble's clock
				progress()
			}
			return broken
		}
		if err := p.Await(slow); err != broken {
			t.Errorf("work that gets on: %v", err)
		}
		hang := func(func()) error { time.Sleep(time.Hour); return nil }
		began := time.Now()
		var stalled *StalledError
		if err := p.Await(hang); !errors.As(err, &stalled) || stalled.For != time.Minute ||
			time.Since(began) != time.Minute {
			t.Errorf("work that hangs: %v after %v", err, time.Since(began))
		}
		began = time.Now()
		time.AfterFunc(10*time.Second, func() { close(hurry) })
		if err := p.Await(hang); !errors.As(err, &stalled) || stalled.For != time.Second ||
			time.Since(began) != 11*time.Second {
			t.Errorf("hurried: %v after %v", err, time.Since(began))
		}
		time.Sleep(2 * time.Hour) // until what was left behind has ended
	})
}
