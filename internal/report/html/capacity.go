package html

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"rdiostress/internal/measure"
	"rdiostress/internal/report"
	"rdiostress/internal/units"
)

// capacityPage is the page of a search for a capacity.
func capacityPage(rep *report.Capacity, opts Options) *page {
	r := &rep.Result
	p := &page{
		Kind: "search", Tool: rep.Tool.Name + " " + rep.Tool.Version,
		When: whenText("search", rep.Run.ID, rep.Run.StartedAt),
		Exit: fmt.Sprintf("exit code %d", r.ExitCode), Scenario: opts.Scenario,
	}
	found := rep.Outcome()
	p.Badge, p.Head, p.Tone = found.Word, found.Head, capacityTone(r)
	p.Reasons, p.Warnings = found.Reasons, found.Warnings
	p.goesOn(opts.Running)
	p.Title = fmt.Sprintf("%s: search %s of %s", p.Badge, rep.Run.ID, report.TargetText(&rep.Target))
	p.fact("Target", report.TargetText(&rep.Target))
	p.fact("Server", rep.Target.Server)
	p.fact("Took", fmt.Sprintf("%s, %s", units.Duration(rep.Run.DurationS),
		units.Plural(uint64(len(rep.Steps)), "step")))
	for _, o := range rep.Objectives {
		p.fact("Objective", o.Title())
	}
	p.chart(rateCharts(rep)...)
	p.rates(rep)
	return p
}

// capacityTone is the tone of what was found.
func capacityTone(r *report.CapacityResult) string {
	switch {
	case r.CapacityPerS != nil:
		return toneGood
	case r.AcceptedPerS != nil, r.AtLeastPerS != nil:
		return toneWarn
	default:
		return toneBad
	}
}

// counting are the steps that count, in the order of their rates: of those at one rate, the last.
func counting(steps []report.CapacityStep) []report.CapacityStep {
	list := slices.DeleteFunc(slices.Clone(steps), func(s report.CapacityStep) bool { return s.Repeated })
	slices.SortStableFunc(list, func(a, b report.CapacityStep) int { return cmp.Compare(a.RatePerS, b.RatePerS) })
	before := func(i int) bool { return i+1 < len(list) && list[i].RatePerS == list[i+1].RatePerS }
	out := list[:0]
	for i := range list {
		if !before(i) {
			out = append(out, list[i])
		}
	}
	return out
}

// rateCharts show times and what was stored over the rate, with the knee.
func rateCharts(rep *report.Capacity) []*chart {
	steps := counting(rep.Steps)
	if len(steps) == 0 {
		return nil
	}
	over := func(id, title string, u unit) *chart {
		c := &chart{ID: id, Title: title, XKind: overRate, Unit: u}
		for _, s := range steps {
			c.X = append(c.X, s.RatePerS)
		}
		if r := &rep.Result; r.CapacityPerS != nil {
			c.Marks = append(c.Marks, mark{
				"capacity " + units.PerSecond(*r.CapacityPerS), *cmp.Or(r.OfferedPerS, r.CapacityPerS),
			})
		}
		return c
	}
	values := func(of func(*report.CapacityStep) *float64) (list []float64) {
		for i := range steps {
			v := math.NaN()
			if got := of(&steps[i]); got != nil {
				v = *got
			}
			list = append(list, v)
		}
		return list
	}
	times := over("rate-times", "Response time by rate", inSeconds)
	times.Log = true
	few := false
	enough := func(q float64, v func(*report.CapacityStep) *float64) []float64 {
		return values(func(s *report.CapacityStep) *float64 {
			if s.Accepted > 0 && measure.TooFew(q, s.Accepted) {
				few = true
				return nil
			}
			return v(s)
		})
	}
	times.Lines = []line{
		{Name: "p50", Style: 1, Values: values(func(s *report.CapacityStep) *float64 { return s.P50S })},
		{Name: "p95", Style: 2, Values: enough(0.95, func(s *report.CapacityStep) *float64 { return s.P95S })},
		{Name: "p99", Style: 3, Values: enough(0.99, func(s *report.CapacityStep) *float64 { return s.P99S })},
	}
	for _, o := range rep.Objectives {
		if o.Op == "<" && o.Name != report.ErrorRate {
			times.Limits = append(times.Limits, limit{o.Title(), o.Limit})
		}
	}
	times.Sentence = "Response times of the rates that were held, on a logarithmic scale. Where the lines bend " +
		"upwards, the server begins to fall behind."
	if few {
		times.Sentence += " " + fewSentence("Rates")
	}
	stored := over("rate-stored", "Accepted and stored by rate", inCallsPerS)
	stored.Lines = []line{
		{Name: "accepted", Style: 1, Values: values(func(s *report.CapacityStep) *float64 { return &s.AcceptedPerS })},
		{Name: "stored", Style: 2, Values: values(func(s *report.CapacityStep) *float64 { return s.StoredPerS })},
	}
	stored.Sentence = "What the server accepted and stored of each rate. Where stored stays below accepted, a " +
		"backlog grows."
	return []*chart{times, stored}
}

// rates shows what each rate did.
func (p *page) rates(rep *report.Capacity) {
	g := grid{Caption: "Rates, in the order that they were held", Header: []string{
		"rate", "held for", "p50", "p95", "success", "accepted", "stored", "processors", "memory", "outcome",
	}, Text: true}
	show := func(v *float64, u unit) string {
		if v == nil {
			return "–"
		}
		return u.format(*v)
	}
	for i := range rep.Steps {
		s := &rep.Steps[i]
		tone := toneGood
		switch {
		case s.Repeated:
			tone = ""
		case !s.OK:
			tone = toneBad
		}
		g.Rows = append(g.Rows, row{[]string{
			units.PerSecond(s.RatePerS), units.Duration(math.Round(s.DurationS)), show(s.P50S, inSeconds),
			show(s.P95S, inSeconds), show(s.SuccessRate, inShare), show(&s.AcceptedPerS, inCallsPerS),
			show(s.StoredPerS, inCallsPerS), show(s.CPUSPerS, inProcessors), show(s.RSSBytes, inBytes), s.Outcome(),
		}, tone})
	}
	p.section(section{ID: "rates", Title: "Rates", Tables: []grid{g}})
}
