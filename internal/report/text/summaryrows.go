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
		kinds := p.failuresTexts(rep.ErrorDetails)
		if len(kinds) > 1 {
			kinds[0] = units.Count(t.Failed) + ": " + kinds[0]
		}
		p.listRow("Failed", 2, p.ink.red, ", ", "", kinds)
	}
	if t.Unsent > 0 {
		p.row("Unsent", 2, p.ink.red, units.Plural(t.Unsent, "call")+" that "+units.Were(t.Unsent)+" due")
	}
	if r := rep.Retries; r != nil && r.Calls > 0 {
		p.row("Sent again", 3, unpainted, repeatsText(r))
	}
}

// failuresTexts lists the kinds of failures, the most frequent first, with what the server said in the first.
func (p *page) failuresTexts(details []measure.ErrorDetail) []string {
	parts := make([]string, len(details))
	for i, d := range details {
		words := units.Count(d.Count) + " " + judge.FailureText(d)
		if i == 0 && d.Sample != "" {
			words += fmt.Sprintf(" %q", p.truncate(sanitize(d.Sample), sampleWidth))
		}
		parts[i] = words + " (" + units.Interval(d.FirstS, d.LastS) + ")"
	}
	return parts
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
	parts, paint := []string{words}, unpainted
	for _, bad := range []struct { // the worst first
		n     *uint64
		what  string
		paint func(string) string
	}{
		{d.Missing, "missing", p.ink.red},
		{d.Dropped, "dropped", p.ink.red},
		{d.Corrupted, "altered", p.ink.red},
		{d.Pending, "pending", p.ink.yellow},
		{d.Duplicated, "stored more than once", p.ink.yellow},
	} {
		if n := measure.OrZero(bad.n); n > 0 {
			if len(parts) == 1 {
				paint = bad.paint
			}
			parts = append(parts, fmt.Sprintf("%s %s", units.Count(n), bad.what))
		}
	}
	if d.StoredPerS != nil {
		parts = append(parts, units.Rate(*d.StoredPerS)+"/s")
	}
	words = "seen by " + d.Method
	if measure.OrZero(d.AudioCompared) == 0 && measure.OrZero(d.AudioConvertedChecked) == 0 {
		words += ", audio not compared"
	}
	parts = append(parts, words)
	if n := measure.OrZero(d.BacklogMax); n > 0 {
		words := fmt.Sprintf("behind by %s at most", units.Plural(n, "call"))
		if d.DrainS != nil && measure.OrZero(d.BacklogEnd) > 0 {
			words += fmt.Sprintf(", the last %s after the last reply", units.Duration(*d.DrainS))
		}
		parts = append(parts, words)
	}
	p.listRow("Storage", 3, paint, "; ", "", parts)
}

// alertRow says which alerts there were, the critical ones first.
func (p *page) alertRow(alerts []measure.Alert) {
	if len(alerts) == 0 {
		return
	}
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
	for _, a := range sorted {
		parts = append(parts, fmt.Sprintf("%s: %s %s (%s), %s", a.Severity, judge.AlertTitle(a.KPI),
			judge.AlertValueText(a, a.Value), judge.AlertLimitText(a), units.Interval(a.FromS, a.ToS)))
	}
	paint := p.ink.yellow
	if sorted[0].Severity == judge.Critical {
		paint = p.ink.red
	}
	p.listRow("Alerts", 2, paint, "; ", "", parts)
}

// trafficRows says what is particular about the calls of this run, if anything is.
func (p *page) trafficRows(rep *report.Report) {
	p.serversRow(rep)
	if m := rep.Priming; m != nil && (m.Refused != "" || m.LeftOut > 0 || m.TimeUp || measure.OrZero(m.NotKnown) > 0) {
		p.listRow("Priming", 3, p.ink.yellow, "; ", "", strings.Split(primingText(m), "; "))
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
		p.listRow("Over time", 2, unpainted, ", ", "", strings.Split(words, ", "))
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
	parts, paint := []string{report.MischiefText(m)}, unpainted
	for i, f := range m.Findings {
		paint = p.ink.red
		if i > 0 { // the verdict has the first
			parts = append(parts, strings.TrimPrefix(judge.FindingText(f), "Finding: "))
		}
	}
	p.listRow("Mischief", 2, paint, "; ", "", parts)
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
	shown := rep.Diagnosis[:min(len(rep.Diagnosis), p.mostFindings())]
	label := "Findings"
	for _, f := range shown {
		p.row(label, 2, p.ink.bold, "● "+sanitize(f.Title)+certaintyText(f.Certainty))
		label = ""
		if p.tight < brief && len(f.Evidence) > 0 && !saidAbove(rep, f.Evidence[0]) {
			p.row("", 2, unpainted, "- "+f.Evidence[0])
		}
		p.lineRow("", 2, p.ink.dim, p.advice(f.GuidePhase, f.Fix, 2))
	}
	if more := rep.Diagnosis[len(shown):]; len(more) > 0 {
		titles := make([]string, len(more))
		for i, f := range more {
			titles[i] = f.Title
		}
		p.row("", 2, unpainted, p.moreText(len(more), "more finding")+": "+strings.Join(titles, "; "))
	}
}

// saidAbove reports whether the verdict has a text.
func saidAbove(rep *report.Report, text string) bool {
	return slices.ContainsFunc(slices.Concat(rep.Verdict.Reasons, rep.Verdict.Warnings), func(line string) bool {
		return strings.Contains(line, text)
	})
}
