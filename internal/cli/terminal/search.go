package terminal

import (
	"fmt"
	"slices"
	"sync"
	"time"

	"rdiostress/internal/capacity"
	"rdiostress/internal/clock"
	"rdiostress/internal/report"
	"rdiostress/internal/units"
)

// Search shows how a search goes: a line for each step that is over, and on a terminal below that one that is
// redrawn.
type Search struct {
	before *Trial // shows what comes before the first step
	screen Screen
	began  time.Time
	end    func() // ends the redrawing

	mu    sync.Mutex
	words string // of the line; empty: no line is shown
}

// redrawEvery is how often the line of a search is redrawn, which has the time in it.
const redrawEvery = 500 * time.Millisecond

// NewSearch returns what shows a search. The caller closes it.
func NewSearch(screen Screen) *Search {
	t := &Search{before: NewTrial(screen), screen: screen, began: time.Now()}
	t.end = sync.OnceFunc(clock.Every(redrawEvery, func(last bool) {
		if !last {
			t.redraw()
		}
	}))
	return t
}

// Before returns what shows what comes before the first step, and the bundled server's end.
func (t *Search) Before() *Trial { return t.before }

// Stopping says that the first signal was heard.
func (t *Search) Stopping() { t.before.Stopping() }

// Observe implements [capacity.Observer].
func (t *Search) Observe(e capacity.Event) {
	switch e := e.(type) {
	case capacity.Preparation:
		t.clear()
		t.before.Observe(e.Event)
	case capacity.StorageFound:
		words := t.clear()
		t.before.Observe(e.StorageFound)
		t.show("%s", words) // what is done goes on
	case capacity.AwaitingIdle:
		t.before.stage.end()
		if e.First {
			t.show("measuring the idle server before the first rate")
		} else {
			t.show("waiting until the server is idle")
		}
	case capacity.Preparing:
		t.show("preparing %s", units.PerSecond(e.RatePerS))
	case capacity.Holding:
		t.show("holding %s for %s: %d accepted, %d failed, p95 %s, %d in flight", units.PerSecond(e.RatePerS),
			units.Elapsed(e.Elapsed), e.Accepted, e.Failed, formatP95(e.Last.P95, e.Last.Accepted), e.InFlight)
	case capacity.AwaitingStorage:
		t.show("%s: waiting for storage: %d of %d calls stored, %s", units.PerSecond(e.RatePerS), e.Stored,
			e.Acknowledged, units.PerSecond(e.PerS))
	case capacity.AwaitingCount:
		t.show("%s: waiting for storage, %s so far: %d of %d calls not stored", units.PerSecond(e.RatePerS),
			units.Elapsed(e.Waited), e.Backlog, e.Accepted)
	case capacity.Ended:
		t.printStep(&e.CapacityStep)
	}
}

// show has the line say something else.
func (t *Search) show(format string, args ...any) {
	t.mu.Lock()
	t.words = fmt.Sprintf(format, args...)
	t.mu.Unlock()
	t.redraw()
}

// redraw writes the line, in place of itself.
func (t *Search) redraw() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.screen.Quiet || !t.screen.IsTerminal || t.words == "" {
		return
	}
	text := units.Elapsed(time.Since(t.began)) + ": " + t.words
	fmt.Fprint(t.screen.W, clearLine+fit(text, widthOf(t.screen.W)))
}

// clear removes the line, and returns what it said.
func (t *Search) clear() (words string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.words != "" && t.screen.IsTerminal && !t.screen.Quiet {
		fmt.Fprint(t.screen.W, clearLine)
	}
	words, t.words = t.words, ""
	return words
}

// printStep says what a step came to.
func (t *Search) printStep(s *report.CapacityStep) {
	t.clear()
	if t.screen.Quiet {
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
	fmt.Fprintf(t.screen.W, "%s: %s for %s: %s\n", units.Elapsed(time.Since(t.began)), units.PerSecond(s.RatePerS),
		units.Duration(s.DurationS), words)
}

// Close ends what is drawn.
func (t *Search) Close() {
	t.end()
	t.clear()
	t.before.Close()
}
