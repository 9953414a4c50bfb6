package trial

import (
	"reflect"
	"slices"
	"sync"

	"rdiostress/internal/trial/event"
)

// Observer receives the events of a trial.
//
// All events come from one goroutine, one after the other, in the order in which they happened. A slow observer does
// not block the trial: events are queued. For events that only describe a state ([event.Second],
// [event.PrimingProgress], [event.AwaitingStorage]) the latest replaces a queued one, so that a slow observer misses
// seconds, but no other event, and the order is kept. The trial returns after its observer has received the last event.
type Observer interface{ Observe(Event) }

// ObserverFunc is a function that implements Observer.
type ObserverFunc func(Event)

// Observe implements Observer.
func (f ObserverFunc) Observe(e Event) { f(e) }

// Event is something that happens in a trial; package event has all of them.
type Event = event.Event

// dispatcher passes events to an observer on its own goroutine.
type dispatcher struct {
	observer Observer
	done     sync.WaitGroup

	mu      sync.Mutex
	changed sync.Cond
	waiting []Event
	closed  bool
}

// newDispatcher returns a dispatcher for an observer, which may be nil. The caller must call close.
func newDispatcher(o Observer) *dispatcher {
	t := &dispatcher{observer: o}
	t.changed.L = &t.mu
	if o != nil {
		t.done.Go(t.run)
	}
	return t
}

// emit queues an event for the observer. It never blocks, and is safe for concurrent use.
func (t *dispatcher) emit(e Event) {
	if t.observer == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if _, ok := e.(event.Replaceable); ok {
		kind := reflect.TypeOf(e)
		t.waiting = slices.DeleteFunc(t.waiting, func(other Event) bool { return reflect.TypeOf(other) == kind })
	}
	t.waiting = append(t.waiting, e)
	t.changed.Signal()
}

// close waits until the observer has received all events.
func (t *dispatcher) close() {
	t.mu.Lock()
	t.closed = true
	t.changed.Signal()
	t.mu.Unlock()
	t.done.Wait()
}

func (t *dispatcher) run() {
	for {
		t.mu.Lock()
		for len(t.waiting) == 0 && !t.closed {
			t.changed.Wait()
		}
		if len(t.waiting) == 0 {
			t.mu.Unlock()
			return
		}
		next := t.waiting[0]
		t.waiting = t.waiting[1:]
		t.mu.Unlock()
		t.observer.Observe(next)
	}
}
