package terminal

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"
	"unicode"

	"rdiostress/internal/capacity"
	"rdiostress/internal/delivery"
	"rdiostress/internal/judge"
	"rdiostress/internal/measure"
	"rdiostress/internal/preflight"
	"rdiostress/internal/report"
	"rdiostress/internal/scenario"
	"rdiostress/internal/trial/event"
	"rdiostress/internal/trial/verification"
)

// chance makes values of all sizes, and views of them.
type chance struct{ *rand.Rand }

func (c chance) number() uint64      { return c.Uint64() >> c.IntN(64) }
func (c chance) span() time.Duration { return time.Duration(c.number() >> 1) }
func (c chance) is(oneIn int) bool   { return c.IntN(oneIn) == 0 }
func (c chance) any() float64        { return math.Float64frombits(c.Uint64()) }

// text is one as servers and files of others may have it.
func (c chance) text() string {
	alphabet := []rune("ab ,.中文\u0308\u202e\x1b[31m\x00\r\n\t\u200d👩🚀\ufe0f…–é\u00a0\u2028")
	text := make([]rune, c.IntN(200))
	for i := range text {
		text[i] = alphabet[c.IntN(len(alphabet))]
		if c.is(10) {
			text[i] = rune(c.IntN(unicode.MaxRune))
		}
	}
	return string(text)
}

func (c chance) progress() verification.Progress {
	p := delivery.Progress{
		Stage: delivery.Stage(c.IntN(4)), At: c.span(), Acknowledged: c.number(), Stored: c.number(),
		Backlog: c.number(), PerS: c.any(), Idle: c.span(), Busy: c.is(2), Others: c.is(2), Left: c.span(),
		GivesUp: c.span(), Read: c.number(), ToRead: c.number(),
	}
	if c.is(3) {
		p.Err = errors.New(c.text())
	}
	return verification.Progress{Progress: p}
}

func (c chance) second(int) event.Second {
	e := event.Second{Snapshot: measure.Snapshot{
		Elapsed: c.span(), Phase: c.text(), Scored: c.is(2), Attempted: c.number(), Accepted: c.number(),
		Failed: c.number(), Attempts: c.number(), InFlight: int(c.number()), Waiting: int(c.number()), P95: c.span(),
		P95Of: c.number(), RecentP95: c.span(), RecentP95Of: c.number(),
		Last: measure.Interval{Accepted: c.number(), LeftOut: c.number(), PerSecond: c.any(), P95: c.span()},
	}}
	for range c.IntN(20) {
		e.Failures = append(e.Failures, measure.FailureCount{
			Class: measure.Class(c.IntN(256)), Status: uint16(c.IntN(65536)), Count: c.number(),
		})
	}
	for sig := range measure.NumSignals {
		if c.is(2) {
			e.Server.Set(sig, c.any())
		}
	}
	if !c.is(3) {
		p := c.progress()
		e.Storage = &p
	}
	return e
}

// views are one of each kind.
func (c chance) views() map[string]view {
	s := scenario.Scenario{
		MaxConcurrent: int(c.number()), Rate: float64(c.number()), Duration: c.span() + 1,
		Total: c.number() * uint64(c.IntN(2)), Guide: c.is(5), Retries: scenario.Retries{On: c.is(2)},
	}
	alert := measure.Alert{
		Severity: []string{judge.High, judge.Critical, c.text()}[c.IntN(3)], KPI: c.text(), Unit: c.text(),
		Limit: c.any(),
	}
	run := ran(s, c.IntN(5), c.second, event.ServerKilled{At: c.span()},
		event.AlertChanged{AlertChange: judge.AlertChange{Alert: alert, Opened: true}})
	waits := newStoringView(&event.AwaitingStorage{Progress: c.progress()})
	waits.began = waits.began.Add(-c.span())
	second := c.second(0)
	search := searched(
		capacity.Holding{RatePerS: c.any(), Snapshot: second.Snapshot, Server: second.Server, Storage: second.Storage},
		capacity.Ended{CapacityStep: report.CapacityStep{RatePerS: 3, BrokeWords: c.text()}})
	priming, stage := newStageView(), newStageView()
	priming.began = priming.began.Add(-time.Minute)
	stage.began = priming.began
	priming.prime(&event.PrimingProgress{
		PrimeProgress: preflight.PrimeProgress{
			Sent: int(c.number()), Learned: int(c.number()), Total: int(c.number()), Left: c.span(),
		},
		Seen: c.is(2), Took: c.span(), Max: c.span(),
	})
	stage.set(c.text())
	return map[string]view{"run": run, "storing": waits, "search": search, "priming": priming, "stage": stage}
}

// Whatever the figures are, and whatever others call things, a panel fits its terminal.
func TestPanelsFitWhateverTheyShow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for seed := range uint64(300) {
			c := chance{rand.New(rand.NewPCG(seed, 2))}
			p, room := pen{c.is(2), c.is(2)}, size{c.IntN(200), c.IntN(30)}
			for name, v := range c.views() {
				checkPanel(t, fmt.Sprintf("%s, seed %d", name, seed), v, p, room)
			}
		}
	})
}
