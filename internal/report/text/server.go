package text

import (
	"fmt"
	"strings"

	"rdiostress/internal/measure"
	"rdiostress/internal/report"
	"rdiostress/internal/units"
)

// watched shows what was seen of the server, with how it stood when the load ended.
func (p *page) watched(rep *report.Report) {
	var rows [][]string
	last := measure.Group("")
	for _, sig := range shownSignals(rep.Watch) {
		seen, ok := rep.Summary.ServerFigure(sig.Signal)
		if !ok {
			continue
		}
		name := ""
		if sig.Group != last {
			last, name = sig.Group, groupName(sig.Group, rep.Watch)
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
	if words := othersWords(rep.Watch.Others); words != "" {
		p.note("Everything else on the machine was mostly "+words+".", p.ink.dim)
	}
	for _, event := range rep.Watch.Events[:min(len(rep.Watch.Events), 5)] {
		p.note(clean(event.String())+".", p.ink.yellow)
	}
}

// shownSignals are the signals that the table shows, by the names that they have for a server. How much of its machine
// the server uses is shown there too.
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
	case sig.Signal == measure.StoredCalls && seen.Restarted: // it counts up: a mean says nothing
		return []string{sig.Title + " since a restart", none, none, show(seen.Last)}
	case sig.Signal == measure.StoredCalls:
		return []string{sig.Title, none, none, show(seen.Last)}
	default:
		return []string{sig.Title, show(seen.Mean), show(seen.Max), show(seen.Last)}
	}
}

// signalValue is a value in its unit.
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

// ofTheTime says how much of the time something was so.
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

// yesNo says whether something was so in any part of an interval.
func yesNo(v float64) string {
	if v > 0 {
		return "yes"
	}
	return "no"
}

// groupName is what a group of signals is called of a server.
func groupName(g measure.Group, w measure.Watch) string {
	if g != measure.GroupProcess || w.PID == 0 {
		return string(g)
	}
	return cut(clean(fmt.Sprintf("%s (%d)", w.Process, w.PID)), 24)
}

func machineName(w measure.Watch) string {
	if w.Processors == 0 {
		return "processors busy"
	}
	return "busy, of " + units.Plural(uint64(w.Processors), "processor")
}

// othersWords names what else ran, with the processors that it kept busy.
func othersWords(list []measure.OtherProcess) string {
	var words []string
	for _, o := range list {
		one := clean(o.Name) + " " + units.Number(o.CPUSPerS)
		if o.Backend {
			one += " (the server connects to it)"
		}
		words = append(words, one)
	}
	return strings.Join(words, ", ")
}
