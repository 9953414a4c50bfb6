package text

import (
	"fmt"

	"rdiostress/internal/measure"
	"rdiostress/internal/report"
	"rdiostress/internal/units"
)

// transcriptsRow says when calls were transcribed, if the server transcribes.
func (p *page) transcriptsRow(rep *report.Report) {
	m := rep.Transcription
	if m == nil || m.WhyAbsent() != "" {
		if m != nil && m.ReadFailed {
			p.row("Transcripts", 2, p.ink.yellow, "not measured: "+sanitize(m.Absent))
		}
		return
	}
	words := fmt.Sprintf("%s of %s", units.Count(*m.Transcribed), units.Plural(measure.OrZero(m.Calls), "stored call"))
	paint := unpainted
	for _, bad := range []struct {
		n    *uint64
		what string
	}{{m.Waiting, "still waiting"}, {m.Failed, "failed"}, {m.Skipped, "skipped"}, {m.Unseen, "without a trace"}} {
		if n := measure.OrZero(bad.n); n > 0 {
			words += fmt.Sprintf("; %s %s", units.Count(n), bad.what)
			if bad.n != m.Skipped {
				paint = p.ink.yellow
			}
		}
	}
	switch d, since := m.Delay(); {
	case d != nil && d.MaxS == 0 && d == m.AckToTranscript:
		words += "; all there at the reply"
	case d != nil:
		times := distributionCells(d, "p50_s", "p95_s", "max_s")
		words += fmt.Sprintf("; delay after %s p50 %s, p95 %s, max %s", since, times[0], times[1], times[2])
	}
	if n := measure.OrZero(m.WaitingMax); n > 0 {
		words += fmt.Sprintf("; at most %s waiting", units.Count(n))
	}
	if m.DrainS != nil && measure.OrZero(m.WaitingEnd) > 0 {
		words += fmt.Sprintf(", the last %s after the last reply", units.Duration(*m.DrainS))
	}
	p.row("Transcripts", 3, paint, words)
}

// transcriptsTable shows when calls were transcribed.
func (p *page) transcriptsTable(rep *report.Report) {
	m := rep.Transcription
	if m == nil || m.WhyAbsent() != "" {
		return
	}
	count := func(n *uint64) string { return units.Count(measure.OrZero(n)) }
	p.section("Transcripts of stored calls")
	p.grid([]string{"stored", "transcribed", "failed", "skipped", "waiting", "unseen"}, [][]string{{
		count(m.Calls), count(m.Transcribed), count(m.Failed), count(m.Skipped), count(m.Waiting), count(m.Unseen),
	}}, "rrrrrr")
	engine := ""
	if m.Engine != "" {
		engine = ", made by " + sanitize(m.Engine)
	}
	p.note(fmt.Sprintf("Read by %s, from %s%s.", m.Method, sanitize(m.Source), engine), p.ink.dim)
	if d := m.AckToTranscript; d != nil && d.Figures != nil {
		clock := ""
		if m.ClockOffsetS != nil && m.ClockErrorS != nil {
			clock = fmt.Sprintf("; the server's clock is ahead by %s ± %s", units.Trim(units.Seconds(*m.ClockOffsetS)),
				units.Trim(units.Seconds(*m.ClockErrorS)))
		}
		p.note(delayText("Acknowledged", d)+clock+".", p.ink.dim)
	} else if m.ClockUnknown != "" {
		p.note("Not known how long after the reply: "+sanitize(m.ClockUnknown)+".", p.ink.yellow)
	}
	if d := m.StoredToTranscript; d != nil && d.Figures != nil {
		p.note(delayText("Stored", d)+", by the server's clock.", p.ink.dim)
	}
	p.transcriptNotes(m)
}

func delayText(from string, d *measure.Distribution) string {
	times := distributionCells(d, "p50_s", "p95_s", "max_s")
	return fmt.Sprintf("%s → transcript: p50 %s, p95 %s, max %s", from, times[0], times[1], times[2])
}

// transcriptNotes say how delays grew, and how the wait ended.
func (p *page) transcriptNotes(m *measure.Transcription) {
	if m.EarlyP50S != nil && m.LateP50S != nil {
		more := ""
		if measure.OrZero(m.Waiting) > 0 { // a call that waits counts with the time so far
			more = " or more"
		}
		p.note(fmt.Sprintf("At the median, calls of the first quarter of the run waited %s, those of the last %s%s.",
			units.Trim(units.Seconds(*m.EarlyP50S)), units.Trim(units.Seconds(*m.LateP50S)), more), p.ink.dim)
	}
	if m.WaitedS == nil || measure.OrZero(m.Waiting)+measure.OrZero(m.Unseen) == 0 {
		return
	}
	took := "Waited " + units.Duration(*m.WaitedS) + " after the last reply"
	switch m.WaitEnd {
	case measure.TranscriptsTimeUp:
		p.note(took+p.names.Text(", as long as {transcripts_max} lets."), p.ink.dim)
	case measure.TranscriptsStill:
		p.note(took+", until no new transcript came.", p.ink.dim)
	case measure.TranscriptsStopped:
		p.note(took+", until that was stopped.", p.ink.dim)
	}
}
