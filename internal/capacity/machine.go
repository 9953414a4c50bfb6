package capacity

import (
	"fmt"

	"rdiostress/internal/field"
	"rdiostress/internal/judge"
	"rdiostress/internal/load"
	"rdiostress/internal/measure"
	"rdiostress/internal/trial/event"
	"rdiostress/internal/units"
)

// machine is what the machine of the generator kept from the steps of a search.
type machine struct {
	limit     string   // what it may not allow
	quota     *float64 // least quota of processors
	throttled float64  // the highest share of a step in which a quota held the generator back
	at        float64  // rate of that step
	stops     measure.Stops
	leftOut   bool // uploads of a step that matter are in no time
}

// checkMachine says before the search what this machine does not allow the largest steps. A search may end long before
// them, so that is no error.
func (s *stepper) checkMachine() {
	most := s.Trial.Scenario
	most.Rate = s.MaxPerS // 0: nobody knows how many calls there will be
	warning, err := load.CheckLimits(&most)
	if err != nil {
		warning = field.Messagef("the search may need more than this machine allows: %w", err)
	}
	if warning == "" {
		return
	}
	s.observer.Observe(Preparation{event.Warning{Text: warning}})
	s.machine.limit = s.env.Names.Text(warning)
}

// add takes in a step.
func (m *machine) add(ratePerS float64, res *measure.Result) {
	g := &res.Generator
	if q := g.QuotaProcessors; q != nil && (m.quota == nil || *q < *m.quota) {
		m.quota = q
	}
	if share := g.ThrottledShare; share != nil && *share > m.throttled {
		m.throttled, m.at = *share, ratePerS
	}
	if s := g.Stops; s != nil {
		m.stops.Count += s.Count
		m.stops.StoppedS += s.StoppedS
		m.stops.Accepted += s.Accepted
		m.stops.Failed += s.Failed
		m.leftOut = m.leftOut || s.Failed > 0 || 100*s.Accepted >= max(res.Totals.Attempted, 1)
	}
}

// warnings returns what a reader must know of it, a line each.
func (m *machine) warnings() (lines []string) {
	add := func(format string, args ...any) { lines = append(lines, fmt.Sprintf(format, args...)) }
	if m.limit != "" {
		add("%s", m.limit)
	}
	if m.quota != nil && *m.quota < 1 {
		add("the generator was short of processor time: a quota leaves it %s of a processor, so response times may be "+
			"too long and the capacity too low; give it one at least", units.Trim(units.Number(*m.quota)))
	}
	if m.throttled >= measure.ThrottledMuch {
		add("the generator was short of processor time: a quota held it back in %s of the step at %s",
			units.Trim(units.Percent(m.throttled)), units.CallRate(m.at))
	}
	if m.leftOut {
		lines = append(lines, judge.StopsWarnings(&m.stops, " during steps")...)
	}
	return lines
}
