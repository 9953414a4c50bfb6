package terminal

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"rdiostress/internal/judge"
	"rdiostress/internal/measure"
	"rdiostress/internal/scenario"
	"rdiostress/internal/schedule"
	"rdiostress/internal/trial/event"
	"rdiostress/internal/units"
)

// runView shows a run as it goes.
type runView struct {
	scenario scenario.Scenario
	shape    schedule.Shape
	length   time.Duration
	start    time.Time

	mu       sync.Mutex
	live     live
	offset   time.Duration // when the guide's batches were over
	batches  bool          // they are not
	stopping bool          // the first signal was heard
	alerts   alerts
	crash    string        // what the crash test has done last; empty: nothing yet
	due      time.Duration // when the next line of a log is
}

// newRunView returns what shows a run that began at a time.
func newRunView(s *scenario.Scenario, start time.Time) *runView {
	shape := s.Shape()
	return &runView{
		scenario: *s, shape: shape, length: shape.Length(), start: start, live: newLive(), batches: s.Guide,
		due: LineEvery,
	}
}

// observe notes what happens in the run.
func (v *runView) observe(e event.Event) {
	v.mu.Lock()
	defer v.mu.Unlock()
	switch e := e.(type) {
	case event.Second:
		v.live.add(e.Snapshot, e.Server, e.Storage)
	case event.PhaseBegan:
		if v.batches && e.Phase != v.scenario.Phases()[0].Name {
			v.batches, v.offset = false, e.At
		}
	case event.AlertChanged:
		v.alerts.change(e.AlertChange)
	case event.MemoryAlert:
		if e.Alert == nil {
			v.alerts.close(judge.High, judge.AlertMemoryGrowth)
		} else {
			v.alerts.change(judge.AlertChange{Alert: *e.Alert, Opened: true})
		}
	case event.ServerKilled, event.ServerAnswered:
		v.crash = crashText(e)
	}
}

// stop notes that the user has stopped the run.
func (v *runView) stop() {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.stopping = true
}

// panel implements [view].
func (v *runView) panel(p pen, room size) []ranked {
	v.mu.Lock()
	defer v.mu.Unlock()
	elapsed := time.Since(v.start).Truncate(time.Second) // a clock shows seconds that are over
	what, left := v.what(elapsed), v.left(elapsed)
	share := v.share(elapsed)
	if v.stopping {
		share = -1
	}
	rows := []ranked{{0, p.head(what, share, left, room.columns)}}
	rows = append(rows, v.live.rows(p, room.columns, v.wanted(), v.most())...)
	if again := v.repeats(room.columns - 1 - labelWidth); again != "" {
		rows = append(rows, ranked{7, labeled("retries", span{text: again})})
	}
	if v.crash != "" {
		rows = append(rows, ranked{3, labeled("crash test", span{v.crash, yellow})})
	}
	rows = append(rows, ranked{1, v.alerts.row(room.columns - 1 - labelWidth)})
	hint := "Ctrl-C: stop early, and report on what was sent"
	if v.stopping {
		hint = "Ctrl-C: leave at once, without a report"
	}
	return append(rows, ranked{8, labeled("", span{hint, faint})})
}

// what says what goes on, in ever fewer words.
func (v *runView) what(elapsed time.Duration) []string {
	inFlight := units.Plural(uint64(max(v.live.now.InFlight, 0)), "upload")
	switch {
	case v.stopping:
		return []string{"stopping: waiting for " + inFlight, "stopping"}
	case v.over(elapsed):
		return []string{"sent: waiting for " + inFlight, "sent"}
	}
	phase := v.live.now.Phase
	if phase == "" {
		phase = "starting"
	}
	whole := phase
	if v.live.now.Phase != "" && !v.live.now.Scored {
		whole += ", not scored"
	}
	clock := v.clock(elapsed)
	return []string{whole + ", " + clock, phase + ", " + clock, phase, clock}
}

// over reports whether all is sent.
func (v *runView) over(elapsed time.Duration) bool {
	total := v.scenario.Total
	return !v.batches && elapsed >= v.offset+v.length || total > 0 && v.live.now.Attempted >= total
}

// clock is the time that has passed, and of how much where that is known before; with a total, the calls.
func (v *runView) clock(elapsed time.Duration) string {
	text := v.logClock(elapsed)
	if total := v.scenario.Total; total > 0 {
		text += fmt.Sprintf(", %s of %s", units.Count(v.live.now.Attempted), units.Plural(total, "call"))
	}
	return text
}

// left says how long the run still sends; empty where that is not known.
func (v *runView) left(elapsed time.Duration) string {
	if v.batches || v.stopping || v.over(elapsed) {
		return ""
	}
	left, about := v.offset+v.length-elapsed, ""
	if total, done := v.scenario.Total, v.live.now.Attempted; total > 0 {
		if done == 0 {
			return ""
		}
		left = min(left, time.Duration(float64(elapsed)*(float64(total)/float64(done)-1)))
		about = "about "
	}
	return about + units.Elapsed(max(left, 0)) + " left"
}

// share is how much of the run is over, 0 to 1, by time or by number of calls, whichever is further; below 0 where that
// is not known.
func (v *runView) share(elapsed time.Duration) float64 {
	if v.batches {
		return -1
	}
	share := (elapsed - v.offset).Seconds() / v.length.Seconds()
	if total := v.scenario.Total; total > 0 {
		share = max(share, float64(v.live.now.Attempted)/float64(total))
	}
	return min(share, 1)
}

// wanted says how many calls are to be sent per second by now.
func (v *runView) wanted() string {
	s, at := &v.scenario, v.live.now.Elapsed-v.offset
	switch {
	case v.batches:
		return ""
	case s.Replay.On():
		return "wanted " + units.PerSecond(s.Replay.Rate()) + " in the mean"
	case s.Open():
		return "wanted " + units.PerSecond(v.shape.At(min(at, v.length-1)))
	default:
		return "wanted as many as possible"
	}
}

// most is how many uploads may be in flight by now.
func (v *runView) most() string {
	s, most := &v.scenario, uint64(max(v.scenario.MaxConcurrent, 0))
	if !s.Open() && !v.batches && v.length > 0 {
		now := uint64(max(v.shape.At(min(v.live.now.Elapsed-v.offset, v.length-1)), 0))
		if now < most {
			return units.Count(now) + " now, later more"
		}
	}
	return units.Count(most)
}

// repeats says how calls are sent again; empty where they are not.
func (v *runView) repeats(room int) string {
	if !v.scenario.Repeats().On {
		return ""
	}
	now := &v.live.now
	return joinParts(room, []part{
		{0, units.Plural(now.Attempts-min(now.Accepted, now.Attempts), "attempt") + " failed"},
		{1, units.Plural(uint64(max(now.Waiting, 0)), "call") + " to be sent again"},
	})
}

// logLine implements [view].
func (v *runView) logLine(time.Duration) string {
	v.mu.Lock()
	defer v.mu.Unlock()
	elapsed := time.Since(v.start)
	if elapsed < v.due {
		return ""
	}
	for v.due <= elapsed {
		v.due = nextLogLine(v.due)
	}
	return fmt.Sprintf("%s: %s", v.logClock(v.live.now.Elapsed), v.format())
}

// logClock is the time that has passed, as it begins a line of a log.
func (v *runView) logClock(elapsed time.Duration) string {
	if v.scenario.Guide || v.scenario.Total > 0 {
		return units.Elapsed(elapsed)
	}
	return units.Elapsed(min(elapsed, v.length)) + " of " + units.Compact(v.length)
}

// nextLogLine is when the line of a log is due that follows one, since the start of the run: often at first, so that a
// mistake is seen soon, and ever less often in a long run.
func nextLogLine(at time.Duration) time.Duration {
	switch {
	case at < 30*time.Second:
		return at + LineEvery
	case at < 10*time.Minute:
		return at + 30*time.Second
	case at < time.Hour:
		return at + 2*time.Minute
	default:
		return at + 10*time.Minute
	}
}

// format returns the run so far in a line.
func (v *runView) format() string {
	s := &v.live.now
	if v.stopping {
		return fmt.Sprintf("stopping: waiting for %d uploads (Ctrl-C to leave at once)", s.InFlight)
	}
	stored, accepted := v.live.formatStored()
	phase := s.Phase
	if s.Scored && len(v.scenario.Stages) == 0 {
		phase = "" // the only one that lasts
	}
	return joinParts(wide, []part{
		{0, phase},
		{0, units.PerSecond(s.Last.PerSecond)},
		{0, units.Count(accepted) + " accepted"},
		{0, stored},
		{0, units.Count(s.Failed) + " failed"},
		{0, "p95 " + formatP95(s.P95, s.P95Of)},
		{0, units.Count(uint64(max(s.InFlight, 0))) + " in flight"},
		{0, v.live.toTranscribe()},
		{0, v.repeats(wide)},
	})
}

// wide is a width that a line without a terminal does not reach.
const wide = 1000

// alerts are those that are open.
type alerts []measure.Alert

// change notes that an alert opens or closes.
func (a *alerts) change(c judge.AlertChange) {
	a.close(c.Severity, c.KPI)
	if c.Opened {
		*a = append(*a, c.Alert)
	}
}

func (a *alerts) close(severity, kpi string) {
	*a = slices.DeleteFunc(*a, func(alert measure.Alert) bool {
		return alert.Severity == severity && alert.KPI == kpi
	})
}

// row returns the open alerts, the critical ones first, as many as there is room for.
func (a alerts) row(room int) row {
	critical, high := a.texts(judge.Critical), a.texts(judge.High)
	switch {
	case len(critical) > 0:
		return labeled("alerts", span{listed(append(critical, high...), room), red})
	case len(high) > 0:
		return labeled("alerts", span{listed(high, room), yellow})
	default:
		return labeled("alerts", span{text: "none open"})
	}
}

// texts returns the alerts of a severity, without those whose figure has a critical one too.
func (a alerts) texts(severity string) (texts []string) {
	for _, alert := range a {
		isWorse := func(other measure.Alert) bool {
			return other.KPI == alert.KPI && other.Severity == judge.Critical && severity != judge.Critical
		}
		if alert.Severity == severity && !slices.ContainsFunc(a, isWorse) {
			texts = append(texts, fmt.Sprintf("%s: %s %s", severity, judge.AlertTitle(alert.KPI),
				judge.AlertLimitText(alert)))
		}
	}
	return texts
}

// listed joins as many texts as there is room for, and says how many more there are.
func listed(texts []string, room int) (line string) {
	for n := len(texts); n > 0; n-- {
		line = strings.Join(texts[:n], "; ")
		if rest := len(texts) - n; rest > 0 {
			line += fmt.Sprintf("; %d more", rest)
		}
		if width(line) <= room {
			break
		}
	}
	return line
}
