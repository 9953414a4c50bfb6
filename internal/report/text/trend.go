package text

import (
	"fmt"
	"strings"

	"rdiostress/internal/report"
	"rdiostress/internal/units"
)

// trendTable shows a long run span by span.
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
			units.Interval(h.FromS, h.ToS), units.Rate(h.AcceptedPerS), show(h.ErrorRate, units.Percent),
			show(h.ShownP95(), units.Seconds), show(h.StoredPerS, units.Rate), show(h.RSSBytes, units.Bytes),
		}
	}
	p.section("Over time")
	p.grid([]string{"", "accepted/s", "errors", "p95", "stored/s", "memory"}, rows, "lrrrrr")
	if text := changeText(rep); text != "" {
		p.note("From the first to the last: "+text+".", p.ink.dim)
	}
}

// changeText says how much figures changed from the first span to the last.
func changeText(rep *report.Report) string {
	c := rep.Summary.Change
	if c == nil {
		return ""
	}
	first, last := rep.TrendSpans[0], rep.TrendSpans[len(rep.TrendSpans)-1]
	var parts []string
	for _, one := range []struct {
		name            string
		from, to, ratio *float64
		write           func(float64) string
	}{
		{"p95", first.ShownP95(), last.ShownP95(), c.P95Ratio, units.Seconds},
		{"stored/s", first.StoredPerS, last.StoredPerS, c.StoredRatio, units.Rate},
		{"memory", first.RSSBytes, last.RSSBytes, c.RSSRatio, units.Bytes},
	} {
		if one.from != nil && one.to != nil && one.ratio != nil {
			parts = append(parts, fmt.Sprintf("%s %s → %s (%s)", one.name, one.write(*one.from),
				one.write(*one.to), units.SignedPercent(*one.ratio)))
		}
	}
	return strings.Join(parts, ", ")
}
