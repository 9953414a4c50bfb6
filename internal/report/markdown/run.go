package markdown

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"rdiostress/internal/diagnose"
	"rdiostress/internal/exitcode"
	"rdiostress/internal/judge"
	"rdiostress/internal/measure"
	"rdiostress/internal/report"
	"rdiostress/internal/units"
)

// none stands where there is no figure.
const none = "–"

// maxRows is how many rows a table has at most: the JSON report has all.
const maxRows = 50

// WriteReport writes the summary of a run.
func WriteReport(w io.Writer, rep report.Report, opts Options) error {
	p := &page{}
	p.runHead(&rep)
	p.findings(&rep)
	p.thresholds(&rep)
	p.uploads(&rep)
	p.storage(&rep)
	p.transcripts(&rep)
	p.mischief(rep.Mischief)
	p.times(&rep)
	p.servers(&rep)
	p.alerts(&rep)
	p.failures(&rep)
	p.keyFigures(&rep)
	p.phases(&rep)
	p.trend(&rep)
	if opts.Scenario != "" {
		p.folded("Scenario to repeat this run", opts.Scenario)
	}
	return p.write(w, opts)
}

// mark is a picture of how a run ended, beside the words.
func mark(code int) string {
	switch code {
	case exitcode.OK:
		return "✅"
	case exitcode.Inconclusive, exitcode.Interrupted:
		return "⚠️"
	default:
		return "❌"
	}
}

// runHead says what became of the run, and why.
func (p *page) runHead(rep *report.Report) {
	v := rep.Verdict
	p.heading(2, fmt.Sprintf("%s %s: %s. %s", mark(v.ExitCode), escape(rep.Tool.Name), escape(v.Word()),
		escape(v.Text)))
	p.paragraph(fmt.Sprintf("Run **%s** of **%s**%s, %s, exit code %d.", escape(rep.Run.ID),
		escape(report.TargetText(&rep.Target)), inBrackets(rep.Target.Server), startedText(rep.Run.StartedAt),
		v.ExitCode))
	p.paragraph(fmt.Sprintf("Load: %s, for %s, as %s sends it.", escape(report.LoadText(&rep.Scenario)),
		escape(units.Duration(rep.Run.SendingS)), escape(rep.Scenario.Client)))
	p.remarks(v.Reasons, v.Warnings)
	p.end()
}

// remarks lists what was found wrong, and what else to know.
func (p *page) remarks(reasons, warnings []string) {
	var items []string
	for _, reason := range reasons {
		items = append(items, escape(reason))
	}
	for _, warning := range warnings {
		items = append(items, "Note: "+escape(warning))
	}
	p.list(items...)
}

func startedText(at time.Time) string {
	return "started " + at.UTC().Format("2 January 2006, 15:04:05 UTC")
}

// inBrackets puts a foreign text in brackets behind a blank; an empty one stays empty.
func inBrackets(s string) string {
	if s == "" {
		return ""
	}
	return " (" + escape(s) + ")"
}

// findings shows what is wrong with the server, the evidence and the fix.
func (p *page) findings(rep *report.Report) {
	if len(rep.Diagnosis) == 0 {
		return
	}
	p.heading(3, "Findings")
	for _, f := range rep.Diagnosis {
		title := "**" + escape(f.Title) + "**"
		if f.Certainty != diagnose.Certain && f.Certainty != "" {
			title += inBrackets(string(f.Certainty))
		}
		p.part.WriteString("- " + title + "\n")
		for _, line := range f.Evidence {
			p.part.WriteString("  - " + escape(line) + "\n")
		}
		fmt.Fprintf(&p.part, "  - To do (phase %d of the guide): %s\n", f.GuidePhase, escape(f.Fix))
	}
	p.part.WriteString("\n")
	p.end()
}

func (p *page) thresholds(rep *report.Report) {
	var rows [][]string
	for _, t := range rep.Thresholds {
		state, why := t.State()
		state = map[bool]string{true: "✅ ", false: "❌ "}[t.OK] + state
		if why != "" {
			state += ": " + why
		}
		rows = append(rows, []string{t.Title(), judge.ValueText(t), judge.LimitText(t), state})
	}
	if len(rows) == 0 {
		return
	}
	p.heading(3, "Thresholds")
	p.table([]string{"Threshold", "measured", "must be", "result"}, "lrll", rows)
	p.end()
}

func (p *page) uploads(rep *report.Report) {
	t := &rep.Totals
	success, perS, sent := none, none, none
	if t.SuccessRate != nil {
		success = units.Percent(*t.SuccessRate)
	}
	if rep.Summary.AcceptedPerS != nil {
		perS = units.PerSecond(*rep.Summary.AcceptedPerS)
	}
	if t.BytesSent > 0 {
		sent = units.Bytes(float64(t.BytesSent))
	}
	p.heading(3, "Uploads")
	p.table([]string{"attempted", "accepted", "failed", "not sent", "success rate", "accepted rate", "sent"}, "rrrrrrr",
		[][]string{{
			units.Count(t.Attempted), units.Count(t.Accepted), units.Count(t.Failed), units.Count(t.Unsent), success,
			perS, sent,
		}})
	p.end()
}

// storage shows what became of the acknowledged calls.
func (p *page) storage(rep *report.Report) {
	d := &rep.Delivery
	if d.Acknowledged == nil {
		return
	}
	show := func(n *uint64) string {
		if n == nil {
			return none
		}
		return units.Count(*n)
	}
	perS := none
	if d.StoredPerS != nil {
		perS = units.PerSecond(*d.StoredPerS)
	}
	p.heading(3, "Storage of acknowledged calls")
	p.table([]string{"acknowledged", "stored", "altered", "dropped", "missing", "pending", "twice", "stored rate"},
		"rrrrrrrr", [][]string{{
			show(d.Acknowledged), show(d.Stored), show(d.Corrupted), show(d.Dropped), show(d.Missing), show(d.Pending),
			show(d.Duplicated), perS,
		}})
	notes := []string{fmt.Sprintf("Verified by %s, through %s.", escape(d.Method), escape(d.Source))}
	if n := measure.OrZero(d.BacklogMax); n > 0 {
		notes = append(notes, fmt.Sprintf("Storage was behind by %s at most.", units.Plural(n, "call")))
	}
	if words := judge.StaleText(d); words != "" {
		notes = append(notes, "These are not the counts of the end: "+escape(words)+".")
	}
	for _, reason := range d.Reasons[:min(len(d.Reasons), 10)] {
		notes = append(notes, fmt.Sprintf("The server's log says of %s: %s", units.Plural(reason.Count, "call"),
			escape(reason.Reason)))
	}
	p.list(notes...)
	p.end()
}

// mischief says how the server took clients that misbehave.
func (p *page) mischief(m *measure.Mischief) {
	if m == nil {
		return
	}
	p.heading(3, "Mischief")
	p.paragraph(escape(report.MischiefText(m)) + ".")
	var findings []string
	for _, f := range m.Findings[:min(len(m.Findings), maxRows)] {
		findings = append(findings, escape(strings.TrimPrefix(judge.FindingText(f), "Finding: ")+": "+f.Evidence))
	}
	p.list(findings...)
	p.end()
}

// times shows response and service time.
func (p *page) times(rep *report.Report) {
	var rows [][]string
	add := func(name string, d *measure.Distribution) {
		f := d.Figures
		if f == nil {
			return
		}
		few := measure.FewSamples(d.Count)
		cell := func(id string, s float64) string {
			if slices.Contains(few, id) {
				return none
			}
			return units.Seconds(s)
		}
		rows = append(rows, []string{
			name, units.Seconds(f.MeanS), cell("p50_s", f.P50S), cell("p90_s", f.P90S), cell("p95_s", f.P95S),
			cell("p99_s", f.P99S), cell("p999_s", f.P999S), units.Seconds(f.MaxS),
		})
	}
	add("Response time", &rep.Latency)
	add("Service time", &rep.ServiceTime)
	if len(rows) == 0 {
		return
	}
	p.heading(3, "Times of accepted uploads")
	p.table([]string{"Time", "mean", "p50", "p90", "p95", "p99", "p99.9", "longest"}, "lrrrrrrr", rows)
	p.paragraph("Response time counts from when a call was due, service time from its first byte.")
	p.end()
}

// servers shows several servers below each other.
func (p *page) servers(rep *report.Report) {
	header, rows, failed, seen := report.ServersTable(rep)
	if len(rows) == 0 {
		return
	}
	for i := range rows {
		rows[i][0] = escape(rows[i][0])
	}
	p.heading(3, report.ServersTitle)
	p.table(header, "lrrrrrr", rows)
	notes := slices.Concat(failed, seen)
	for i := range notes {
		notes[i] = escape(notes[i])
	}
	p.list(notes...)
	p.end()
}

func (p *page) alerts(rep *report.Report) {
	var rows [][]string
	for _, a := range rep.Alerts[:min(len(rep.Alerts), maxRows)] {
		rows = append(rows, []string{
			judge.AlertTitle(a.KPI), a.Severity, units.Interval(a.FromS, a.ToS), judge.AlertValueText(a, a.Value),
			judge.AlertLimitText(a),
		})
	}
	p.section("Alerts", []string{"Alert", "severity", "when", "worst", "limit"}, "llrrl", rows, len(rep.Alerts))
}

func (p *page) failures(rep *report.Report) {
	var rows [][]string
	for i, d := range rep.ErrorDetails[:min(len(rep.ErrorDetails), maxRows)] {
		share := none
		if i < len(rep.Summary.ErrorShares) {
			share = units.Percent(rep.Summary.ErrorShares[i])
		}
		rows = append(rows, []string{
			judge.FailureText(d), units.Count(d.Count), share, units.Interval(d.FirstS, d.LastS),
			report.Shorten(200, d.Sample),
		})
	}
	p.section("Failed uploads", []string{"Failure", "uploads", "share", "seen", "for example"}, "lrrrl", rows,
		len(rep.ErrorDetails))
}

// section adds a part that is a table, if there is a row in it. It says how many rows of all are left out.
func (p *page) section(title string, header []string, aligns string, rows [][]string, all int) {
	if len(rows) == 0 {
		return
	}
	p.heading(3, title)
	p.table(header, aligns, rows)
	if more := all - len(rows); more > 0 {
		p.paragraph(fmt.Sprintf("And %s more.", units.Count(uint64(more))))
	}
	p.end()
}

// keyFigures shows the guide's key figures that were observed, and says which were not.
func (p *page) keyFigures(rep *report.Report) {
	k := &rep.KPIs
	var rows [][]string
	var absent []string
	for _, one := range []struct {
		name string
		kpi  *judge.KPI
		show func(float64) string
	}{
		{"Upload rate", &k.UploadRate, units.PerSecond},
		{"Mean response time", &k.AvgResponseTime, units.Seconds},
		{"Error rate", &k.ErrorRate, units.Percent},
		{"Memory", &k.MemoryUsage, units.Bytes},
		{"Disk used", &k.DiskUsage, units.Bytes},
		{"Database pool in use", &k.DBConnectionPoolUsage, units.Percent},
		{
			"Transcriptions pending", &k.TranscriptionQueueDepth,
			func(v float64) string { return units.Trim(units.Number(v)) },
		},
	} {
		if one.kpi.Mean == nil || one.kpi.Max == nil || one.kpi.Last == nil {
			absent = append(absent, strings.ToLower(one.name))
			continue
		}
		rows = append(rows, []string{
			one.name, one.show(*one.kpi.Mean), one.show(*one.kpi.Max), one.show(*one.kpi.Last),
		})
	}
	if len(rows) == 0 {
		return
	}
	p.heading(3, "Key figures")
	p.table([]string{"Figure", "mean", "highest", "last"}, "lrrr", rows)
	if len(absent) > 0 {
		p.paragraph("Not seen: " + strings.Join(absent, ", ") + ".")
	}
	if k.MemoryUsage.Mean != nil {
		p.paragraph(fmt.Sprintf("Memory stabilises: %s; %s.", escape(rep.Memory.Stabilises), escape(rep.Memory.Reason)))
	}
	p.end()
}

func (p *page) phases(rep *report.Report) {
	if len(rep.Phases) < 2 {
		return
	}
	var rows [][]string
	for _, phase := range rep.Phases[:min(len(rep.Phases), maxRows)] {
		scored, p95, t := "yes", none, &phase.Totals
		if !phase.Scored {
			scored = "no"
		}
		if f := phase.Latency.Figures; f != nil && !measure.TooFew(0.95, phase.Latency.Count) {
			p95 = units.Seconds(f.P95S)
		}
		rows = append(rows, []string{
			phase.Name, scored, units.Duration(phase.DurationS), phase.Load, units.Count(t.Attempted),
			units.Count(t.Failed), p95,
		})
	}
	p.section("Phases", []string{"Phase", "scored", "length", "load", "attempted", "failed", "p95"}, "llrlrrr", rows,
		len(rep.Phases))
}

// trend shows a long run span by span.
func (p *page) trend(rep *report.Report) {
	if len(rep.TrendSpans) < 2 {
		return
	}
	show := func(v *float64, words func(float64) string) string {
		if v == nil {
			return none
		}
		return words(*v)
	}
	var rows [][]string
	for _, h := range rep.TrendSpans[:min(len(rep.TrendSpans), maxRows)] {
		rows = append(rows, []string{
			units.Interval(h.FromS, h.ToS), units.PerSecond(h.AcceptedPerS), show(h.ErrorRate, units.Percent),
			show(h.ShownP95(), units.Seconds), show(h.StoredPerS, units.PerSecond), show(h.RSSBytes, units.Bytes),
		})
	}
	p.section("Over time", []string{"Time", "accepted", "errors", "p95", "stored", "memory"}, "lrrrrr", rows,
		len(rep.TrendSpans))
}
