package capacity

import (
	"time"

	"rdiostress/internal/measure"
	"rdiostress/internal/report"
	"rdiostress/internal/trial/event"
	"rdiostress/internal/trial/verification"
)

// Event is something that happens in a search. Before the first step, these are the events of a [trial.Environment]'s
// Prepare, as [Preparation]; of each step, in its order, [AwaitingIdle], [Preparing], [StorageFound], [Holding],
// [AwaitingStorage] or [AwaitingCount], and [Ended].
type Event interface{ event() }

// Observer is told how a search goes. Events come one after the other, and none while the search waits for an observer:
// it holds the search up.
type Observer interface{ Observe(Event) }

// ObserverFunc is a function that is an Observer.
type ObserverFunc func(Event)

// Observe implements Observer.
func (f ObserverFunc) Observe(e Event) { f(e) }

// Preparation is an event of a trial before the first step, or a warning when the search has ended.
type Preparation struct{ event.Event }

// AwaitingIdle says that the search waits until the server is idle before a step.
type AwaitingIdle struct {
	First bool // it measures how busy the server is before the first rate
}

// StorageFound says in which database storage of the steps is verified, when that is first known or changes.
type StorageFound struct{ event.StorageFound }

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
func (StorageFound) event()    {}
func (AwaitingIdle) event()    {}
func (Preparing) event()       {}
func (Holding) event()         {}
func (AwaitingStorage) event() {}
func (AwaitingCount) event()   {}
func (Ended) event()           {}
