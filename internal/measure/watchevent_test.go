package measure

import (
	"encoding/json"
	"testing"
)

// An event is a sentence in a report, and is parsed from it again.
func TestWatchEventIsASentence(t *testing.T) {
	for _, tt := range []struct {
		event    WatchEvent
		sentence string
	}{
		{WatchEvent{AtS: 31, Kind: EventProcessEnded, PID: 4711}, "31 s: the server's process 4711 ended"},
		{WatchEvent{Kind: EventProcessReplaced, PID: 4720}, "0 s: process 4720 is seen to listen in its place"},
		{WatchEvent{Text: "5 s: it sang"}, "5 s: it sang"},
		{
			WatchEvent{Text: "31 s: the server's process 4711 ended, perhaps"},
			"31 s: the server's process 4711 ended, perhaps",
		},
	} {
		text, err := json.Marshal(tt.event)
		var read WatchEvent
		if err := json.Unmarshal(text, &read); err != nil || read != tt.event || read.String() != tt.sentence {
			t.Errorf("%s is read as %+v, %v", text, read, err)
		}
		if err != nil {
			t.Error(err)
		}
	}
}

func TestEnded(t *testing.T) {
	w := Watch{Events: []WatchEvent{
		{AtS: 3, Kind: EventProcessReplaced}, {AtS: 5, Kind: EventProcessEnded, PID: 7}, {
			AtS:  9,
			Kind: EventProcessEnded,
		},
	}}
	if e, ok := w.Ended(); !ok || e.AtS != 5 || e.PID != 7 {
		t.Errorf("ended by %+v, %t", e, ok)
	}
	if _, ok := (&Watch{}).Ended(); ok {
		t.Error("a server that was not watched has ended")
	}
}
