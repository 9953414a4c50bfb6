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
	groups := []struct {
		name    string
		figures []shownSignal
	}{
		{processName(rep.Watch), processFigures(rep.Watch)},
		{"its data", dataFigures()},
		{"its machine", machineFigures(rep.Watch)},
		{"its own figures", ownFigures()},
		{"database", databaseFigures()},
	}
	var rows [][]string
	for _, g := range groups {
		name := g.name
		for _, f := range g.figures {
			seen, ok := rep.Summary.ServerFigure(f.signal)
			if !ok {
				continue
			}
			rows = append(rows, append([]string{p.ink.dim(name)}, f.row(seen)...))
			name = ""
		}
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
		p.note(clean(event)+".", p.ink.yellow)
	}
}

// shownSignal is a signal in the table.
type shownSignal struct {
	signal measure.Signal
	name   string
	show   func(float64) string // nil for what is so or not
}

// row returns a signal's name, mean, maximum and last value.
func (f shownSignal) row(seen report.ServerFigure) []string {
	switch {
	case f.show == nil:
		return []string{f.name, ofTheTime(seen.Mean), yesNo(seen.Max), yesNo(seen.Last)}
	case f.signal == measure.StoredCalls && seen.Restarted: // it counts up: a mean says nothing
		return []string{f.name + " since a restart", none, none, f.show(seen.Last)}
	case f.signal == measure.StoredCalls:
		return []string{f.name, none, none, f.show(seen.Last)}
	default:
		return []string{f.name, f.show(seen.Mean), f.show(seen.Max), f.show(seen.Last)}
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

func processName(w measure.Watch) string {
	if w.PID == 0 {
		return "process"
	}
	return cut(clean(fmt.Sprintf("%s (%d)", w.Process, w.PID)), 24)
}

func whole(v float64) string { return units.Number(v) }

func number(v float64) string { return units.Trim(units.Number(v)) }

func perSize(v float64) string { return units.Bytes(v) + "/s" }

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

func processFigures(w measure.Watch) []shownSignal {
	return []shownSignal{
		{measure.CPU, "processors busy", whole},
		{measure.RSS, memoryName(w), units.Bytes},
		{measure.Heap, "heap", units.Bytes},
		{measure.Processes, "processes", number},
		{measure.Threads, "threads", number},
		{measure.Goroutines, "goroutines", number},
		{measure.OpenFiles, "open files", number},
		{measure.ReadRate, "disk reads", perSize},
		{measure.WriteRate, "disk writes", perSize},
	}
}

func dataFigures() []shownSignal {
	return []shownSignal{
		{measure.DataSize, "size", units.Bytes},
		{measure.DataFiles, "files", number},
		{measure.DiskFree, "free disk", units.Bytes},
	}
}

func machineFigures(w measure.Watch) []shownSignal {
	name := "processors busy"
	if w.Processors > 0 {
		name = fmt.Sprintf("busy, of %s", units.Plural(uint64(w.Processors), "processor"))
	}
	return []shownSignal{
		{measure.MachineCPU, name, units.Percent},
		{measure.CPU, "by the server", whole},
		{measure.GeneratorCPU, "by rdiostress", whole},
		{measure.OtherCPU, "by everything else", whole},
		{measure.MachineIOWait, "waits for disks", units.Percent},
		{measure.MachineMemory, "memory available", units.Bytes},
	}
}

func ownFigures() []shownSignal {
	return []shownSignal{
		{measure.StoredCalls, "calls stored", number},
		{measure.StoredBytes, "audio stored", units.Bytes},
		{measure.UploadQueue, "uploads queued", number},
		{measure.TranscriptionQueue, "transcriptions pending", number},
		{measure.PoolInUse, "pool connections in use", number},
		{measure.PoolOpen, "pool connections open", number},
		{measure.PoolUsage, "pool in use", units.Percent},
		{measure.PoolWaiting, "waiting for the pool", number},
		{measure.TempFiles, "temporary files", number},
		{measure.BreakerOpen, "circuit breaker open", nil},
	}
}

func databaseFigures() []shownSignal {
	return []shownSignal{
		{measure.DBConnections, "connections", number},
		{measure.DBConnectionsLimit, "connections allowed", number},
		{measure.DBWaitingLocks, "waiting for a lock", number},
		{measure.DBLongestTransaction, "longest transaction", units.Seconds},
		{measure.DBSize, "size", units.Bytes},
	}
}
