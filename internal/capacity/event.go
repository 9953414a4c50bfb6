package capacity

import (
	"time"

	"rdiostress/internal/measure"
	"rdiostress/internal/report"
	"rdiostress/internal/trial/event"
	"rdiostress/internal/trial/verification"
)

// Event is something that happens in a search. Before the first step, these are the events of a [trial.Environment]'s
// Prepare, as [Preparation]; of each step, in its order, [Resting], [Preparing], [Holding], [AwaitingStorage] or
// [AwaitingCount], and [Ended].
type Event interface{ event() }

// Observer is told how a search goes. Events come one after the other, and none while the search waits for an observer:
// it holds the search up.
type Observer interface{ Observe(Event) }

// ObserverFunc is a function that is an Observer.
type ObserverFunc func(Event)

// Observe implements Observer.
func (f ObserverFunc) Observe(e Event) { f(e) }

// Preparation is an event of a trial before the first step.
type Preparation struct{ event.Event }

// Resting says that the server is waited for before a step.
type Resting struct {
	First bool // the server is looked at before the first rate
}

// Preparing says that a step is prepared.
type Preparing struct{ RatePerS float64 }

// Holding says how a step stands after a second.
type Holding struct {
	RatePerS float64
	measure.Snapshot
}

// AwaitingStorage says how storing of a step's calls stands, where these are looked for one by one.
type AwaitingStorage struct {
	RatePerS float64
	verification.Progress
}

// AwaitingCount says how storing of a step's calls stands by the server's own count.
type AwaitingCount struct {
	RatePerS float64
	Waited   time.Duration
	Backlog  uint64
	Accepted uint64
}

// Ended says what a step came to.
type Ended struct{ report.CapacityStep }

func (Preparation) event()     {}
func (Resting) event()         {}
func (Preparing) event()       {}
func (Holding) event()         {}
func (AwaitingStorage) event() {}
func (AwaitingCount) event()   {}
func (Ended) event()           {}
