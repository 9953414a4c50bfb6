package html

import (
	"fmt"
	"strings"

	"rdiostress/internal/exitcode"
	"rdiostress/internal/judge"
	"rdiostress/internal/measure"
	"rdiostress/internal/report"
	"rdiostress/internal/units"
)

// storage shows what became of the acknowledged calls.
func (p *page) storage(rep *report.Report) {
	d := &rep.Delivery
	if d.Acknowledged == nil {
		return
	}
	g := grid{Caption: "Acknowledged calls", Header: []string{"", "calls"}}
	add := func(name string, n *uint64, tone string) {
		if n == nil {
			return
		}
		if *n == 0 {
			tone = ""
		}
		g.Rows = append(g.Rows, row{[]string{name, units.Count(*n)}, tone})
	}
	add("acknowledged", d.Acknowledged, "")
	add("stored as sent", d.Stored, "")
	add("stored, but altered", d.Corrupted, toneBad)
	add("dropped as duplicates", d.Dropped, toneBad)
	add("missing", d.Missing, toneBad)
	add("not stored yet when the wait ended", d.Pending, toneWarn)
	add("stored more than once", d.Duplicated, toneWarn)
	notes := []string{"As it was when it was last looked at."}
	if d.Source != "" { // the account is made
		notes[0] = fmt.Sprintf("Verified by %s, through %s.", d.Method, d.Source)
	}
	if d.StoredPerS != nil {
		notes[0] += " Stored at " + units.PerSecond(*d.StoredPerS) + "."
	}
	if words := judge.StaleText(d); words != "" {
		notes = append(notes, "These are not the counts of the end: "+words+".")
	}
	for _, reason := range d.Reasons[:min(len(d.Reasons), 10)] {
		notes = append(notes,
			fmt.Sprintf("The server's log says of %s: %s", units.Plural(reason.Count, "call"), reason.Reason))
	}
	p.section(section{ID: "storage", Title: "Storage", Tables: []grid{g}, Notes: notes})
}

// serverSection shows what was observed of the server.
func (p *page) serverSection(rep *report.Report) {
	g := grid{Caption: "Figures over the scored part", Header: []string{"", "mean", "highest", "last"}}
	for _, info := range measure.Signals() {
		seen, ok := rep.Summary.ServerFigure(info.Signal)
		if !ok || info.Title == "" || info.Unit == measure.UnitFlag {
			continue
		}
		show := func(v float64) string { return signalUnit(info.Unit).format(v) }
		cells := []string{string(info.Group) + ": " + info.Title, show(seen.Mean), show(seen.Max), show(seen.Last)}
		if info.Signal == measure.StoredCalls { // it counts up, so a mean says nothing
			cells[1], cells[2] = "–", "–"
		}
		g.Rows = append(g.Rows, row{Cells: cells})
	}
	var notes []string
	if rep.KPIs.MemoryUsage.Mean != nil {
		notes = append(notes, fmt.Sprintf("Memory stabilises: %s; %s.", rep.Memory.Stabilises, rep.Memory.Reason))
	}
	for _, e := range rep.Watch.Events[:min(len(rep.Watch.Events), 10)] {
		notes = append(notes, e.String()+".")
	}
	p.section(section{ID: "server", Title: "Server", Tables: []grid{g}, Notes: notes})
}

// signalUnit is how values of a signal are written.
func signalUnit(u measure.Unit) unit {
	switch u {
	case measure.UnitBytes:
		return inBytes
	case measure.UnitBytesPerS:
		return inBytesPerS
	case measure.UnitRatio:
		return inShare
	case measure.UnitSeconds:
		return inSeconds
	case measure.UnitProcessors:
		return inProcessors
	default:
		return inCount
	}
}

// generator shows what the load generator knows of itself. While the run goes on, it does not know if it is the limit.
func (p *page) generator(rep *report.Report, r *Running) {
	g := &rep.Generator
	out := grid{Caption: "The load generator", Header: []string{"", ""}}
	add := func(name, value string) { out.Rows = append(out.Rows, row{Cells: []string{name, value}}) }
	if rep.Summary.GeneratorCPUShare != nil {
		add("processors used",
			units.Percent(*rep.Summary.GeneratorCPUShare)+" of "+units.Count(uint64(max(g.Processors, 0))))
	}
	if g.RSSBytes > 0 {
		add("memory", units.Bytes(float64(g.RSSBytes)))
	}
	add("connections opened", units.Count(g.Connects))
	if g.LagP99S != nil {
		add("calls were sent late by", g.FormatLag(units.Seconds))
	}
	note := "It did not hold the run back."
	if g.Limited {
		note = "It held the run back: " + strings.Join(g.Reasons, "; ") + "."
	}
	switch {
	case g.Limited:
	case r != nil && r.Failed != "":
		note = "Whether it held the run back was not looked for."
	case r != nil:
		note = "Whether it held the run back is looked for at the end."
	case rep.Verdict.ExitCode == exitcode.Inconclusive:
		note = "Its stops may be why a threshold was missed."
	}
	p.section(section{ID: "generator", Title: "Generator", Tables: []grid{out}, Notes: []string{note}})
}
