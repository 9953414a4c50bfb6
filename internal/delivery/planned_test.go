package delivery

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"rdiostress/internal/measure"
	"rdiostress/internal/rdio"
)

// planned is a Prober of a server that stores and logs at planned times.
type planned struct {
	start  time.Time
	rows   []plannedRow
	lines  []plannedLine
	broken func(at time.Duration) error // why it cannot be read at a given time; nil if it always can

	looked time.Duration
}

type plannedRow struct {
	at   time.Duration
	name string
}

type plannedLine struct {
	at   time.Duration
	text string
}

func (*planned) Method() string { return "sqlite" }
func (*planned) Source() string { return "a server of the test's" }
func (*planned) Close() error   { return nil }

func (p *planned) Poll(_ context.Context, tell *Visitor) error {
	now := time.Since(p.start)
	if err := p.fault(now); err != nil {
		return err
	}
	p.tell(p.looked, now, tell)
	p.looked = now
	return nil
}

func (p *planned) ReadAll(_ context.Context, tell *Visitor) error {
	now := time.Since(p.start)
	if err := p.fault(now); err != nil {
		return err
	}
	p.tell(-1, now, tell)
	return nil
}

func (p *planned) fault(now time.Duration) error {
	if p.broken == nil {
		return nil
	}
	return p.broken(now)
}

// tell visits what happened in a span of time.
func (p *planned) tell(after, until time.Duration, tell *Visitor) {
	for i, r := range p.rows {
		if r.at > after && r.at <= until {
			tell.Row(&Row{ID: int64(i) + 1, Name: r.name, System: 1, Talkgroup: 1, Time: p.start, Size: -1})
		}
	}
	for _, l := range p.lines {
		if l.at > after && l.at <= until {
			tell.Logged(l.text)
		}
	}
}

const plannedPattern = "rs-abcdefgh-"

func own(n int) string { return fmt.Sprintf("%s%07d.mp3", plannedPattern, n) }

// waited is a run of calls, acknowledged one per gap, and the wait for them.
type waited struct {
	calls   int
	gap     time.Duration
	options Options
	stop    time.Duration // when the user stops waiting, since the start of the run; 0 means never
}

// make makes the run in a testing/synctest bubble, and returns its delivery and how long that took.
func (r waited) make(t *testing.T, p *planned) (d measure.Delivery, took time.Duration) {
	t.Helper()
	p.start = time.Now()
	slices.SortStableFunc(p.rows, func(a, b plannedRow) int { return cmp.Compare(a.at, b.at) })
	l := NewLedger(plannedPattern, p.start)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	w := Start(ctx, l, p, r.options)
	for n := range r.calls {
		time.Sleep(r.gap)
		at := time.Since(p.start)
		l.Record(
			uint64(n), &rdio.Call{System: 1, Talkgroup: 1, Time: p.start},
			&measure.Outcome{Due: at, Sent: at, Done: at, Class: measure.Accepted},
		)
	}
	if r.stop > 0 {
		time.AfterFunc(r.stop-time.Since(p.start), cancel)
	}
	d = w.Finish(ctx, time.Since(p.start))
	if !d.Failed && *d.Stored+*d.Corrupted+*d.Dropped+*d.Missing+*d.Pending != *d.Acknowledged {
		t.Errorf("does not add up: %+v", d)
	}
	return d, time.Since(p.start)
}

func inWords(d measure.Delivery) string {
	if d.Failed {
		return "failed: " + d.Absent
	}
	return fmt.Sprintf(
		"stored %d, dropped %d, missing %d, pending %d; %s", *d.Stored, *d.Dropped, *d.Missing, *d.Pending, d.WaitEnd,
	)
}

// patient waits as long as rdiostress does by default.
func patient() Options { return Options{Timeout: time.Minute, Max: 10 * time.Minute} }

// strangers returns n rows of another run, from a given time on, one per gap.
func strangers(from, gap time.Duration, n int) (rows []plannedRow) {
	for i := range n {
		rows = append(rows, plannedRow{from + time.Duration(i)*gap, fmt.Sprintf("rs-otherrun-%07d.mp3", i)})
	}
	return rows
}

// stores returns what a server stores of a run of calls that were acknowledged one per gap, each by when it was
// acknowledged.
func stores(
	calls int,
	gap time.Duration,
	at func(n int, answered time.Duration) (time.Duration, bool),
) (rows []plannedRow) {
	for n := range calls {
		if when, ok := at(n, time.Duration(n+1)*gap); ok {
			rows = append(rows, plannedRow{when, own(n)})
		}
	}
	return rows
}
