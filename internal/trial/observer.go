package trial

import (
	"reflect"
	"slices"
	"sync"

	"rdiostress/internal/trial/event"
)

// Observer is told how a trial goes.
//
// All events come from one goroutine, one after the other, in the order in which they happened. A slow observer does
// not hold the trial up: events wait for it. Of those that only say how something stands ([event.Second],
// [event.PrimingProgress], [event.AwaitingStorage]) the latest takes the place of one that still waits, so that an
// observer that cannot keep up loses seconds, but neither another event nor the order. The trial returns once its
// observer has got the last event.
type Observer interface{ Observe(Event) }

// ObserverFunc is a function that is an Observer.
type ObserverFunc func(Event)

// Observe implements Observer.
func (f ObserverFunc) Observe(e Event) { f(e) }

// Event is something that happens in a trial; package event has them all.
type Event = event.Event

// dispatcher hands events to an observer on a goroutine of its own.
type dispatcher struct {
	observer Observer
	done     sync.WaitGroup

	mu      sync.Mutex
	changed sync.Cond
	waiting []Event
	closed  bool
}

// newDispatcher returns a dispatcher for an observer, which may be nil. Close must be called.
func newDispatcher(o Observer) *dispatcher {
	t := &dispatcher{observer: o}
	t.changed.L = &t.mu
	if o != nil {
		t.done.Go(t.run)
	}
	return t
}

// emit has the observer told of an event. It never waits, and is safe for concurrent use.
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

// close returns when the observer has been told of everything.
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
