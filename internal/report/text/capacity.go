package text

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"rdiostress/internal/judge"
	"rdiostress/internal/report"
	"rdiostress/internal/units"
)

// WriteCapacity writes a search for a capacity as tables for a terminal.
func WriteCapacity(w io.Writer, rep report.Capacity, opts Options) error {
	p := newPage(opts)
	p.line(p.ink.bold(sanitize(rep.Tool.Name+" "+rep.Tool.Version)) + p.ink.dim(fmt.Sprintf("  ·  capacity %s  ·  %s",
		sanitize(rep.Run.ID), rep.Run.StartedAt.UTC().Format("2 Jan 2006 15:04:05 UTC"))))
	p.blank()
	var objectives []string
	for _, o := range rep.Objectives {
		objectives = append(objectives, objectiveText(o))
	}
	room := p.width - 16
	var rows [][]string
	row := func(name, words string) { rows = append(rows, p.wrappedRow(name, words, room)...) }
	row("Target", report.TargetText(&rep.Target))
	row("Objectives", strings.Join(objectives, ", "))
	row("Took", fmt.Sprintf("%s, %s", units.Duration(rep.Run.DurationS),
		units.Plural(uint64(len(rep.Steps)), "step")))
	row("Priming", primingText(rep.Priming))
	p.grid(nil, rows, "ll")
	if len(rep.Steps) > 0 {
		p.section("Rates")
		p.ratesTable(rep.Steps)
	}
	p.blank()
	p.searchedServerRow(&rep)
	p.searchGeneratorRow(&rep)
	p.blank()
	p.resultFrame(&rep, spacious)
	for _, line := range rep.Warnings {
		for _, part := range p.wrap("! ", sanitize(line), p.width) {
			p.line(p.ink.yellow(part))
		}
	}
	return p.writeTo(w)
}

func objectiveText(o report.Objective) string {
	return figureText(o.Name) + " " + o.LimitText()
}

// figureText returns what people call the figure of an objective.
func figureText(name string) string {
	switch name {
	case judge.SuccessRate:
		return "success rate"
	case report.ErrorRate:
		return "error rate"
	case judge.MeanResponse:
		return "mean"
	case report.P50Response:
		return "p50"
	case report.P90Response:
		return "p90"
	case judge.P95Response:
		return "p95"
	case report.P99Response:
		return "p99"
	default: // of a later version
		return name
	}
}

// ratesTable shows what each rate did, in the order of the rates.
func (p *page) ratesTable(steps []report.CapacityStep) {
	show := func(v *float64, words func(float64) string) string {
		if v == nil {
			return none
		}
		return words(*v)
	}
	header := []string{"rate", "held", "p50", "p95", "success", "accepted/s", "stored/s", "CPU", "memory", ""}
	rows := make([][]string, 0, len(steps))
	for _, s := range sortedSteps(steps) {
		state := p.ink.green("held")
		switch {
		case s.Repeated:
			state = p.ink.dim(brokeText(s.Broke) + ", held again")
		case s.Broke == report.BrokeUnseen:
			state = p.ink.yellow(brokeText(s.Broke))
		case !s.OK && len(s.Limits) > 0:
			state = p.ink.yellow("generator")
		case !s.OK:
			state = p.ink.red(brokeText(s.Broke))
		case s.Final:
			state = p.ink.green("confirmed")
		}
		rows = append(rows, []string{
			units.Rate(s.RatePerS) + "/s", units.Duration(float64(int(s.DurationS + 0.5))),
			percentileCell(s.P50S, "p50_s", s.FewSamples), percentileCell(s.P95S, "p95_s", s.FewSamples),
			show(s.SuccessRate, units.Percent), units.Rate(s.AcceptedPerS), show(s.StoredPerS,
				units.Rate), show(s.CPUSPerS, units.Number), show(s.RSSBytes, units.Bytes), state,
		})
	}
	p.narrowGrid(header, rows, "rrrrrrrrrl", cpuColumn, memoryColumn, p50Column, heldColumn, acceptedColumn)
}

// The columns of the table of rates that a narrow terminal can do without.
const (
	heldColumn     = 1
	p50Column      = 2
	acceptedColumn = 5
	cpuColumn      = 7
	memoryColumn   = 8
)

// sortedSteps sorts steps by rate. Those of one rate stay in the order in which they were made.
func sortedSteps(steps []report.CapacityStep) []report.CapacityStep {
	return slices.SortedStableFunc(slices.Values(steps),
		func(a, b report.CapacityStep) int { return cmp.Compare(a.RatePerS, b.RatePerS) })
}

// brokeText names in a word or two what a step missed.
func brokeText(broke string) string {
	switch broke {
	case report.BrokeRate:
		return "not sent"
	case report.BrokeSteady:
		return "kept growing"
	case report.BrokeStorage:
		return "storage behind"
	case report.BrokeLoss:
		return "data loss"
	case report.BrokeUnseen:
		return "not known"
	case judge.SuccessRate, report.ErrorRate:
		return "failures"
	default:
		return sanitize(figureText(broke)) + " too long"
	}
}

// resultFrame shows in a frame what was found, with the exit code.
func (p *page) resultFrame(rep *report.Capacity, space spacing) {
	head, paint := p.headline(&rep.Result)
	inside := p.width - 2*gutter - frameSides
	exit := fmt.Sprintf("exit code %d", rep.Result.ExitCode)
	out := []string{paint(justify(p.truncate(head, inside-len(exit)-1), exit, inside))}
	if space == spacious {
		out = append(out, "")
	}
	for _, line := range p.resultLines(&rep.Result) {
		out = append(out, p.wrap("• ", sanitize(line), inside)...)
	}
	p.frame(out, paint)
}

// headline sums up in a few words what was found.
func (p *page) headline(r *report.CapacityResult) (head string, paint func(string) string) {
	switch {
	case r.CapacityPerS != nil:
		return "CAPACITY  " + units.CallRate(*r.CapacityPerS), p.ink.green
	case r.AcceptedPerS != nil:
		return fmt.Sprintf("ACCEPTS  %s, capacity not known", units.CallRate(*r.AcceptedPerS)), p.ink.yellow
	case r.AtLeastPerS != nil:
		return "CAPACITY  at least " + units.CallRate(*r.AtLeastPerS), p.ink.yellow
	default:
		return "NO CAPACITY FOUND", p.ink.red
	}
}

// resultLines returns what is known beside the capacity, and what ended the search.
func (p *page) resultLines(r *report.CapacityResult) (lines []string) {
	add := func(format string, args ...any) { lines = append(lines, fmt.Sprintf(format, args...)) }
	if r.CapacityPerS != nil && r.OfferedPerS != nil && *r.OfferedPerS > *r.CapacityPerS*1.005 {
		add("taken of %s that came: the objectives let some be refused", units.CallRate(*r.OfferedPerS))
	}
	switch {
	case r.HighPerS != nil && r.LowPerS != nil:
		add("between %s and %s, where it first broke: %s", units.Rate(*r.LowPerS), units.CallRate(*r.HighPerS),
			r.BrokeWords)
	case r.HighPerS != nil:
		add("the lowest rate that broke is %s: %s", units.CallRate(*r.HighPerS), r.BrokeWords)
	}
	if r.Reason != "" {
		add("the search ended because %s", r.Reason)
	} else if r.Confirmed {
		add("the search ended with a longer hold at that rate, which confirmed it")
	}
	switch {
	case r.AcceptedPerS != nil:
		lines = append(lines, p.names.Text("this server acknowledges a call before it stores it, and storage was not "+
			"seen: how many calls it stores is not known. {verify} sqlite:FILE, postgres://… or mysql://… looks into "+
			"its database"))
	case r.StorageUnseen():
		add("storage was not seen: accepted is the server's word, and a queue may hide the true limit")
	case r.CapacityPerS != nil || r.AtLeastPerS != nil:
		add("storage kept up at that rate, as seen by %s", r.Verified)
	}
	return lines
}
