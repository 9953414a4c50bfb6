package trial

import (
	"fmt"
	"testing"
	"time"

	"rdiostress/internal/field"
	"rdiostress/internal/trial/event"
)

// A slow observer blocks nobody: it misses only events that describe a state, and the order is kept.
func TestSlowObserver(t *testing.T) {
	going, goOn := make(chan bool), make(chan bool)
	var got []string
	dispatcher := newDispatcher(ObserverFunc(func(e Event) {
		switch e := e.(type) {
		case event.Done:
			going <- true
			<-goOn
		case event.Second:
			got = append(got, e.Elapsed.String())
		case event.Warning:
			got = append(got, e.Text.String())
		}
	}))
	dispatcher.emit(event.Done{})
	<-going // from now on, all events are queued
	want := []string{}
	for n := range 10 {
		second := event.Second{}
		second.Elapsed = time.Duration(n) * time.Second
		dispatcher.emit(second)
		if n%3 == 0 {
			dispatcher.emit(event.Warning{Text: field.Messagef("warning %d", n)})
			want = append(want, fmt.Sprint("warning ", n))
		}
	}
	last := event.Second{}
	last.Elapsed = time.Minute
	dispatcher.emit(last)
	close(goOn)
	dispatcher.close()
	if want = append(want, "1m0s"); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("told %q, want %q", got, want)
	}
}

// The observer may be nil.
func TestNoObserver(t *testing.T) {
	dispatcher := newDispatcher(nil)
	dispatcher.emit(event.Done{})
	dispatcher.close()
	if len(dispatcher.waiting) > 0 {
		t.Error("events wait for nobody")
	}
}
