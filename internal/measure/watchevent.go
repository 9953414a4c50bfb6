package measure

import (
	"fmt"
	"slices"
)

// WatchEvent is something that happened to the watched server. A report shows it as a sentence.
type WatchEvent struct {
	AtS  float64 // since the start of the run
	Kind WatchEventKind
	PID  int32  // the process; 0 if the event has no process
	Text string // the sentence of an EventOther
}

// WatchEventKind is the kind of a WatchEvent.
type WatchEventKind uint8

// The kinds of events.
const (
	EventOther           WatchEventKind = iota // written by a version with more kinds
	EventProcessEnded                          // the server's process ended
	EventProcessReplaced                       // another process listens in its place
)

// The sentences, with placeholders for the second and the process.
const (
	endedSentence    = "%.0f s: the server's process %d ended"
	replacedSentence = "%.0f s: process %d is seen to listen in its place"
)

// String returns the sentence.
func (e WatchEvent) String() string {
	switch e.Kind {
	case EventProcessEnded:
		return fmt.Sprintf(endedSentence, e.AtS, e.PID)
	case EventProcessReplaced:
		return fmt.Sprintf(replacedSentence, e.AtS, e.PID)
	default:
		return e.Text
	}
}

// MarshalText writes the sentence.
func (e WatchEvent) MarshalText() ([]byte, error) { return []byte(e.String()), nil }

// UnmarshalText parses a sentence. It keeps an unknown one as it is.
func (e *WatchEvent) UnmarshalText(text []byte) error {
	*e = WatchEvent{Text: string(text)}
	for kind, sentence := range map[WatchEventKind]string{
		EventProcessEnded:    "%f s: the server's process %d ended",
		EventProcessReplaced: "%f s: process %d is seen to listen",
	} {
		read := WatchEvent{Kind: kind}
		if n, _ := fmt.Sscanf(string(text), sentence, &read.AtS, &read.PID); n == 2 && read.String() == string(text) {
			*e = read
		}
	}
	return nil
}

// Ended returns the first event of the end of the server's process; false if there is none.
func (w *Watch) Ended() (WatchEvent, bool) {
	i := slices.IndexFunc(w.Events, func(e WatchEvent) bool { return e.Kind == EventProcessEnded })
	if i < 0 {
		return WatchEvent{}, false
	}
	return w.Events[i], true
}
