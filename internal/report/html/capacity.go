package html

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"rdiostress/internal/judge"
	"rdiostress/internal/report"
	"rdiostress/internal/units"
)

// capacityPage is the page of a search for a capacity.
func capacityPage(rep *report.Capacity, opts Options) *page {
	r := &rep.Result
	p := &page{
		Kind: "search", Tool: rep.Tool.Name + " " + rep.Tool.Version, ID: rep.Run.ID,
		Started: startedText(rep.Run.StartedAt), Exit: fmt.Sprintf("exit code %d", r.ExitCode), Scenario: opts.Scenario,
	}
	p.Badge, p.Head, p.Tone = capacityHead(r)
	if rep.Run.Interrupted {
		p.Badge = "Interrupted"
	}
	p.Title = fmt.Sprintf("%s: search %s of %s", p.Badge, rep.Run.ID, rep.Target.URL)
	if r.HighPerS != nil {
		p.Reasons = append(p.Reasons, fmt.Sprintf("The lowest rate that broke is %s: %s.", units.CallRate(*r.HighPerS),
			r.BrokeWords))
	}
	if r.Reason != "" {
		p.Reasons = append(p.Reasons, fmt.Sprintf("The search ended because %s.", r.Reason))
	} else if r.Confirmed {
		p.Reasons = append(p.Reasons, "A longer hold at that rate confirmed it.")
	}
	if r.StorageUnseen() {
		p.Warnings = append(p.Warnings,
			"Storage was not seen: accepted is the server's word, and a queue may hide the true limit.")
	} else {
		p.Reasons = append(p.Reasons, fmt.Sprintf("Storage was seen by %s.", r.Verified))
	}
	p.Warnings = append(p.Warnings, rep.Warnings...)
	p.fact("Target", rep.Target.URL)
	p.fact("Server", rep.Target.Server)
	p.fact("Took", fmt.Sprintf("%s, %s", units.Duration(rep.Run.DurationS),
		units.Plural(uint64(len(rep.Steps)), "step")))
	for _, o := range rep.Objectives {
		p.fact("Objective", objectiveText(o))
	}
	p.chart(rateCharts(rep)...)
	p.rates(rep)
	return p
}

func objectiveText(o report.Objective) string {
	return judge.ThresholdTitle(o.Name) + " " + o.LimitText()
}

// capacityHead sums up what was found.
func capacityHead(r *report.CapacityResult) (badge, head, tone string) {
	switch {
	case r.CapacityPerS != nil:
		return "Capacity", units.CallRate(*r.CapacityPerS), toneGood
	case r.AcceptedPerS != nil:
		return "Accepts", units.CallRate(*r.AcceptedPerS) + ", capacity not known", toneWarn
	case r.AtLeastPerS != nil:
		return "Capacity", "at least " + units.CallRate(*r.AtLeastPerS), toneWarn
	default:
		return "No capacity found", "", toneBad
	}
}

// counting are the steps that count, in the order of their rates.
func counting(steps []report.CapacityStep) []report.CapacityStep {
	list := slices.DeleteFunc(slices.Clone(steps), func(s report.CapacityStep) bool { return s.Repeated })
	slices.SortStableFunc(list, func(a, b report.CapacityStep) int { return cmp.Compare(a.RatePerS, b.RatePerS) })
	return list
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
	times.Lines = []line{
		{Name: "p50", Style: 1, Values: values(func(s *report.CapacityStep) *float64 { return s.P50S })},
		{Name: "p95", Style: 2, Values: values(func(s *report.CapacityStep) *float64 { return s.P95S })},
		{Name: "p99", Style: 3, Values: values(func(s *report.CapacityStep) *float64 { return s.P99S })},
	}
	for _, o := range rep.Objectives {
		if o.Op == "<" && o.Name != report.ErrorRate {
			times.Limits = append(times.Limits, limit{objectiveText(o), o.Limit})
		}
	}
	times.Sentence = "Response times of the rates that were held, on a logarithmic scale. Where the lines bend " +
		"upwards, the server begins to fall behind."
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
		state, tone := "held", toneGood
		switch {
		case s.Repeated:
			state, tone = "held again later", ""
		case !s.OK:
			state, tone = cmp.Or(s.BrokeWords, s.Broke, "broke"), toneBad
		case s.Final:
			state = "confirmed"
		}
		g.Rows = append(g.Rows, row{[]string{
			units.PerSecond(s.RatePerS), units.Duration(math.Round(s.DurationS)), show(s.P50S, inSeconds),
			show(s.P95S, inSeconds), show(s.SuccessRate, inShare), show(&s.AcceptedPerS, inCallsPerS),
			show(s.StoredPerS, inCallsPerS), show(s.CPUSPerS, inProcessors), show(s.RSSBytes, inBytes), state,
		}, tone})
	}
	p.section(section{ID: "rates", Title: "Rates", Tables: []grid{g}})
}
