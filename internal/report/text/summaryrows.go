package text

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"rdiostress/internal/judge"
	"rdiostress/internal/measure"
	"rdiostress/internal/report"
	"rdiostress/internal/units"
)

// uploadRows says how uploads ended.
func (p *page) uploadRows(rep *report.Report) {
	t := rep.Totals
	words := fmt.Sprintf("%s of %s accepted", units.Count(t.Accepted), units.Count(t.Attempted))
	if t.SuccessRate != nil {
		words += " (" + units.Percent(*t.SuccessRate) + ")"
	}
	if perS := rep.Summary.AcceptedPerS; perS != nil {
		words += ", " + units.Rate(*perS) + "/s"
	}
	if perS := rep.Summary.SentBytesPerS; perS != nil {
		words += ", " + units.Bytes(*perS) + "/s sent"
	}
	p.row("Uploads", 2, unpainted, words)
	if t.Failed > 0 {
		words := p.failuresText(rep.ErrorDetails)
		if len(rep.ErrorDetails) != 1 {
			words = units.Count(t.Failed) + ": " + words
		}
		p.row("Failed", 3, p.ink.red, words)
	}
	if t.Unsent > 0 {
		p.row("Unsent", 2, p.ink.red, units.Plural(t.Unsent, "call")+" that "+units.Were(t.Unsent)+" due")
	}
	if r := rep.Retries; r != nil && r.Calls > 0 {
		p.row("Sent again", 3, unpainted, repeatsText(r))
	}
}

// failuresText lists the kinds of failures, the most frequent first, with what the server said in the first.
func (p *page) failuresText(details []measure.ErrorDetail) string {
	const most = 4
	parts := make([]string, 0, most)
	for i, d := range details[:min(len(details), most)] {
		words := units.Count(d.Count) + " " + judge.FailureText(d)
		if i == 0 && d.Sample != "" {
			words += fmt.Sprintf(" %q", p.truncate(sanitize(d.Sample), sampleWidth))
		}
		parts = append(parts, words+" ("+units.Interval(d.FirstS, d.LastS)+")")
	}
	if more := len(details) - len(parts); more > 0 {
		parts = append(parts, units.Plural(uint64(more), "more kind"))
	}
	return strings.Join(parts, ", ")
}

// sampleWidth is how much is shown of what a server said.
const sampleWidth = 48

// storageRow says what became of the acknowledged calls.
func (p *page) storageRow(rep *report.Report) {
	d := &rep.Delivery
	if d.Acknowledged == nil || d.Stored == nil {
		words := "not checked"
		if d.Failed {
			words = "could not be verified"
		}
		p.row("Storage", 1, p.ink.yellow, words+", see above")
		return
	}
	words := fmt.Sprintf("%s of %s stored", units.Count(*d.Stored), units.Plural(*d.Acknowledged, "acknowledged call"))
	if d.StoredPerS != nil {
		words += ", " + units.Rate(*d.StoredPerS) + "/s"
	}
	paint := unpainted
	for _, bad := range []struct {
		n     *uint64
		what  string
		paint func(string) string
	}{
		{d.Pending, "pending", p.ink.yellow},
		{d.Duplicated, "stored more than once", p.ink.yellow},
		{d.Corrupted, "altered", p.ink.red},
		{d.Dropped, "dropped", p.ink.red},
		{d.Missing, "missing", p.ink.red},
	} {
		if n := measure.OrZero(bad.n); n > 0 {
			words, paint = words+fmt.Sprintf("; %s %s", units.Count(n), bad.what), bad.paint
		}
	}
	if n := measure.OrZero(d.BacklogMax); n > 0 {
		words += fmt.Sprintf("; behind by %s at most", units.Plural(n, "call"))
	}
	if d.DrainS != nil && measure.OrZero(d.BacklogEnd) > 0 {
		words += fmt.Sprintf(", the last %s after the last reply", units.Duration(*d.DrainS))
	}
	words += "; seen by " + d.Method
	if measure.OrZero(d.AudioCompared) == 0 && measure.OrZero(d.AudioConvertedChecked) == 0 {
		words += ", audio not compared"
	}
	p.row("Storage", 4, paint, words)
}

// alertRow says which alerts there were, the critical ones first.
func (p *page) alertRow(alerts []measure.Alert) {
	if len(alerts) == 0 {
		return
	}
	const most = 3
	sorted := slices.SortedStableFunc(slices.Values(alerts), func(a, b measure.Alert) int {
		rank := func(a measure.Alert) int {
			if a.Severity == judge.Critical {
				return 0
			}
			return 1
		}
		return cmp.Compare(rank(a), rank(b))
	})
	var parts []string
	for _, a := range sorted[:min(len(sorted), most)] {
		parts = append(parts, fmt.Sprintf("%s: %s %s (%s), %s", a.Severity, judge.AlertTitle(a.KPI),
			judge.AlertValueText(a, a.Value), judge.AlertLimitText(a), units.Interval(a.FromS, a.ToS)))
	}
	if more := len(sorted) - len(parts); more > 0 {
		parts = append(parts, units.Plural(uint64(more), "more alert"))
	}
	paint := p.ink.yellow
	if sorted[0].Severity == judge.Critical {
		paint = p.ink.red
	}
	p.row("Alerts", 3, paint, strings.Join(parts, "; "))
}

// trafficRows says what is particular about the calls of this run, if anything is.
func (p *page) trafficRows(rep *report.Report) {
	if m := rep.Priming; m != nil && (m.Refused != "" || m.LeftOut > 0 || m.TimeUp || measure.OrZero(m.NotKnown) > 0) {
		p.row("Priming", 3, p.ink.yellow, primingText(m))
	}
	if len(rep.Phases) > 1 {
		p.row("Phases", 2, p.ink.dim, phasesText(rep.Phases))
	}
	if g := rep.Guide; g != nil {
		paint := unpainted
		if g.BreakingPoint != nil {
			paint = p.ink.yellow
		}
		words := strings.TrimPrefix(guideText(g), "The guide's batches: ")
		p.row("Batches", 2, paint, strings.TrimPrefix(words, "Batches "))
	}
	if t := rep.Traffic; t != nil && t.Duplicates != nil {
		d := t.Duplicates
		p.row("Duplicates", 2, p.ink.dim, fmt.Sprintf(
			"%s sent on purpose, in no other figure: %s accepted, %s answered as duplicates, %s otherwise",
			units.Count(d.Sent), units.Count(d.Accepted), units.Count(d.Rejected), units.Count(d.Failed)))
	}
	if t := rep.Traffic; t != nil && t.Replay != nil {
		p.recordingsRow(t.Replay)
	}
	for i := range rep.ClientBehavior {
		if words := leftUndoneText(&rep.ClientBehavior[i]); words != "" {
			p.row(strings.Repeat("Clients", 1-min(i, 1)), 2, p.ink.yellow, words)
		}
	}
	if m := rep.Mischief; m != nil {
		p.mischiefRow(m)
	}
	if words := changeText(rep); words != "" {
		p.row("Over time", 2, unpainted, "from the first span to the last: "+words)
	}
}

// phasesText names the phases with their lengths.
func phasesText(phases []measure.Phase) string {
	parts := make([]string, len(phases))
	for i, phase := range phases {
		parts[i] = phase.Name + " " + units.Duration(phase.DurationS)
		if !phase.Scored {
			parts[i] += " (not scored)"
		}
	}
	return strings.Join(parts, ", ")
}

// recordingsRow says how many recordings were sent.
func (p *page) recordingsRow(r *measure.Replay) {
	words := fmt.Sprintf("%s over %s", units.Plural(r.Files, "file"), units.Duration(r.SpanS))
	if r.Encrypted > 0 {
		words += fmt.Sprintf(", %s encrypted", units.Count(r.Encrypted))
	}
	paint := unpainted
	if r.Unreadable > 0 {
		words += fmt.Sprintf(", %s unreadable", units.Count(r.Unreadable))
		paint = p.ink.yellow
	}
	if len(r.Reasons) > 0 {
		words += fmt.Sprintf("; why not sent, most often: %s", r.Reasons[0].What)
	}
	p.row("Recordings", 2, paint, words)
}

// leftUndoneText says what a client that behaves as a real one did not send, or may have sent twice.
func leftUndoneText(b *measure.ClientBehavior) string {
	var parts []string
	for _, part := range []struct {
		n    uint64
		what string
	}{
		{b.Outdated + b.NotKept + b.Left, "unsent"}, {b.GivenUp, "given up"}, {b.MayBeDoubled, "may be stored twice"},
	} {
		if part.n > 0 {
			parts = append(parts, units.Count(part.n)+" "+part.what)
		}
	}
	if len(parts) == 0 {
		return ""
	}
	return fmt.Sprintf("%s, of %s: %s", b.Client, units.Plural(b.Due, "call"), strings.Join(parts, ", "))
}

// mischiefRow says what the server did wrong when clients misbehaved.
func (p *page) mischiefRow(m *measure.Mischief) {
	if len(m.Findings) == 0 {
		p.row("Mischief", 1, unpainted, units.Plural(uint64(len(m.Kinds)), "kind")+", no finding")
		return
	}
	const most = 3
	for i, f := range m.Findings[:min(len(m.Findings), most)] {
		p.row(strings.Repeat("Mischief", 1-min(i, 1)), 2, p.ink.red, judge.FindingText(f))
	}
	if more := len(m.Findings) - most; more > 0 {
		p.row("", 1, p.ink.red, units.Plural(uint64(more), "more finding"))
	}
}

// findings says what is wrong with the server, with the first evidence and what to do.
func (p *page) findings(rep *report.Report) {
	if rep.Totals.Attempted == 0 {
		return
	}
	if len(rep.Diagnosis) == 0 {
		p.row("Findings", 2, p.ink.dim, noFindingText(rep, "above")+unseenText(rep))
		return
	}
	const most = 3
	shown := rep.Diagnosis[:min(len(rep.Diagnosis), most)]
	label := "Findings"
	for _, f := range shown {
		p.row(label, 2, p.ink.bold, "● "+sanitize(f.Title)+certaintyText(f.Certainty))
		label = ""
		if len(f.Evidence) > 0 {
			p.row("", 2, unpainted, "- "+f.Evidence[0])
		}
		p.row("", 5, p.ink.dim, fmt.Sprintf("To do (phase %d): %s", f.GuidePhase, f.Fix))
	}
	var titles []string
	for _, f := range rep.Diagnosis[len(shown):] {
		titles = append(titles, f.Title)
	}
	if len(titles) > 0 {
		p.row("", 2, unpainted, "Also: "+strings.Join(titles, "; "))
	}
}
