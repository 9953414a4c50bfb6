package capacity

import (
	"time"

	"rdiostress/internal/measure"
	"rdiostress/internal/report"
	"rdiostress/internal/trial/event"
	"rdiostress/internal/trial/verification"
)

// Event is something that happens in a search. Before the first step, there are the events of a [trial.Environment]'s
// Prepare, as [Preparation]; for each step, in this order, [AwaitingIdle], [Preparing], [StorageFound], [Holding],
// [AwaitingStorage] or [AwaitingCount], and [Ended]; among them, all events of the step's trial, as [Step].
type Event interface{ event() }

// Observer receives the events of a search, one after the other. The search waits for the observer, which therefore
// must not block.
type Observer interface{ Observe(Event) }

// ObserverFunc is a function that implements Observer.
type ObserverFunc func(Event)

// Observe implements Observer.
func (f ObserverFunc) Observe(e Event) { f(e) }

// Step is an event of the trial of a step, before the search's own event about it.
type Step struct {
	RatePerS float64
	event.Event
}

// Preparation is an event of a trial before the first step, or a warning at the end of the search.
type Preparation struct{ event.Event }

// AwaitingIdle means that the search waits until the server is idle before a step.
type AwaitingIdle struct {
	First bool // the server's processor use before the first rate is measured
}

// StorageFound names the database in which the steps' storage is verified, when it is first found or changes.
type StorageFound struct{ event.StorageFound }

// Preparing means that a step is prepared.
type Preparing struct{ RatePerS float64 }

// Holding is the state of a step after a second.
type Holding struct {
	RatePerS float64
	measure.Snapshot
	Slots   int                    // maximum uploads in flight
	Server  measure.Observation    // observations of the last few seconds
	Storage *verification.Progress // storage; nil if it is not verified
}

// AwaitingStorage is the state of storing a step's calls, if these are looked up one by one.
type AwaitingStorage struct {
	RatePerS float64
	verification.Progress
}

// AwaitingCount is the state of storing a step's calls by the server's own count.
type AwaitingCount struct {
	RatePerS float64
	Waited   time.Duration
	Backlog  uint64
	Accepted uint64
}

// Ended is the result of a step.
type Ended struct{ report.CapacityStep }

func (Step) event()            {}
func (Preparation) event()     {}
func (StorageFound) event()    {}
func (AwaitingIdle) event()    {}
func (Preparing) event()       {}
func (Holding) event()         {}
func (AwaitingStorage) event() {}
func (AwaitingCount) event()   {}
func (Ended) event()           {}
