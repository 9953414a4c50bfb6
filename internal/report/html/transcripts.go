package html

import (
	"fmt"

	"rdiostress/internal/measure"
	"rdiostress/internal/report"
	"rdiostress/internal/units"
)

// transcripts shows how many calls waited for their transcript, and how long transcripts took.
func (t *timeline) transcripts() []*chart {
	waiting := t.largest(func(p *measure.Point) (float64, bool) { return valueOf(p.Untranscribed) })
	if !anyNumber(waiting) {
		return nil
	}
	c := t.chart("transcripts", "Calls waiting for their transcript", inCalls,
		line{Name: "waiting", Values: waiting})
	c.Sentence = "Calls of the run that were acknowledged and not yet transcribed. " + peak("At most", c, 0) + "."
	list := []*chart{c}
	took := t.means(func(p *measure.Point) (float64, bool) { return valueOf(p.TranscriptDelayS) })
	if anyNumber(took) {
		d := t.chart("transcriptdelay", "Delay of transcripts", inSeconds, line{Name: "mean", Values: took})
		d.Sentence = "Mean time from the reply to the transcript, of transcripts made in each interval: alerts by " +
			"keyword come that late. At most " + d.Unit.format(d.Lines[0].most()) + "."
		list = append(list, d)
	}
	return list
}

// transcripts shows when the calls were transcribed.
func (p *page) transcripts(rep *report.Report) {
	m := rep.Transcription
	if m == nil || m.WhyAbsent() != "" {
		return
	}
	g := grid{Caption: "Transcripts of stored calls", Header: []string{"", ""}}
	add := func(name, value, tone string) { g.Rows = append(g.Rows, row{[]string{name, value}, tone}) }
	count := func(name string, n *uint64, tone string) {
		if measure.OrZero(n) == 0 {
			tone = ""
		}
		add(name, units.Count(measure.OrZero(n)), tone)
	}
	count("stored", m.Calls, "")
	count("transcribed", m.Transcribed, "")
	count("failed", m.Failed, toneWarn)
	count("skipped by the server", m.Skipped, "")
	count("still waiting when the wait ended", m.Waiting, toneWarn)
	count("without a trace", m.Unseen, toneWarn)
	if d, since := m.Delay(); d != nil {
		add("median delay after "+since, units.Seconds(d.P50S), "")
		if !measure.TooFew(0.95, d.Count) {
			add("95 % took at most", units.Seconds(d.P95S), "")
		}
		add("longest", units.Seconds(d.MaxS), "")
	}
	if m.EarlyP50S != nil && m.LateP50S != nil {
		add("median of the first quarter of the run", units.Seconds(*m.EarlyP50S), "")
		add("median of the last quarter", units.Seconds(*m.LateP50S), "")
	}
	if m.DrainS != nil {
		add("last transcript after the last reply", units.Duration(*m.DrainS), "")
	}
	notes := []string{fmt.Sprintf("Read by %s, from %s.", m.Method, m.Source)}
	if m.ClockUnknown != "" {
		notes = append(notes, "Not known how long after the reply: "+m.ClockUnknown+".")
	}
	p.section(section{ID: "transcripts", Title: "Transcripts", Tables: []grid{g}, Notes: notes})
}
