package text

import (
	"fmt"
	"strings"

	"rdiostress/internal/measure"
	"rdiostress/internal/report"
	"rdiostress/internal/units"
)

// serverTable shows what was observed of the server, and where each figure stood when the load ended.
func (p *page) serverTable(rep *report.Report) {
	var rows [][]string
	last := measure.Group("")
	for _, sig := range shownSignals(rep.Watch) {
		seen, ok := rep.Summary.ServerFigure(sig.Signal)
		if !ok {
			continue
		}
		name := ""
		if sig.Group != last {
			last, name = sig.Group, p.groupName(sig.Group, rep.Watch)
		}
		rows = append(rows, append([]string{p.ink.dim(name)}, signalRow(sig, seen)...))
	}
	if len(rows) == 0 && len(rep.Watch.Events) == 0 {
		return
	}
	p.section("Server")
	if len(rows) > 0 {
		p.grid([]string{"", "", "mean", "max", "last"}, rows, "llrrr")
	}
	if words := othersText(rep.Watch.Others); words != "" {
		p.note("Everything else on the machine was mostly "+words+".", p.ink.dim)
	}
	for _, event := range rep.Watch.Events[:min(len(rep.Watch.Events), 5)] {
		p.note(sanitize(event.String())+".", p.ink.yellow)
	}
}

// shownSignals returns the signals that the table shows, with titles for this server. The server's own use of
// processors is shown with its machine, too.
func shownSignals(w measure.Watch) (list []measure.SignalInfo) {
	for _, sig := range measure.Signals() {
		switch {
		case sig.Title == "":
			continue
		case sig.Signal == measure.RSS:
			sig.Title = memoryName(w)
		case sig.Signal == measure.MachineCPU:
			sig.Title = machineName(w)
		}
		if list = append(list, sig); sig.Signal == measure.MachineCPU {
			server := *measure.CPU.Info()
			server.Title, server.Group = "by the server", sig.Group
			list = append(list, server)
		}
	}
	return list
}

// signalRow returns a signal's title, mean, maximum and last value.
func signalRow(sig measure.SignalInfo, seen report.ServerFigure) []string {
	show := func(v float64) string { return signalValue(sig.Unit, v) }
	switch {
	case sig.Unit == measure.UnitFlag:
		return []string{sig.Title, ofTheTime(seen.Mean), yesNo(seen.Max), yesNo(seen.Last)}
	case sig.Signal == measure.StoredCalls && seen.Restarted: // it counts up, so a mean says nothing
		return []string{sig.Title + " since a restart", none, none, show(seen.Last)}
	case sig.Signal == measure.StoredCalls:
		return []string{sig.Title, none, none, show(seen.Last)}
	default:
		return []string{sig.Title, show(seen.Mean), show(seen.Max), show(seen.Last)}
	}
}

// signalValue writes a value in its unit.
func signalValue(unit measure.Unit, v float64) string {
	switch unit {
	case measure.UnitBytes:
		return units.Bytes(v)
	case measure.UnitBytesPerS:
		return units.Bytes(v) + "/s"
	case measure.UnitRatio:
		return units.Percent(v)
	case measure.UnitSeconds:
		return units.Seconds(v)
	case measure.UnitProcessors:
		return units.Number(v)
	default:
		return units.Trim(units.Number(v))
	}
}

// ofTheTime writes for how much of the time a flag was set.
func ofTheTime(share float64) string {
	switch share {
	case 0:
		return "never"
	case 1:
		return "always"
	default:
		return units.Percent(share) + " of the time"
	}
}

// yesNo writes whether a flag was set in any part of an interval.
func yesNo(v float64) string {
	if v > 0 {
		return "yes"
	}
	return "no"
}

// groupName returns the title of a group of signals.
func (p *page) groupName(g measure.Group, w measure.Watch) string {
	if g != measure.GroupProcess || w.PID == 0 {
		return string(g)
	}
	return p.truncate(sanitize(fmt.Sprintf("%s (%d)", w.Process, w.PID)), 24)
}

func machineName(w measure.Watch) string {
	if w.Processors == 0 {
		return "processors busy"
	}
	return "busy, of " + units.Plural(uint64(w.Processors), "processor")
}

// othersText names the other processes, with the processors that each kept busy.
func othersText(list []measure.OtherProcess) string {
	var words []string
	for _, o := range list {
		one := sanitize(o.Name) + " " + units.Number(o.CPUSPerS)
		if o.Backend {
			one += " (the server connects to it)"
		}
		words = append(words, one)
	}
	return strings.Join(words, ", ")
}
