package text

import (
	"fmt"
	"io"
	"strings"

	"rdiostress/internal/exitcode"
	"rdiostress/internal/field"
	"rdiostress/internal/judge"
	"rdiostress/internal/measure"
	"rdiostress/internal/report"
	"rdiostress/internal/units"
)

// Options are how a report is shown.
type Options struct {
	Width int         // columns of the terminal; 0 stands for 80
	Color bool        // whether it understands ANSI colours
	ASCII bool        // whether it shows no other characters
	Names field.Namer // what the user calls a field
	More  string      // what the end of a summary says about how to see more
	Full  string      // with what the reader sees all of which a summary only says how much it leaves out
}

// The tables are laid out for these widths. On narrower terminals lines are too long; wider ones are not filled,
// because wide tables are hard to read.
const (
	defaultWidth = 80
	minWidth     = 76
	maxWidth     = 120
)

// maxKinds is how many kinds of errors the table shows; the JSON has all.
const maxKinds = 10

// WriteReport writes the report of a run as tables for a terminal.
func WriteReport(w io.Writer, rep report.Report, opts Options) error {
	p := newPage(opts)
	p.plan(&rep)
	p.uploads(&rep)
	p.storageTable(&rep)
	p.transcriptsTable(&rep)
	p.phaseSection(&rep)
	p.traffic(rep.Traffic)
	p.timesTable(&rep)
	p.servers(&rep, func() { p.section(report.ServersTitle) })
	p.stepsTable(&rep)
	p.failureTable(&rep)
	p.retries(rep.Retries)
	p.behavior(rep.ClientBehavior)
	p.mischief(rep.Mischief)
	p.keyFigureTable(&rep)
	p.alertTable(&rep)
	p.trendTable(&rep)
	p.serverTable(&rep)
	p.generator(&rep)
	p.thresholdTable(&rep)
	p.diagnosis(&rep)
	p.blank()
	p.verdict(&rep, spacious)
	return p.writeTo(w)
}

func newPage(opts Options) *page {
	width := opts.Width
	if width <= 0 {
		width = defaultWidth
	}
	return &page{
		width: min(max(width, minWidth), maxWidth), ink: ink{on: opts.Color}, ascii: opts.ASCII, names: opts.Names,
	}
}

// uploads shows the totals.
func (p *page) uploads(rep *report.Report) {
	t := rep.Totals
	success, perSecond := none, none
	if t.SuccessRate != nil {
		success = units.Percent(*t.SuccessRate)
	}
	if rep.Summary.AcceptedPerS != nil {
		perSecond = units.Rate(*rep.Summary.AcceptedPerS)
	}
	header := []string{"attempted", "accepted", "failed"}
	row := []string{units.Count(t.Attempted), units.Count(t.Accepted), p.ink.redIf(t.Failed > 0, units.Count(t.Failed))}
	if rep.Scenario.Open() {
		header = append(header, "unsent")
		row = append(row, p.ink.redIf(t.Unsent > 0, units.Count(t.Unsent)))
	}
	header = append(header, "success rate", "accepted/s")
	row = append(row, success, perSecond)
	p.section("Uploads")
	p.grid(header, [][]string{row}, strings.Repeat("r", len(header)))
	if perS := rep.Summary.SentBytesPerS; perS != nil {
		p.note(fmt.Sprintf("%s sent, %s/s.", units.Bytes(float64(t.BytesSent)), units.Bytes(*perS)), p.ink.dim)
	}
}

// timesTable shows response and service times below each other, so that they compare at a glance.
func (p *page) timesTable(rep *report.Report) {
	row := func(name string, d measure.Distribution) []string {
		return append([]string{name}, distributionCells(&d, "mean_s", "p50_s", "p90_s", "p95_s", "p99_s", "p999_s",
			"max_s")...)
	}
	p.section("Response time of accepted uploads")
	p.grid([]string{"", "mean", "p50", "p90", "p95", "p99", "p99.9", "max"}, [][]string{
		row("due → reply", rep.Latency),
		row("sent → reply", rep.ServiceTime),
	}, "lrrrrrrr")
	switch {
	case rep.Latency.Figures == nil:
		p.note("No figures: "+rep.Latency.Absent+".", p.ink.dim)
	case rep.Scenario.Model == "closed":
		p.note(p.names.Text("A closed loop slows down with the server, so it hides how long callers would have "+
			"waited, and no correction can tell. Use {rate} to see it."), p.ink.dim)
	}
	p.slotWaits(rep)
}

// slotWaits says how many calls of the open model waited for a slot, a wait that is in their response time.
func (p *page) slotWaits(rep *report.Report) {
	n, share := rep.Generator.SlotWaits, rep.Summary.SlotWaitShare
	if share == nil {
		return
	}
	p.note(fmt.Sprintf("%s (%s) %s due before one of the %s slots was free; %s wait is in the response time.",
		units.Plural(n, "call"), units.Percent(*share), units.Were(n),
		units.Count(uint64(max(rep.Scenario.MaxConcurrent, 0))), units.Its(n)), p.ink.dim)
}

// failureTable shows the failures by kind, the most frequent first.
func (p *page) failureTable(rep *report.Report) {
	if rep.Totals.Failed == 0 {
		return
	}
	details := rep.ErrorDetails
	more := details[min(len(details), maxKinds):]
	details = details[:len(details)-len(more)]
	header := []string{"", "count", "share", "seen", "for example"}
	rows := make([][]string, len(details))
	for i, d := range details {
		share := none
		if i < len(rep.Summary.ErrorShares) {
			share = units.Percent(rep.Summary.ErrorShares[i])
		}
		rows[i] = []string{
			p.truncate(sanitize(judge.FailureText(d)), 26), units.Count(d.Count), share,
			units.Interval(d.FirstS, d.LastS), sanitize(d.Sample),
		}
	}
	room := p.width - p.gridWidth(header[:4], rows) - gutter
	for _, row := range rows {
		row[4] = p.ink.dim(p.truncate(row[4], room))
	}
	p.section("Errors")
	p.grid(header, rows, "lrrrl")
	if len(more) > 0 {
		var uploads uint64
		for _, d := range more {
			uploads += d.Count
		}
		p.note(fmt.Sprintf("And %s of errors in %s.", units.Plural(uint64(len(more)), "more kind"),
			units.Plural(uploads, "upload")), p.ink.dim)
	}
}

// thresholdTable shows the thresholds. Those of the user's own are sentences: their names are long.
func (p *page) thresholdTable(rep *report.Report) {
	var rows [][]string
	for _, t := range rep.Thresholds {
		if t.Own() {
			continue
		}
		state := p.ink.green("met")
		if !t.OK {
			state = p.ink.red("MISSED")
			if t.Absent != "" {
				state += p.ink.dim("  " + p.truncate(sanitize(t.Absent), p.width-58))
			}
		}
		measured := judge.ValueText(t)
		if t.Name == judge.P95Response && t.Value != nil && judge.FewFor95(rep.Latency.Count) {
			measured, state = none, state+p.ink.dim("  "+
				p.truncate(judge.SlowestOf(rep.Latency.Count, *t.Value), p.width-58))
		}
		rows = append(rows, []string{sanitize(judge.ThresholdTitle(t.Name)), measured, judge.LimitText(t), state})
	}
	p.section("Thresholds")
	if len(rows) > 0 {
		p.grid([]string{"", "measured", "must be", ""}, rows, "lrll")
	}
	for _, t := range rep.Thresholds {
		if t.Own() {
			p.ownThreshold(t)
		}
	}
}

// ownThreshold shows a threshold of the user's own.
func (p *page) ownThreshold(t judge.Threshold) {
	state, why := t.State()
	text := t.Title() + " must be " + judge.LimitText(t)
	if t.Value != nil {
		text += ", was " + judge.ValueText(t)
	}
	if why != "" {
		text += ": " + why
	}
	paint := p.ink.green
	if !t.OK {
		state, paint = strings.ToUpper(state), p.ink.red
	}
	p.row(state, 4, paint, sanitize(text))
}

// spacing is whether a frame has an empty line below its headline.
type spacing bool

const (
	compact  spacing = false
	spacious spacing = true
)

// verdict shows the judgement in a frame, with its reasons and warnings.
func (p *page) verdict(rep *report.Report, space spacing) {
	v := rep.Verdict
	badge, paint := p.badge(v)
	head := badge + "  " + sanitize(v.Text)
	if v.ExitCode == exitcode.Interrupted && rep.Totals.Attempted > 0 && v.Text != judge.TextInterrupted {
		head = badge + "  so far: " + sanitize(v.Text)
	}
	inside := p.width - 2*gutter - frameSides
	exit := fmt.Sprintf("exit code %d", v.ExitCode)
	if displayWidth(head)+1+len(exit) > inside {
		exit = fmt.Sprintf("exit %d", v.ExitCode)
	}
	head = p.truncate(head, inside-len(exit)-1)
	lines := []string{paint(justify(head, exit, inside))}
	if len(v.Reasons)+len(v.Warnings) > 0 && space == spacious {
		lines = append(lines, "")
	}
	reasons, warnings := p.mostRemarks()
	lines = append(lines, p.remarks("• ", v.Reasons, reasons, inside, "more reason")...)
	lines = append(lines, p.remarks("! ", v.Warnings, warnings, inside, "more note")...)
	p.frame(lines, paint)
}

// badge returns the verdict in a word, and its colour.
func (p *page) badge(v judge.Verdict) (word string, paint func(string) string) {
	switch {
	case v.ExitCode == exitcode.Interrupted:
		return "INTERRUPTED", p.ink.yellow
	case v.ExitCode == exitcode.NoRun && v.Storage == judge.StorageUnknown && v.Grade != judge.Fail:
		return "NOT VERIFIED", p.ink.red
	case v.ExitCode == exitcode.NoRun:
		return "FAIL", p.ink.red
	case v.ExitCode == exitcode.DataLoss:
		return "DATA LOSS", p.ink.red
	case v.ExitCode == exitcode.Inconclusive:
		return "INCONCLUSIVE", p.ink.yellow
	case v.Grade == judge.Pass:
		return "PASS", p.ink.green
	case v.Grade == judge.Monitor:
		return "MONITOR", p.ink.yellow
	default:
		return "FAIL", p.ink.red
	}
}
