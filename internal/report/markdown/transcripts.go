package markdown

import (
	"fmt"

	"rdiostress/internal/measure"
	"rdiostress/internal/report"
	"rdiostress/internal/units"
)

// transcripts shows when the calls were transcribed.
func (p *page) transcripts(rep *report.Report) {
	m := rep.Transcription
	if m == nil || m.WhyAbsent() != "" {
		return
	}
	show := func(n *uint64) string { return units.Count(measure.OrZero(n)) }
	p50, p95, most, since := none, none, none, ""
	if d, from := m.Delay(); d != nil {
		since = fmt.Sprintf(" The delay counts from %s.", from)
		p50, most = units.Seconds(d.P50S), units.Seconds(d.MaxS)
		if !measure.TooFew(0.95, d.Count) {
			p95 = units.Seconds(d.P95S)
		}
	}
	p.heading(3, "Transcripts of stored calls")
	p.table([]string{
		"stored", "transcribed", "failed", "skipped", "waiting", "unseen", "delay p50", "p95", "max", "most waiting",
	}, "rrrrrrrrrr", [][]string{{
		show(m.Calls), show(m.Transcribed), show(m.Failed), show(m.Skipped), show(m.Waiting), show(m.Unseen), p50, p95,
		most, show(m.WaitingMax),
	}})
	notes := []string{fmt.Sprintf("Read by %s, from %s.%s", escape(m.Method), escape(m.Source), since)}
	if m.DrainS != nil {
		notes = append(notes,
			fmt.Sprintf("The last transcript came %s after the last reply.", units.Duration(*m.DrainS)))
	}
	if m.ClockUnknown != "" {
		notes = append(notes, "Not known how long after the reply: "+escape(m.ClockUnknown)+".")
	}
	p.list(notes...)
	p.end()
}
