package text

import (
	"fmt"
	"strings"

	"rdiostress/internal/judge"
	"rdiostress/internal/measure"
	"rdiostress/internal/report"
	"rdiostress/internal/units"
)

// storageTable shows what became of the acknowledged calls.
func (p *page) storageTable(rep *report.Report) {
	d := rep.Delivery
	if d.Acknowledged == nil || d.Stored == nil || d.Missing == nil {
		return
	}
	bad := func(n *uint64) string { return p.ink.redIf(measure.OrZero(n) > 0, units.Count(measure.OrZero(n))) }
	header := []string{"acknowledged", "stored", "altered", "dropped", "missing", "pending", "stored/s"}
	row := []string{
		units.Count(*d.Acknowledged), units.Count(*d.Stored), bad(d.Corrupted), bad(d.Dropped), bad(d.Missing),
		bad(d.Pending), none,
	}
	if d.StoredPerS != nil {
		row[len(row)-1] = units.Rate(*d.StoredPerS)
	}
	p.section("Storage of acknowledged calls")
	p.grid(header, [][]string{row}, strings.Repeat("r", len(header)))
	p.note(fmt.Sprintf("Verified by %s, through %s%s.", d.Method, d.Source, audioText(d)), p.ink.dim)
	if k := d.Duplicates; k != nil {
		p.note(fmt.Sprintf("Of %s on purpose that were acknowledged, %s %s stored; they are not counted above.",
			units.Plural(k.Acknowledged, "duplicate"), units.Count(k.Stored), units.Were(k.Stored)), p.ink.dim)
	}
	if n := measure.OrZero(d.BacklogMax); n > 0 {
		text := fmt.Sprintf("Storage was behind by %s at most", units.Plural(n, "call"))
		if d.DrainS != nil && measure.OrZero(d.BacklogEnd) > 0 {
			done := "all were stored"
			if measure.OrZero(d.Lost) > 0 {
				done = "the backlog was gone"
			}
			text += fmt.Sprintf("; %s %s after the last reply", done, units.Duration(*d.DrainS))
		}
		p.note(text+".", p.ink.dim)
	}
	if f := d.AckToStored; f != nil && f.Figures != nil && d.ResolutionS != nil {
		to, how := "stored", fmt.Sprintf(", seen every %s", units.Duration(*d.ResolutionS))
		if *d.ResolutionS == 0 {
			to, how = "delivered", ""
		}
		times := distributionCells(f, "p50_s", "p95_s", "max_s")
		line := fmt.Sprintf("Acknowledged → %s: p50 %s, p95 %s, max %s%s.", to, times[0], times[1], times[2], how)
		p.note(line, p.ink.dim)
	}
	if words := p.waitText(d); words != "" {
		p.note(words, p.ink.dim)
	}
	if words := judge.StaleText(&d); words != "" {
		p.note("These are not the counts of the end: "+words+".", p.ink.yellow)
	}
	for _, example := range d.Examples[:min(len(d.Examples), 3)] {
		p.note("For example "+example+".", p.ink.dim)
	}
}

// audioText says whether the audio was compared, or checked where the server converted it, and if not, why.
func audioText(d measure.Delivery) string {
	compared, converted, checked := measure.OrZero(d.AudioCompared), measure.OrZero(d.AudioConverted),
		measure.OrZero(d.AudioConvertedChecked)
	if d.AudioConverted == nil { // a report from before this was counted
		converted = measure.OrZero(d.AudioReencoded)
	}
	why := sanitize(d.AudioNotCompared)
	if compared+converted == 0 {
		if why != "" {
			why = ": " + why
		}
		return "; audio not compared" + why
	}
	line := ""
	if compared > 0 {
		line = "; audio compared in " + units.Plural(compared, "call")
	}
	if converted > 0 {
		line += "; the server converted the audio of " + units.Plural(converted, "call") + ", of which " +
			convertedText(d, checked)
	}
	if why != "" {
		line += "; not compared: " + why
	}
	return line
}

// convertedText says how thoroughly converted audio was checked.
func convertedText(d measure.Delivery, checked uint64) string {
	decoded := measure.OrZero(d.AudioDecoded)
	switch {
	case checked == 0:
		return "none was checked"
	case decoded > 0:
		return fmt.Sprintf("%s %s checked and %s decoded", units.Count(checked), units.Were(checked),
			units.Count(decoded))
	}
	line := fmt.Sprintf("%s %s checked and none decoded", units.Count(checked), units.Were(checked))
	if d.AudioNotDecoded != "" {
		line += " (" + sanitize(d.AudioNotDecoded) + ")"
	}
	return line
}

// waitText says how the wait for storage ended, where that decides what calls are counted as.
func (p *page) waitText(d measure.Delivery) string {
	if d.WaitedS == nil {
		return ""
	}
	took := "Waited " + units.Duration(*d.WaitedS) + " after the last reply"
	missing, pending := measure.OrZero(d.Missing) > 0, measure.OrZero(d.Pending) > 0
	switch {
	case !missing && !pending:
		return ""
	case d.WaitEnd == measure.WaitStored:
		return took + ": each call was stored by then, or the server's log says that it was not."
	case d.WaitEnd == measure.WaitIdle:
		return took + ", until the server had been idle for long enough: what is not stored by then is missing."
	case d.WaitEnd == measure.WaitOvertaken:
		return took + ": calls that the server accepted well after the missing ones are stored."
	case d.WaitEnd == measure.WaitTimeUp:
		return took + p.names.Text(", as long as {verify_max} lets") + undecidedText(missing && pending)
	case d.WaitEnd == measure.WaitStopped:
		return took + ", until that was stopped" + undecidedText(missing && pending)
	default:
		return ""
	}
}

// undecidedText says which calls are missing and which are pending, if there are both, where the wait ended before the
// server was idle.
func undecidedText(both bool) string {
	if !both {
		return "."
	}
	return ": missing are those that it stored later calls of, or gave a reason for; the others are pending."
}
