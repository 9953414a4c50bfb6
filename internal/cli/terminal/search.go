package terminal

import (
	"fmt"
	"slices"
	"sync"
	"time"

	"rdiostress/internal/capacity"
	"rdiostress/internal/report"
	"rdiostress/internal/units"
)

// Search shows how a search goes: a line for each step that is over, and on a terminal a panel of the step that is
// under way.
type Search struct {
	before *Trial // shows what comes before the first step
	view   *searchView
}

// NewSearch returns what shows a search that takes at most that long. The caller closes it.
func NewSearch(screen Screen, most time.Duration) *Search {
	return &Search{
		before: newTrial(newDisplay(screen)),
		view:   &searchView{began: time.Now(), most: most, live: newLive()},
	}
}

// Before returns what shows what comes before the first step, and the bundled server's end.
func (s *Search) Before() *Trial { return s.before }

// Stopping says that the first signal was heard: in the panel of the search, and else by a line.
func (s *Search) Stopping() {
	s.view.stop()
	if !s.before.draws(s.view) {
		s.before.Stopping()
	}
}

// Leave removes what is drawn, since the process is going to end at once.
func (s *Search) Leave() { s.before.Leave() }

// Close ends what is drawn.
func (s *Search) Close() { s.before.Close() }

// Observe implements [capacity.Observer].
func (s *Search) Observe(e capacity.Event) {
	switch e := e.(type) {
	case capacity.Step: // what the panel shows of it is in the search's own events
	case capacity.Preparation:
		s.before.Observe(e.Event)
	case capacity.StorageFound:
		s.before.Observe(e.StorageFound)
	case capacity.Ended:
		s.view.end(&e.CapacityStep)
		if !s.before.Quiet {
			s.before.say(s.view.stepText(&e.CapacityStep))
		}
	default:
		s.view.observe(e)
		s.before.show(s.view)
	}
}

// searchView shows a step of a search.
type searchView struct {
	began time.Time
	most  time.Duration

	mu       sync.Mutex
	live     live
	steps    int     // that have begun
	ratePerS float64 // of the step; 0 before the first
	slots    int
	doing    string // what is done
	waiting  string // how the wait for storage goes; empty where it does not
	holding  bool
	held     float64 // the highest rate that was held; 0: none
	broke    float64 // the lowest rate above it that was not; 0: none
	why      string
	stopping bool
}

func (v *searchView) stop() {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.stopping = true
}

// observe notes what is done.
func (v *searchView) observe(e capacity.Event) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.holding, v.waiting = false, ""
	switch e := e.(type) {
	case capacity.AwaitingIdle:
		v.doing = "waiting until the server is idle"
		if e.First {
			v.doing = "measuring the idle server before the first rate"
		}
	case capacity.Preparing:
		v.steps++
		v.ratePerS, v.live = e.RatePerS, newLive()
		v.doing = "preparing " + units.PerSecond(e.RatePerS)
	case capacity.Holding:
		v.holding, v.ratePerS, v.slots = true, e.RatePerS, e.Slots
		v.live.add(e.Snapshot, e.Server, e.Storage)
		v.doing = fmt.Sprintf("holding %s for %s", units.PerSecond(e.RatePerS), units.Elapsed(e.Elapsed))
	case capacity.AwaitingStorage:
		p := &e.Progress
		v.await(e.RatePerS, fmt.Sprintf("%s of %s calls stored, %s", units.Count(p.Stored), units.Count(p.Acknowledged),
			units.PerSecond(p.PerS)))
	case capacity.AwaitingCount:
		v.await(e.RatePerS, fmt.Sprintf("%s of %s calls not stored, after %s", units.Count(e.Backlog),
			units.Count(e.Accepted), units.Elapsed(e.Waited)))
	}
}

// await notes how the wait for the calls of a step goes.
func (v *searchView) await(rate float64, waiting string) {
	v.doing, v.waiting = units.PerSecond(rate)+": waiting for storage", waiting
}

// end notes what a step came to.
func (v *searchView) end(s *report.CapacityStep) {
	v.mu.Lock()
	defer v.mu.Unlock()
	switch {
	case s.OK:
		v.held = max(v.held, s.RatePerS)
		if v.broke <= v.held {
			v.broke = 0
		}
	case s.Broke != report.BrokeUnseen && s.RatePerS > v.held && (v.broke == 0 || s.RatePerS <= v.broke):
		v.broke, v.why = s.RatePerS, s.BrokeWords
	}
}

// panel implements [view].
func (v *searchView) panel(p pen, room size) []ranked {
	v.mu.Lock()
	defer v.mu.Unlock()
	elapsed := time.Since(v.began)
	doing := v.doing
	if v.steps > 0 {
		doing = fmt.Sprintf("step %d, %s", v.steps, v.doing)
	}
	if v.stopping {
		doing = "stopping: " + v.doing
	}
	share, left := -1.0, units.Elapsed(elapsed.Truncate(time.Second))
	if v.most > 0 {
		share = elapsed.Seconds() / v.most.Seconds()
		left += " of at most " + units.Compact(v.most)
	}
	rows := []ranked{{0, p.head([]string{doing, v.doing}, share, left, room.columns)}}
	cells := room.columns - 1 - labelWidth
	switch {
	case v.holding:
		rows = append(rows, v.live.rows(p, room.columns, "wanted "+units.PerSecond(v.ratePerS),
			units.Count(uint64(max(v.slots, 0))))...)
	case v.waiting != "":
		rows = append(rows, ranked{1, labeled("storage", span{text: v.waiting})})
	}
	rows = append(rows, ranked{1, labeled("best", span{text: v.best(cells)})})
	hint := "Ctrl-C: stop the search, and report what is known by then"
	if v.stopping {
		hint = "Ctrl-C: leave at once, without a report"
	}
	return append(rows, ranked{8, labeled("", span{hint, faint})})
}

// best says which rates are known to be held, and not.
func (v *searchView) best(room int) string {
	held := "no rate was held yet"
	if v.held > 0 {
		held = units.PerSecond(v.held) + " held"
	}
	if v.broke == 0 {
		return held
	}
	broke := held + ", " + units.PerSecond(v.broke) + " was not"
	return firstFit([]string{broke + ": " + v.why, broke, held}, room)
}

// logLine implements [view]: a log has the steps alone.
func (v *searchView) logLine(time.Duration) string { return "" }

// stepText says what a step came to.
func (v *searchView) stepText(s *report.CapacityStep) string {
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
	return fmt.Sprintf("%s: %s for %s: %s", units.Elapsed(time.Since(v.began)), units.PerSecond(s.RatePerS),
		units.Duration(s.DurationS), words)
}
