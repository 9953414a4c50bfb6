package text

import (
	"fmt"
	"io"
	"strings"
	"time"

	"rdiostress/internal/judge"
	"rdiostress/internal/measure"
	"rdiostress/internal/report"
	"rdiostress/internal/units"
)

// The summary is laid out for these widths. It leaves out columns that a narrow terminal has no room for.
const (
	minSummaryWidth = 40
	labelWidth      = 14 // of what stands at the left of a row
	narrow          = 70 // fewer columns have shorter labels
)

// WriteSummary writes what decides the verdict of a run, and what the reader must know to trust it, so that it fits on
// one screen of a terminal.
func WriteSummary(w io.Writer, rep report.Report, opts Options) error {
	p := tightEnough(opts, func(p *page) { p.summary(&rep, opts.More) })
	return p.writeTo(w)
}

// summary writes a run as tightly as the page is.
func (p *page) summary(rep *report.Report, more string) {
	p.runHead(rep)
	p.verdict(rep, compact)
	p.gap()
	p.uploadRows(rep)
	p.storageRow(rep)
	p.transcriptsRow(rep)
	p.thresholdRow(rep)
	p.alertRow(rep.Alerts)
	p.foldedRows(func() { p.trafficRows(rep) })
	p.gap()
	p.timesRows(rep)
	if p.tight < short {
		p.servers(rep, p.gap)
	}
	p.sparklines(rep.Series)
	p.gap()
	p.findings(rep)
	p.serverRows(rep)
	p.generatorRow(rep)
	badge, paint := p.badge(rep.Verdict)
	p.last(badge, rep.Verdict.ExitCode, paint, more)
}

func newSummaryPage(opts Options) *page {
	p := newPage(opts)
	p.full = opts.Full
	if opts.Width > 0 {
		p.width = min(max(opts.Width, minSummaryWidth), maxWidth)
	}
	return p
}

// writeTo writes the page, unless it could not be made.
func (p *page) writeTo(w io.Writer) error {
	if p.err != nil {
		return fmt.Errorf("render text: %w", p.err)
	}
	if _, err := io.WriteString(w, p.text.String()); err != nil {
		return fmt.Errorf("write text: %w", err)
	}
	return nil
}

// inside is how many columns a line has between the gutters.
func (p *page) inside() int { return p.width - 2*gutter }

// head says what made the document, and when; below it stand the parts of what was asked for.
func (p *page) head(tool report.Tool, kind, id string, started time.Time, asked ...string) {
	name := p.truncate(sanitize(tool.Name+" "+tool.Version), p.inside())
	rest := fmt.Sprintf(" · %s %s · %s", kind, sanitize(id), started.UTC().Format("2 Jan 2006 15:04:05 UTC"))
	rest = p.truncate(rest, p.inside()-displayWidth(name))
	p.line(p.ink.bold(name) + p.ink.dim(rest))
	var parts []string
	for _, part := range asked {
		if part = sanitize(part); part != "" {
			parts = append(parts, part)
		}
	}
	p.lines(p.inside(), 2, strings.Join(parts, " · "), p.ink.dim, func(int) string { return "" })
	p.blank()
}

func (p *page) runHead(rep *report.Report) {
	s := rep.Scenario
	p.head(rep.Tool, "run", rep.Run.ID, rep.Run.StartedAt, report.TargetText(&rep.Target), loadText(s),
		plannedText(&s), s.Client)
}

// lines adds text in at most that many lines, each behind what before returns for it.
func (p *page) lines(width, most int, text string, paint func(string) string, before func(line int) string) {
	lines := p.wrap("", sanitize(text), width)
	if len(lines) > most {
		lines[most-1] = p.truncate(lines[most-1]+" "+lines[most], width-1)
		if more := p.fit("…"); !strings.HasSuffix(lines[most-1], more) {
			lines[most-1] += more
		}
		lines = lines[:most]
	}
	for i, line := range lines {
		p.line(before(i) + paint(line))
	}
}

// labels is how wide the labels of rows are.
func (p *page) labels() int {
	if p.width < narrow {
		return len("Thresholds") + gutter
	}
	return labelWidth
}

// row adds text behind a label, in at most that many lines; in fewer where the page is tight.
func (p *page) row(label string, most int, paint func(string) string, text string) {
	p.lineRow(label, p.most(most), paint, text)
}

// lineRow adds text behind a label, in at most that many lines, however tight the page is.
func (p *page) lineRow(label string, most int, paint func(string) string, text string) {
	if p.folded != nil {
		p.folded.add(label)
		return
	}
	width := p.labels()
	p.lines(p.inside()-width, most, text, paint, func(line int) string {
		shown := ""
		if line == 0 {
			shown = p.fit(label)
		}
		return p.ink.dim(shown) + strings.Repeat(" ", max(width-displayWidth(shown), 1))
	})
}

// last adds a line that repeats the outcome where the end of the text is all that shows, and says where there is more.
func (p *page) last(outcome string, exitCode int, paint func(string) string, more string) {
	p.gap()
	outcome = p.fit(fmt.Sprintf("%s · exit code %d", outcome, exitCode))
	more = p.fit(sanitize(more))
	switch beside := p.fit(" · ") + more; {
	case more == "":
		p.line(paint(outcome))
	case displayWidth(outcome+beside) <= p.inside():
		p.line(paint(outcome) + p.ink.dim(beside))
	default:
		p.line(paint(outcome))
		p.line(p.ink.dim(p.truncate(more, p.inside())))
	}
}

// timesRows shows response and service times below each other, so that they compare at a glance.
func (p *page) timesRows(rep *report.Report) {
	if rep.Latency.Figures == nil {
		p.row("Times", 2, p.ink.dim, "none: "+rep.Latency.Absent)
		return
	}
	columns := []string{"mean_s", "p50_s", "p90_s", "p95_s", "p99_s", "p999_s", "max_s"}
	row := func(name string, d *measure.Distribution) []string {
		label := p.fit(name)
		label += strings.Repeat(" ", max(p.labels()-gutter-displayWidth(label), 0))
		return append([]string{p.ink.dim(label)}, distributionCells(d, columns...)...)
	}
	p.narrowGrid([]string{"", "mean", "p50", "p90", "p95", "p99", "p99.9", "max"}, [][]string{
		row("due → reply", &rep.Latency),
		row("sent → reply", &rep.ServiceTime),
	}, "lrrrrrrr", 6, 3, 5, 2)
	if share := rep.Summary.SlotWaitShare; share != nil && p.tight < bare {
		p.row("", 2, p.ink.dim, fmt.Sprintf("%s (%s) waited for one of the %s slots; that is in due → reply",
			units.Plural(rep.Generator.SlotWaits, "call"), units.Percent(*share),
			units.Count(uint64(max(rep.Scenario.MaxConcurrent, 0)))))
	}
	if rep.Scenario.Model == "closed" && p.tight < brief {
		p.row("", 2, p.ink.dim, p.names.Text("a closed loop hides how long callers wait; {rate} shows it"))
	}
}

// narrowGrid is grid without as many of its columns, in the order in which they can go, as there is no room for.
func (p *page) narrowGrid(header []string, rows [][]string, aligns string, unneeded ...int) {
	gone := make([]bool, len(header))
	left := func(cells []string) (list []string) {
		for i, cell := range cells {
			if !gone[i] {
				list = append(list, cell)
			}
		}
		return list
	}
	all := func() [][]string {
		kept := make([][]string, len(rows))
		for i, row := range rows {
			kept[i] = left(row)
		}
		return kept
	}
	for _, i := range unneeded {
		if p.gridWidth(left(header), all()) <= p.width-gutter {
			break
		}
		gone[i] = true
	}
	p.grid(left(header), all(), strings.Join(left(strings.Split(aligns, "")), ""))
}

// thresholdRow says which thresholds were met, and which were not. By how much, the verdict says.
func (p *page) thresholdRow(rep *report.Report) {
	var met, missed, names []string
	for _, t := range rep.Thresholds {
		name := thresholdName(t.Name)
		if t.Own() {
			name = sanitize(t.Title())
		}
		words := name + " " + judge.LimitText(t)
		switch {
		case t.OK:
			met, names = append(met, words), append(names, name)
		case t.Absent != "":
			missed = append(missed, words+inBrackets(t.Absent))
		default:
			missed = append(missed, name)
		}
	}
	switch {
	case len(missed) == 0 && len(met) > 0:
		p.row("Thresholds", 2, unpainted, "met: "+strings.Join(met, ", "))
	case len(met) == 0 && len(missed) > 0:
		p.row("Thresholds", 3, p.ink.red, "missed: "+strings.Join(missed, ", "))
	case len(missed) > 0:
		p.row("Thresholds", 3, p.ink.red, "missed: "+strings.Join(missed, ", ")+"; met: "+strings.Join(names, ", "))
	}
}

// thresholdName returns what people call a threshold, in few words.
func thresholdName(name string) string {
	switch name {
	case judge.RateAchieved:
		return "rate achieved"
	case judge.MischiefFindings:
		return "mischief findings"
	default:
		return figureText(name)
	}
}
