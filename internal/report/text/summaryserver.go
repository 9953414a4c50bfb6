package text

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"rdiostress/internal/exitcode"
	"rdiostress/internal/judge"
	"rdiostress/internal/measure"
	"rdiostress/internal/report"
	"rdiostress/internal/units"
)

// serverRows says in a line what was seen of the server, and what happened to it.
func (p *page) serverRows(rep *report.Report) {
	parts := serverParts(rep)
	if rep.Watch.PID > 0 {
		name := sanitize(fmt.Sprintf("%s (%d)", rep.Watch.Process, rep.Watch.PID))
		parts = slices.Insert(parts, 0, name)
	}
	if len(parts) == 0 {
		p.row("Server", 2, p.ink.dim, "not seen: "+cmp.Or(rep.KPIs.MemoryUsage.Absent, report.NotMeasured))
	} else {
		p.row("Server", 2, unpainted, strings.Join(parts, ", "))
	}
	if rep.Memory.Stabilises == judge.No && rep.KPIs.MemoryUsage.Mean != nil {
		p.row("", 2, p.ink.red, "its memory does not stabilise: "+rep.Memory.Reason)
	}
	const most = 3
	for _, event := range rep.Watch.Events[:min(len(rep.Watch.Events), most)] {
		p.row("", 2, p.ink.yellow, event.String())
	}
	if more := len(rep.Watch.Events) - most; more > 0 {
		p.row("", 1, p.ink.yellow, units.Plural(uint64(more), "more event"))
	}
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

// generatorRow says whether the generator was the limit, what it used and how punctual it was.
func (p *page) generatorRow(rep *report.Report) {
	g := &rep.Generator
	if g.CPUS == 0 && g.RSSBytes == 0 {
		return
	}
	words, paint := "not the limit", unpainted
	switch {
	case g.Limited:
		words, paint = "at its limit", p.ink.yellow
	case rep.Verdict.ExitCode == exitcode.Inconclusive:
		words, paint = "may be why a threshold was missed", p.ink.yellow
	}
	if share := rep.Summary.GeneratorCPUShare; share != nil {
		words += fmt.Sprintf("; %s of %s", units.Percent(*share), units.Plural(uint64(g.Processors), "processor"))
	} else {
		words += "; " + units.Seconds(g.CPUS) + " of CPU"
	}
	switch {
	case g.LagMaxS == nil:
	case g.LagP99S == nil || slices.Contains(g.FewSamples, "lag_p99_s"):
		words += fmt.Sprintf(", calls late by %s at most", units.Seconds(*g.LagMaxS))
	default:
		words += fmt.Sprintf(", calls late by %s p99", units.Seconds(*g.LagP99S))
	}
	why := g.Limited && rep.Verdict.OK // else the verdict says it
	if why && len(g.Reasons) > 0 {
		words += "; " + strings.Join(g.Reasons, "; ")
	} else if s := g.Stops; s != nil && s.Count > 0 {
		words += fmt.Sprintf("; stopped %s, for %s", units.Plural(s.Count, "time"), units.Duration(s.StoppedS))
	}
	if g.ThrottledShare != nil && *g.ThrottledShare > 0 {
		words += fmt.Sprintf("; held back by a quota in %s of the run", units.Trim(units.Percent(*g.ThrottledShare)))
	}
	if g.Shared {
		words += "; on the server's machine"
		if others, ok := rep.Summary.ServerFigure(measure.OtherCPU); ok {
			words += ", where others kept " + units.Number(others.Mean) + " busy"
		}
	}
	p.row("Generator", 4, paint, words)
}
