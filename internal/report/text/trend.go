package text

import (
	"fmt"

	"rdiostress/internal/judge"
	"rdiostress/internal/report"
	"rdiostress/internal/units"
)

// trendTable shows a long run stretch by stretch.
func (p *page) trendTable(rep *report.Report) {
	if len(rep.TrendSpans) < 2 {
		return
	}
	show := func(v *float64, words func(float64) string) string {
		if v == nil {
			return none
		}
		return words(*v)
	}
	rows := make([][]string, len(rep.TrendSpans))
	for i, h := range rep.TrendSpans {
		rows[i] = []string{
			units.Interval(h.FromS, h.ToS), units.Rate(h.AcceptedPerS), show(h.ErrorRate,
				units.Percent), show(h.ShownP95(), units.Seconds),
			show(h.StoredPerS, units.Rate), show(h.RSSBytes, units.Bytes),
		}
	}
	p.section("Over time")
	p.grid([]string{"", "accepted/s", "errors", "p95", "stored/s", "memory"}, rows, "lrrrrr")
	first, last := rep.TrendSpans[0], rep.TrendSpans[len(rep.TrendSpans)-1]
	if change := changeWords(first, last); change != "" {
		p.note("From the first to the last: "+change+".", p.ink.dim)
	}
}

// changeWords compares the ends of a run.
func changeWords(first, last judge.TrendSpan) string {
	words := ""
	for _, c := range []struct {
		name      string
		from, to  *float64
		rendering func(float64) string
	}{
		{"p95", first.ShownP95(), last.ShownP95(), units.Seconds},
		{"stored/s", first.StoredPerS, last.StoredPerS, units.Rate},
		{"memory", first.RSSBytes, last.RSSBytes, units.Bytes},
	} {
		if c.from == nil || c.to == nil || *c.from == 0 {
			continue
		}
		if words != "" {
			words += ", "
		}
		words += fmt.Sprintf("%s %s → %s (%+.0f %%)", c.name, c.rendering(*c.from), c.rendering(*c.to),
			(*c.to / *c.from - 1)*100)
	}
	return words
}
