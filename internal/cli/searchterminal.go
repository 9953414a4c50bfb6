package cli

import (
	"fmt"
	"slices"
	"sync"
	"time"

	"rdiostress/internal/capacity"
	"rdiostress/internal/clock"
	"rdiostress/internal/report"
	"rdiostress/internal/trial/event"
	"rdiostress/internal/units"
)

// searchTerminal shows how a search goes: a line for each step that is over, and on a terminal below that one that is
// redrawn.
type searchTerminal struct {
	before *terminal // shows what comes before the first step
	ios    *streams
	quiet  bool
	began  time.Time
	end    func() // ends the redrawing

	mu    sync.Mutex
	words string // of the line; empty: no line is shown
}

// redrawEvery is how often the line of a search is redrawn, which has the time in it.
const redrawEvery = 500 * time.Millisecond

// newSearchTerminal returns what shows a search. The caller closes it.
func newSearchTerminal(ios *streams, quiet bool) *searchTerminal {
	t := &searchTerminal{before: newTerminal(ios, quiet), ios: ios, quiet: quiet, began: time.Now()}
	t.end = sync.OnceFunc(clock.Every(redrawEvery, func(last bool) {
		if !last {
			t.redraw()
		}
	}))
	return t
}

// Observe implements capacity.Observer.
func (t *searchTerminal) Observe(e capacity.Event) {
	switch e := e.(type) {
	case capacity.Preparation:
		t.clear()
		t.before.Observe(e.Event)
	case capacity.OpeningWatch:
		t.before.Observe(event.Preparing{Activity: event.OpeningWatch})
	case capacity.Resting:
		t.before.stage.end()
		if e.First {
			t.show("looking at the server before the first rate")
		} else {
			t.show("waiting until the server is idle")
		}
	case capacity.Preparing:
		t.show("preparing %s", formatRate(e.RatePerS))
	case capacity.Holding:
		t.show("holding %s for %s: %d accepted, %d failed, p95 %s, %d in flight", formatRate(e.RatePerS),
			units.Elapsed(e.Elapsed), e.Accepted, e.Failed, formatP95(e.Last.P95, e.Last.Accepted), e.InFlight)
	case capacity.AwaitingStorage:
		t.show("%s: waiting for storage: %d of %d calls stored, %s", formatRate(e.RatePerS), e.Stored,
			e.Acknowledged, formatRate(e.PerS))
	case capacity.AwaitingCount:
		t.show("%s: waiting for storage, %s so far: %d of %d calls not stored", formatRate(e.RatePerS),
			units.Elapsed(e.Waited), e.Backlog, e.Accepted)
	case capacity.Ended:
		t.printStep(&e.CapacityStep)
	}
}

// formatRate writes a number of calls per second.
func formatRate(perS float64) string { return units.Trim(units.Rate(perS)) + "/s" }

// show has the line say something else.
func (t *searchTerminal) show(format string, args ...any) {
	t.mu.Lock()
	t.words = fmt.Sprintf(format, args...)
	t.mu.Unlock()
	t.redraw()
}

// redraw writes the line, in place of itself.
func (t *searchTerminal) redraw() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.quiet || !t.ios.ErrTerminal || t.words == "" {
		return
	}
	text := units.Elapsed(time.Since(t.began)) + ": " + t.words
	fmt.Fprint(t.ios.Err, clearLine+fit(text, terminalWidth(t.ios.Err)))
}

// clear removes the line.
func (t *searchTerminal) clear() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.words != "" && t.ios.ErrTerminal && !t.quiet {
		fmt.Fprint(t.ios.Err, clearLine)
	}
	t.words = ""
}

// printStep says what a step came to.
func (t *searchTerminal) printStep(s *report.CapacityStep) {
	t.clear()
	if t.quiet {
		return
	}
	words := "held"
	switch {
	case s.Broke == report.BrokeUnseen:
		words = "not known: " + s.BrokeWords
	case !s.OK:
		words = "broke: " + s.BrokeWords
	}
	if s.P95S != nil && !slices.Contains(s.FewSamples, "p95_s") {
		words += "; p95 " + units.Seconds(*s.P95S)
	}
	fmt.Fprintf(t.ios.Err, "%s: %s for %s: %s\n", units.Elapsed(time.Since(t.began)), formatRate(s.RatePerS),
		units.Duration(s.DurationS), words)
}

// close ends what is drawn.
func (t *searchTerminal) close() {
	t.end()
	t.clear()
	t.before.close()
}
