// Package feed has the queue of a program that uploads calls: when it sends what waits, when it stops, what it drops.
//
// A [Feed] is what one such program has for one stream of calls to one server. It is told what happens and at which
// time, and says what the program would do. It has no clock, no goroutine and no connection of its own, and must not be
// used by several goroutines at the same time.
package feed

import (
	"time"

	"rdiostress/internal/load/ring"
	"rdiostress/internal/rdio"
)

// Feed is the queue of one program. Times are since the start of the run.
type Feed[T any] struct {
	habits  rdio.Habits
	offset  time.Duration // of its polls
	waiting ring.Queue[Call[T]]

	state    state
	tested   bool
	lastTest time.Duration // when the last test has ended
	stopped  time.Duration // since when nothing is sent
	figures  Figures
}

// Call is a call in the queue.
type Call[T any] struct {
	Value T
	Began time.Duration // when the call itself began
	Due   time.Duration // when its recording was complete
	Ready time.Duration // when the program sends it unless an upload has failed
}

// Figures count what a feed has done.
type Figures struct {
	Outdated     uint64 // calls that were dropped, as they were too old
	LargestBurst uint64 // most calls that were sent at the same time
	Pauses       uint64 // how often failed uploads have stopped it
	Paused       time.Duration
	Tests        uint64
	TestsPassed  uint64
}

type state uint8

const (
	unconnected state = iota
	inTest
	connected
)

// New returns the feed of a program with habits. Its polls are at an offset from the start of the run. A program with
// connection tests begins with one.
func New[T any](h rdio.Habits, offset time.Duration) *Feed[T] {
	f := &Feed[T]{habits: h, offset: offset}
	if h.TestEvery == 0 {
		f.state = connected
	}
	return f
}

// NextPoll returns the first time, not before a given one, at which the program looks at its queue.
func (f *Feed[T]) NextPoll(from time.Duration) time.Duration {
	poll := f.habits.Poll
	if poll == 0 {
		return from
	}
	since := from - f.offset
	if since <= 0 {
		return f.offset
	}
	return f.offset + (since+poll-1)/poll*poll
}

// Offer puts a call into the queue.
func (f *Feed[T]) Offer(value T, began, due time.Duration) {
	f.waiting.Push(Call[T]{value, began, due, f.NextPoll(due)})
}

// Poll makes the program look at its queue. It reports whether a connection test begins now: then [Feed.Tested] is to
// be told how it ends. Otherwise, [Feed.Take] returns the calls to send.
func (f *Feed[T]) Poll(now time.Duration) (test bool) {
	if f.state != unconnected || f.tested && now-f.lastTest <= f.habits.TestEvery {
		return false
	}
	if !f.tested {
		f.stopped = now
	}
	f.state = inTest
	f.figures.Tests++
	return true
}

// Tested says how a connection test has ended. If it has passed, the program looks at its queue at once.
func (f *Feed[T]) Tested(now time.Duration, passed bool) {
	f.state, f.tested, f.lastTest = unconnected, true, now
	if passed {
		f.state = connected
		f.figures.TestsPassed++
		f.figures.Paused += now - f.stopped
	}
}

// Take removes the calls from the queue that are sent now, and those that are too old. It hands each of them over, in
// order, and says whether it is to be sent. Without a connection, it only looks for old ones.
func (f *Feed[T]) Take(now time.Duration, hand func(c Call[T], send bool)) {
	burst := uint64(0)
	for f.waiting.Len() > 0 {
		c := f.waiting.First()
		old := f.habits.MaxAge > 0 && now-c.Began > f.habits.MaxAge
		if f.state != connected && !old {
			break
		}
		f.waiting.Pop()
		if old {
			f.figures.Outdated++
		} else {
			burst++
		}
		hand(c, !old)
	}
	f.figures.LargestBurst = max(f.figures.LargestBurst, burst)
}

// Failed says that an upload has failed. A program with connection tests sends nothing more until one passes.
func (f *Feed[T]) Failed(now time.Duration) {
	if f.habits.TestEvery == 0 || f.state != connected {
		return
	}
	f.state, f.stopped = unconnected, now
	f.figures.Pauses++
}

// Connected reports whether the program sends calls.
func (f *Feed[T]) Connected() bool { return f.state == connected }

// Waiting returns how many calls are in the queue.
func (f *Feed[T]) Waiting() uint64 { return uint64(f.waiting.Len()) }

// Figures returns what the feed has done until now.
func (f *Feed[T]) Figures(now time.Duration) Figures {
	out := f.figures
	if f.state != connected && out.Tests > 0 {
		out.Paused += now - f.stopped
	}
	return out
}
