package delivery

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"rdiostress/internal/measure"
	"rdiostress/internal/rdio"
)

// adjustable is a server whose settings may be readable or not.
type adjustable struct {
	planned
	converts bool
	err      error
	asked    int
}

func (*adjustable) Talkgroups(context.Context, func(system, talkgroup int64)) error {
	return ErrTakesAny
}

func (a *adjustable) Settings(context.Context) (Settings, error) {
	a.asked++
	if a.err != nil {
		return Settings{}, a.err
	}
	return Settings{ConvertsAudio: &a.converts}, nil
}

// The watch reads whether the server converts audio when it compares stored audio, and again if the setting could not
// be read.
func TestAsksWhetherAudioIsConverted(t *testing.T) {
	sent := func(uint64) (Sent, bool) { return Sent{}, false }
	for _, tt := range []struct {
		name    string
		options AudioOptions
		want    string
	}{
		{"compared", AudioOptions{Sent: sent}, "unknown, then true, asked 2 times"},
		{"known", AudioOptions{Sent: sent, ConvertsAudio: new(bool)}, "false, then false, asked 0 times"},
		{"not compared", AudioOptions{NotCompared: "--verify-audio=false"}, "unknown, then unknown, asked 0 times"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			l := NewLedger(plannedPattern, time.Now())
			l.Record(0, &rdio.Call{System: 1, Talkgroup: 1}, &measure.Outcome{Class: measure.Accepted})
			p := &adjustable{planned: planned{start: time.Now()}, converts: true, err: errors.New("database is locked")}
			w := &Watch{ledger: l, place: p, prober: p, match: newMatcher(l, &tt.options)}
			word := func() string {
				if err := w.readStored(t.Context()); err != nil {
					t.Fatal(err)
				}
				if w.match.audio.converts == nil {
					return "unknown"
				}
				return fmt.Sprint(*w.match.audio.converts)
			}
			first := word()
			p.err = nil
			second := word()
			if got := fmt.Sprintf("%s, then %s, asked %d times", first, second, p.asked); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}
