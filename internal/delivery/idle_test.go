package delivery

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

// A server that could not be polled when the last reply came does not count as idle for that time: its activity is
// unknown.
func TestIdleIsSeen(t *testing.T) {
	const gap = 800 * time.Millisecond // the last reply comes after 80 s
	synctest.Test(t, func(t *testing.T) {
		p := &planned{
			// The server stores nothing for a while, as behind another client's lock.
			rows: stores(100, gap, func(n int, answered time.Duration) (time.Duration, bool) {
				if n < 5 {
					return answered, true
				}
				return 100*time.Second + answered, true
			}),
			broken: func(at time.Duration) error {
				if at > 5*time.Second && at < 80*time.Second+gap {
					return errors.New("database is locked")
				}
				return nil
			},
		}
		d, took := waited{calls: 100, gap: gap, options: patient()}.make(t, p)
		if got, want := inWords(d), "stored 100, dropped 0, missing 0, pending 0; stored"; got != want {
			t.Errorf("after %v\ngot  %s\nwant %s", took, got, want)
		}
	})
}

// Idle time only counts from the start of the measurement, and between two successful polls.
func TestStillness(t *testing.T) {
	at := func(seconds int) sample { return sample{at: time.Duration(seconds) * time.Second} }
	var s idleness
	s.add(at(0), at(10), false)
	s.restart(13 * time.Second)
	s.add(at(10), at(20), false)
	if s.idle != 7*time.Second {
		t.Errorf("idle for %v, 7 s after the last reply", s.idle)
	}
	s.addFailed()
	s.restart(80 * time.Second)
	s.add(at(20), at(90), false)
	if s.idle != 0 || s.idlePolls != 0 {
		t.Errorf("idle for %v while it could not be looked at", s.idle)
	}
	s.add(at(90), at(95), false)
	if s.idle != 5*time.Second || s.isIdle(5*time.Second) {
		t.Errorf("idle for %v after one look", s.idle)
	}
}
