package delivery

import (
	"context"
	"testing"
	"time"

	"rdiostress/internal/measure"
	"rdiostress/internal/rdio"
)

// counter is a Prober of a server that only counts its calls.
type counter struct{ calls int64 }

func (counter) Method() string                          { return "api" }
func (counter) Source() string                          { return "a count" }
func (counter) ReadAll(context.Context, *Visitor) error { return nil }
func (counter) Close() error                            { return nil }
func (c counter) Poll(_ context.Context, tell *Visitor) error {
	tell.Count(c.calls)
	return nil
}

// Calls that were sent before the run do not count as stored calls of the run if a server is only counted.
func TestCallsBeforeTheRunAreNotStoredOnes(t *testing.T) {
	ledger := NewLedger("rs-abcdefgh-", time.Now())
	for n := range uint64(10) {
		ledger.Record(
			n, &rdio.Call{System: 1, Talkgroup: 1, Time: time.Now()}, &measure.Outcome{Class: measure.Accepted},
		)
	}
	options := Options{Every: time.Hour, Timeout: time.Millisecond, Max: time.Millisecond, Before: 103}
	w := Start(t.Context(), ledger, counter{calls: 107}, options)
	w.poll(t.Context())
	if p := w.Progress(); p.Stored != 4 || p.Backlog != 6 {
		t.Errorf("%d stored, %d behind, want 4 and 6", p.Stored, p.Backlog)
	}
	w.Finish(t.Context(), 0)
}

// Priming calls are identified by their names: they are not the run's, and no sign that the server drops names.
func TestPrimingCallsAreNoStrangers(t *testing.T) {
	m := matcher{ledger: NewLedger("rs-abcdefgh-", time.Now())}
	for i, name := range []string{
		"rs-abcdefgh-prime-0000000.mp3", "20261124_101500.123_rs-abcdefgh-prime-0000001.m4a", "rs-abcdefgh-probe.mp3",
	} {
		r := Row{ID: int64(i + 1), Name: name}
		m.markStored(&r, 0)
		m.accountRow(&r)
	}
	if rows, named := m.unnamedRows(); rows != 0 || named {
		t.Errorf("%d strangers, %v", rows, named)
	}
	m.ledger.each(func(n uint64, _ *receipt) { t.Errorf("a receipt of call %d", n) })
}
