package report

import (
	"fmt"
	"slices"
	"strings"

	"rdiostress/internal/judge"
	"rdiostress/internal/measure"
	"rdiostress/internal/units"
)

// ServersTitle is the title of the table of several servers.
const ServersTitle = "By server"

// TargetText names the server that was measured, or several.
func TargetText(t *measure.Target) string {
	if n := len(t.URLs); n > 1 {
		return fmt.Sprintf("%s and %s", t.URL, units.Plural(uint64(n-1), "other server"))
	}
	return t.URL
}

// ServersTable is a table of several servers for people, whose first column is text; without rows if there is one
// server. Below it, failed says how uploads to each of them failed, and seen what was seen of each.
func ServersTable(rep *Report) (header []string, rows [][]string, failed, seen []string) {
	header = []string{"server", "uploads", "failed", "success", "mean", "p95", "max"}
	for i := range rep.Servers {
		s := &rep.Servers[i]
		success := noFigure
		if s.SuccessRate != nil {
			success = units.Percent(*s.SuccessRate)
		}
		row := []string{s.URL, units.Count(s.Attempted), units.Count(s.Failed), success}
		rows = append(rows, append(row, serverTimes(&s.Latency)...))
		if s.Failed > 0 {
			failed = append(failed, s.URL+": "+serverFailures(s))
		}
		if words := serverSeen(s.Watch); words != "" {
			seen = append(seen, s.URL+": "+words)
		}
	}
	return header, rows, failed, seen
}

// noFigure stands for a figure that there is not.
const noFigure = "–"

// serverTimes are the mean, the 95th percentile and the maximum of a server's response times.
func serverTimes(d *measure.Distribution) []string {
	f := d.Figures
	if f == nil {
		return []string{noFigure, noFigure, noFigure}
	}
	p95 := units.Seconds(f.P95S)
	if slices.Contains(measure.FewSamples(d.Count, "p95_s"), "p95_s") {
		p95 = noFigure
	}
	return []string{units.Seconds(f.MeanS), p95, units.Seconds(f.MaxS)}
}

// serverFailures says how uploads to a server failed, and when.
func serverFailures(s *measure.ServerTotals) string {
	const most = 3
	var parts []string
	for _, d := range s.ErrorDetails[:min(len(s.ErrorDetails), most)] {
		parts = append(parts, fmt.Sprintf("%s %s (%s)", units.Count(d.Count), judge.FailureText(d),
			units.Interval(d.FirstS, d.LastS)))
	}
	if more := len(s.ErrorDetails) - len(parts); more > 0 {
		parts = append(parts, units.Plural(uint64(more), "more kind"))
	}
	return strings.Join(parts, ", ")
}

// serverSeen says what was seen of a server; empty if nothing was.
func serverSeen(w *measure.ServerWatch) string {
	if w == nil {
		return ""
	}
	var parts []string
	if w.PID > 0 {
		parts = append(parts, fmt.Sprintf("%s (%d)", w.Process, w.PID))
	}
	if w.CPUSPerS != nil {
		parts = append(parts, units.Number(*w.CPUSPerS)+" processors busy")
	}
	if w.RSSBytes != nil {
		parts = append(parts, units.Bytes(*w.RSSBytes)+" of memory at most")
	}
	if w.QueueCalls != nil {
		parts = append(parts, units.Plural(uint64(*w.QueueCalls), "upload")+" in its queue at most")
	}
	if len(parts) == 0 { // one reason says enough, and the report has all
		if why := w.Absent[measure.CPU.Name()]; why != "" {
			parts = append(parts, "nothing seen of its process: "+why)
		}
	}
	const most = 3
	for _, e := range w.Events[:min(len(w.Events), most)] {
		parts = append(parts, e.String())
	}
	return strings.Join(parts, ", ")
}

// EachServerSeen sums up what was seen of each of several servers, and lists what happened to them; empty if nothing
// was seen of any.
func EachServerSeen(rep *Report) (parts, events []string) {
	var cpu, memory []float64
	for i := range rep.Servers {
		w := rep.Servers[i].Watch
		if w == nil {
			continue
		}
		if w.CPUSPerS != nil {
			cpu = append(cpu, *w.CPUSPerS)
		}
		if w.RSSBytes != nil {
			memory = append(memory, *w.RSSBytes)
		}
		for _, e := range w.Events {
			events = append(events, rep.Servers[i].URL+": "+e.String())
		}
	}
	if len(cpu) > 0 {
		parts = append(parts, span(cpu, units.Number)+" processors busy")
	}
	if len(memory) > 0 {
		parts = append(parts, span(memory, units.Bytes)+" of memory at most")
	}
	return parts, events
}

// span writes the least and the most of some figures, once if they look the same.
func span(all []float64, format func(float64) string) string {
	least, most := format(slices.Min(all)), format(slices.Max(all))
	if least == most {
		return most
	}
	return least + " to " + most
}
