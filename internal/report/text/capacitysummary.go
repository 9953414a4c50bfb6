package text

import (
	"cmp"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"

	"rdiostress/internal/report"
	"rdiostress/internal/units"
)

// A summary shows so many steps at most, those whose rates are nearest to the result, and in little room so many.
const (
	mostRates = 10
	fewRates  = 4
)

// WriteCapacitySummary writes what a search for a capacity found, and why, so that it fits on one screen of a terminal.
func WriteCapacitySummary(w io.Writer, rep report.Capacity, opts Options) error {
	p := tightEnough(opts, func(p *page) { p.searchSummary(&rep, opts.More) })
	return p.writeTo(w)
}

// searchSummary writes a search as tightly as the page is.
func (p *page) searchSummary(rep *report.Capacity, more string) {
	p.head(rep.Tool, "capacity", rep.Run.ID, rep.Run.StartedAt, report.TargetText(&rep.Target), rep.Scenario.Client,
		units.Plural(uint64(len(rep.Steps)), "step")+" in "+units.Duration(rep.Run.DurationS))
	p.resultFrame(rep, compact)
	for _, line := range rep.Warnings {
		p.note("! "+line, p.ink.yellow)
	}
	p.gap()
	var objectives []string
	for _, o := range rep.Objectives {
		objectives = append(objectives, objectiveText(o))
	}
	p.row("Objectives", 3, unpainted, strings.Join(objectives, ", "))
	if words := primingText(rep.Priming); words != "" {
		p.row("Priming", 2, p.ink.dim, words)
	}
	p.gap()
	if shown := nearest(rep.Steps, &rep.Result, max(mostRates-2*int(p.tight), fewRates)); len(shown) > 0 {
		p.ratesTable(shown)
		if left := len(rep.Steps) - len(shown); left > 0 {
			p.note(units.Plural(uint64(left), "more step")+" at rates further away", p.ink.dim)
		}
		p.gap()
	}
	p.searchedServerRow(rep)
	p.searchGeneratorRow(rep)
	head, paint := p.headline(&rep.Result)
	p.last(head, rep.Result.ExitCode, paint, more)
}

// nearest returns so many steps at most, whose rates are nearest to what was found; without a result, the last ones.
func nearest(steps []report.CapacityStep, r *report.CapacityResult, most int) []report.CapacityStep {
	if len(steps) <= most {
		return steps
	}
	found := cmp.Or(r.OfferedPerS, r.CapacityPerS, r.AcceptedPerS, r.AtLeastPerS, r.HighPerS)
	if found == nil || *found <= 0 {
		return steps[len(steps)-most:]
	}
	distance := func(s report.CapacityStep) float64 { return math.Abs(math.Log(s.RatePerS / *found)) }
	return slices.SortedStableFunc(slices.Values(steps), func(a, b report.CapacityStep) int {
		return cmp.Compare(distance(a), distance(b))
	})[:most]
}

// searchedServerRow says what was seen of the server at the highest rate that it held.
func (p *page) searchedServerRow(rep *report.Capacity) {
	var best *report.CapacityStep
	for i, s := range rep.Steps {
		if s.OK && (best == nil || s.RatePerS >= best.RatePerS) {
			best = &rep.Steps[i]
		}
	}
	var parts []string
	if rep.Watch.PID > 0 {
		parts = append(parts, fmt.Sprintf("%s (%d)", rep.Watch.Process, rep.Watch.PID))
	}
	if best != nil && best.CPUSPerS != nil {
		words := units.Number(*best.CPUSPerS) + " processors busy"
		if n := rep.Watch.Processors; n > 0 {
			words = fmt.Sprintf("%s of %s busy", units.Number(*best.CPUSPerS), units.Plural(uint64(n), "processor"))
		}
		parts = append(parts, words)
	}
	if best != nil && best.RSSBytes != nil {
		parts = append(parts, memoryName(rep.Watch)+" "+units.Bytes(*best.RSSBytes))
	}
	switch {
	case len(parts) == 0:
		p.row("Server", 2, p.ink.dim, "not seen: "+report.NotMeasured)
	case best != nil:
		p.row("Server", 2, unpainted, "at "+units.CallRate(best.RatePerS)+": "+strings.Join(parts, ", "))
	default:
		p.row("Server", 2, unpainted, strings.Join(parts, ", "))
	}
}

// searchGeneratorRow says whether the generator was the limit.
func (p *page) searchGeneratorRow(rep *report.Capacity) {
	if rep.Result.Limited {
		p.row("Generator", 2, p.ink.yellow, "was the limit, not the server")
		return
	}
	words := "not the limit"
	var limited int
	for _, s := range rep.Steps {
		if len(s.Limits) > 0 {
			limited++
		}
	}
	if limited > 0 {
		words += fmt.Sprintf(" of the result, but of %s", units.Plural(uint64(limited), "step"))
	}
	p.row("Generator", 2, unpainted, words)
}
