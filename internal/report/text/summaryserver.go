package text

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"rdiostress/internal/diagnose"
	"rdiostress/internal/exitcode"
	"rdiostress/internal/judge"
	"rdiostress/internal/measure"
	"rdiostress/internal/report"
	"rdiostress/internal/units"
)

// serverRows says in a line what was seen of the server, and what happened to it.
func (p *page) serverRows(rep *report.Report) {
	parts := serverParts(rep)
	if each, events := report.EachServerSeen(rep); len(parts) == 0 && len(each) > 0 {
		p.listRow("Each server", 2, unpainted, ", ", "", each)
		p.listRow("", 2, p.ink.yellow, "; ", "", events)
		return
	}
	if rep.Watch.PID > 0 {
		name := sanitize(fmt.Sprintf("%s (%d)", rep.Watch.Process, rep.Watch.PID))
		parts = slices.Insert(parts, 0, name)
	}
	if len(parts) == 0 {
		p.row("Server", 2, p.ink.dim, "not seen: "+cmp.Or(rep.KPIs.MemoryUsage.Absent, report.NotMeasured))
	} else {
		p.listRow("Server", 2, unpainted, ", ", "", parts)
	}
	if rep.Memory.Stabilises == judge.No && rep.KPIs.MemoryUsage.Mean != nil && !hasFinding(rep, "memory-leak") {
		p.row("", 2, p.ink.red, "its memory does not stabilise: "+rep.Memory.Reason)
	}
	var events []string
	for _, event := range rep.Watch.Events {
		events = append(events, event.String())
	}
	p.listRow("", 2, p.ink.yellow, "; ", "", events)
}

// hasFinding reports whether a problem of the server was found.
func hasFinding(rep *report.Report, id string) bool {
	return slices.ContainsFunc(rep.Diagnosis, func(f diagnose.Finding) bool { return f.ID == id })
}

// serverParts lists the server's processors and memory, and how full its pool and its queues were.
func serverParts(rep *report.Report) (parts []string) {
	s, w := &rep.Summary, &rep.Watch
	add := func(sig measure.Signal, format func(report.ServerFigure) string) {
		if f, ok := s.ServerFigure(sig); ok {
			parts = append(parts, format(f))
		}
	}
	add(measure.CPU, func(f report.ServerFigure) string {
		if w.Processors > 0 {
			return fmt.Sprintf("%s of %s busy", units.Number(f.Mean), units.Plural(uint64(w.Processors), "processor"))
		}
		return units.Number(f.Mean) + " processors busy"
	})
	add(measure.RSS, func(f report.ServerFigure) string {
		return fmt.Sprintf("%s at most %s", memoryName(*w), units.Bytes(f.Max))
	})
	if k := rep.KPIs.DBConnectionPoolUsage; k.Max != nil && *k.Max > 0 {
		parts = append(parts, "pool at most "+units.Percent(*k.Max)+" in use")
	}
	if k := rep.KPIs.TranscriptionQueueDepth; k.Max != nil && *k.Max > 0 {
		parts = append(parts, "transcriptions pending at most "+units.Whole(*k.Max))
	}
	return parts
}

// heldBackTexts says what held the generator back, if the verdict does not say it.
func heldBackTexts(rep *report.Report) (parts []string) {
	g := &rep.Generator
	said := slices.ContainsFunc(slices.Concat(rep.Verdict.Reasons, rep.Verdict.Warnings), func(line string) bool {
		return strings.Contains(line, "generator itself was stopped") ||
			strings.Contains(line, "generator was short of processor time") ||
			len(g.Reasons) > 0 && strings.Contains(line, g.Reasons[0])
	})
	switch {
	case said:
		return nil
	case g.Limited && len(g.Reasons) > 0:
		return g.Reasons
	}
	if s := g.Stops; s != nil && s.Count > 0 {
		parts = append(parts,
			fmt.Sprintf("stopped %s, for %s", units.Plural(s.Count, "time"), units.Duration(s.StoppedS)))
	}
	if g.ThrottledShare != nil && *g.ThrottledShare > 0 {
		parts = append(parts,
			fmt.Sprintf("held back by a quota in %s of the run", units.Trim(units.Percent(*g.ThrottledShare))))
	}
	return parts
}

// generatorRow says whether the generator was the limit, what it used and how punctual it was.
func (p *page) generatorRow(rep *report.Report) {
	g := &rep.Generator
	if g.CPUS == 0 && g.RSSBytes == 0 {
		return
	}
	state, paint := "not the limit", unpainted
	switch {
	case g.Limited:
		state, paint = "at its limit", p.ink.yellow
	case rep.Verdict.ExitCode == exitcode.Inconclusive:
		state, paint = "may be why a threshold was missed", p.ink.yellow
	}
	used := units.Seconds(g.CPUS) + " of CPU"
	if share := rep.Summary.GeneratorCPUShare; share != nil {
		used = fmt.Sprintf("%s of %s", units.Percent(*share), units.Plural(uint64(g.Processors), "processor"))
	}
	parts := []string{state, used}
	switch {
	case g.LagMaxS == nil:
	case g.LagP99S == nil || slices.Contains(g.FewSamples, "lag_p99_s"):
		parts = append(parts, fmt.Sprintf("calls late by %s at most", units.Seconds(*g.LagMaxS)))
	default:
		parts = append(parts, fmt.Sprintf("calls late by %s p99", units.Seconds(*g.LagP99S)))
	}
	parts = append(parts, heldBackTexts(rep)...)
	if g.Shared {
		words := "on the server's machine"
		if others, ok := rep.Summary.ServerFigure(measure.OtherCPU); ok {
			words += ", where others kept " + units.Number(others.Mean) + " busy"
		}
		parts = append(parts, words)
	}
	p.listRow("Generator", 3, paint, "; ", "", parts)
}
