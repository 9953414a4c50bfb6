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

// What a server knows is read as soon as its database is no longer locked, and each talkgroup is told once.
func TestCatalogueOfALockedDatabase(t *testing.T) {
	path, server := rollback(t)
	p, err := OpenSQLite(t.Context(), path)
	must(t, err)
	defer p.Close()
	must(t, insert(t.Context(), server, plannedPattern+"%07d.m4a", 0, 1))
	lock := func() (unlocked chan error) {
		_, err := server.ExecContext(t.Context(), "BEGIN EXCLUSIVE")
		must(t, err)
		unlocked = make(chan error, 1)
		time.AfterFunc(busyTimeout+busyTimeout/4, func() {
			_, err := server.ExecContext(context.Background(), "ROLLBACK")
			unlocked <- err
		})
		return unlocked
	}
	unlocked := lock()
	told := make(map[string]int)
	err = p.(Catalogue).Talkgroups(t.Context(), func(system, talkgroup int64) {
		told[fmt.Sprintf("%d/%d", system, talkgroup)]++
	})
	if err != nil || len(told) != 6 || told["11/1001"] != 1 {
		t.Errorf("%v: %v", told, err)
	}
	must(t, <-unlocked)
	unlocked = lock()
	if s, err := p.(Catalogue).Settings(t.Context()); err != nil || s.ConvertsAudio == nil || s.AutoPopulates == nil {
		t.Errorf("%+v: %v", s, err)
	}
	must(t, <-unlocked)
}

// adjustable is a server whose settings can be read, or not.
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

// Whether the server converts audio is asked when what is stored is compared, and again if it could not be read.
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
			w := &Watch{ledger: l, prober: p, match: newMatcher(l, &tt.options)}
			word := func() string {
				must(t, w.readStored(t.Context()))
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
