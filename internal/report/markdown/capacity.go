package markdown

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strings"

	"rdiostress/internal/report"
	"rdiostress/internal/units"
)

// WriteCapacity writes the summary of a search for a capacity.
func WriteCapacity(w io.Writer, rep report.Capacity, opts Options) error {
	p := &page{}
	found, code := rep.Outcome(), rep.Result.ExitCode
	p.heading(2, strings.TrimSpace(fmt.Sprintf("%s %s: %s %s", mark(code), escape(rep.Tool.Name), escape(found.Word),
		escape(found.Head))))
	p.paragraph(fmt.Sprintf("Search **%s** of **%s**%s, %s, took %s, exit code %d.", escape(rep.Run.ID),
		escape(report.TargetText(&rep.Target)), inBrackets(rep.Target.Server),
		startedText(rep.Run.StartedAt), escape(units.Duration(rep.Run.DurationS)), code))
	p.remarks(found.Reasons, found.Warnings)
	p.end()
	p.objectives(&rep)
	p.rates(&rep)
	if opts.Scenario != "" {
		p.folded("Scenario to repeat this search", opts.Scenario)
	}
	return p.write(w, opts)
}

func (p *page) objectives(rep *report.Capacity) {
	if len(rep.Objectives) == 0 {
		return
	}
	p.heading(3, "Objectives")
	for _, o := range rep.Objectives {
		p.part.WriteString("- " + escape(o.Title()) + "\n")
	}
	p.part.WriteString("\n")
	p.end()
}

// rates shows what each rate did, in the order in which they were held.
func (p *page) rates(rep *report.Capacity) {
	show := func(v *float64, words func(float64) string) string {
		if v == nil {
			return none
		}
		return words(*v)
	}
	var rows [][]string
	for i := range rep.Steps[:min(len(rep.Steps), maxRows)] {
		s := &rep.Steps[i]
		percentile := func(v *float64, name string) string {
			if slices.Contains(s.FewSamples, name) {
				return none
			}
			return show(v, units.Seconds)
		}
		rows = append(rows, []string{
			units.PerSecond(s.RatePerS), units.Duration(math.Round(s.DurationS)), percentile(s.P50S, "p50_s"),
			percentile(s.P95S, "p95_s"), show(s.SuccessRate, units.Percent), units.PerSecond(s.AcceptedPerS),
			show(s.StoredPerS, units.PerSecond), show(s.CPUSPerS, units.Number), show(s.RSSBytes, units.Bytes),
			s.Outcome(),
		})
	}
	p.section("Rates, in the order that they were held", []string{
		"Rate", "held for", "p50", "p95", "success", "accepted", "stored", "processors", "memory", "outcome",
	}, "rrrrrrrrrl", rows, len(rep.Steps))
}
