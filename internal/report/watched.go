package report

import (
	"cmp"
	"fmt"
	"strings"

	"rdiostress/internal/measure"
)

// keyFigures shows the guide's seven, and whether memory stabilises.
func (p *page) keyFigures(rep *Report) {
	k := rep.KPIs
	var rows [][]string
	whys := make(map[string][]string) // what is absent, by the reason
	var order []string
	for _, one := range []struct {
		name string
		kpi  KPI
		show func(float64) string
	}{
		{"upload rate", k.UploadRate, func(v float64) string { return rate(v) + "/s" }},
		{"mean response time", k.AvgResponseTime, seconds},
		{"error rate", k.ErrorRate, percent},
		{memoryName(rep.Watch), k.MemoryUsage, size},
		{"disk used", k.DiskUsage, size},
		{"database pool in use", k.DBConnectionPoolUsage, percent},
		{"transcriptions pending", k.TranscriptionQueueDepth, func(v float64) string { return trimZeros(fmt.Sprintf("%.1f", v)) }},
	} {
		if one.kpi.Mean == nil || one.kpi.Last == nil || one.kpi.Max == nil {
			why := clean(cmp.Or(one.kpi.Absent, notMeasured))
			if whys[why] == nil {
				order = append(order, why)
			}
			whys[why] = append(whys[why], one.name)
			continue
		}
		rows = append(rows, []string{one.name, one.show(*one.kpi.Mean), one.show(*one.kpi.Max), one.show(*one.kpi.Last)})
	}
	p.section("Key figures")
	if len(rows) > 0 {
		p.grid([]string{"", "mean", "max", "last"}, rows, "lrrr")
	}
	for _, why := range order {
		p.note(fmt.Sprintf("Not seen: %s (%s).", strings.Join(whys[why], ", "), why), p.ink.dim)
	}
	if rep.KPIs.MemoryUsage.Mean != nil {
		paint := p.ink.dim
		if rep.Memory.Stabilises == No {
			paint = p.ink.red
		}
		p.note(fmt.Sprintf("Memory stabilises: %s; %s.", clean(rep.Memory.Stabilises), clean(rep.Memory.Reason)), paint)
		if words := memoryWords(rep.Watch); words != "" {
			p.note(words, p.ink.dim)
		}
	}
}

// memoryName is what the server's memory is called, by what was read.
func memoryName(w measure.Watch) string {
	switch w.MemoryKind {
	case measure.MemoryRSS:
		return "memory (RSS)"
	case measure.MemoryPSS:
		return "memory (Pss)"
	case measure.MemorySummed:
		return "memory (RSS, summed)"
	default:
		return "memory"
	}
}

// memoryWords says what a reader has to know of the server's memory.
func memoryWords(w measure.Watch) string {
	switch w.MemoryKind {
	case measure.MemoryPSS:
		return "Pss is the memory of all its processes, with shared pages counted once; it is read every 10 to 14 s."
	case measure.MemorySummed:
		return "RSS of its processes, added up, counts shared pages more than once" + inBrackets(clean(w.MemoryNote)) + "."
	default:
		return ""
	}
}

// inBrackets puts text that is there in brackets, behind a blank.
func inBrackets(s string) string {
	if s == "" {
		return ""
	}
	return " (" + s + ")"
}

// alertTable shows when a key figure was beyond what the guide tolerates.
func (p *page) alertTable(rep *Report) {
	if len(rep.Alerts) == 0 {
		return
	}
	p.section("Alerts")
	const most = 12
	shown := rep.Alerts[:min(len(rep.Alerts), most)]
	rows := make([][]string, len(shown))
	for i, a := range shown {
		paint := p.ink.yellow
		if a.Severity == Critical {
			paint = p.ink.red
		}
		rows[i] = []string{
			paint(clean(a.Severity)), clean(alertName(a.KPI)), moments(a.FromS, a.ToS), alertValue(a, a.Value), alertLimit(a),
		}
	}
	p.grid([]string{"", "", "when", "worst", "limit"}, rows, "llrrl")
	if more := len(rep.Alerts) - len(shown); more > 0 {
		p.note(fmt.Sprintf("And %s.", plural(uint64(more), "more alert")), p.ink.dim)
	}
}

// alertName is what people call the figure of an alert.
func alertName(kpi string) string {
	switch kpi {
	case AlertErrorRate:
		return "error rate"
	case AlertResponseTime:
		return "mean response time"
	case AlertMemoryGrowth:
		return "memory growth"
	case AlertDiskFree:
		return "free disk"
	default:
		return kpi
	}
}

// alertValue renders a value in the alert's unit.
func alertValue(a measure.Alert, v float64) string {
	switch a.Unit {
	case "ratio":
		return percent(v)
	case "s":
		return seconds(v)
	case "bytes":
		return size(v)
	case "bytes/h":
		return size(v) + "/h"
	default:
		return figure(v) + " " + clean(a.Unit)
	}
}

func alertLimit(a measure.Alert) string {
	word := "over "
	if a.KPI == AlertDiskFree {
		word = "under "
	}
	return word + trimFigure(alertValue(a, a.Limit))
}

// trimFigure cuts trailing zeros off a rendered figure with a unit.
func trimFigure(s string) string {
	number, unit, ok := strings.Cut(s, " ")
	if !ok {
		return s
	}
	return trimZeros(number) + " " + unit
}

// Words says an alert in a line, as it opens or closes.
func (c AlertChange) Words() string {
	if c.Opened {
		return fmt.Sprintf("%s alert: %s %s, %s", c.Severity, alertName(c.KPI), alertValue(c.Alert, c.Value), alertLimit(c.Alert))
	}
	return fmt.Sprintf("%s alert over: %s, for %s, at worst %s", c.Severity, alertName(c.KPI), span(c.ToS-c.FromS), alertValue(c.Alert, c.Value))
}

// watched shows what was seen of the server, with how it stood when the load ended.
func (p *page) watched(rep *Report) {
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
			kpi := seenKPI(rep.Result(), "", f.signal)
			if kpi.Mean == nil {
				continue
			}
			rows = append(rows, append([]string{p.ink.dim(name)}, f.row(kpi, scored(rep.Result()))...))
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

// row is a signal's name, mean, most and last.
func (f shownSignal) row(kpi KPI, series []measure.Point) []string {
	switch {
	case f.show == nil:
		return []string{f.name, ofTheTime(*kpi.Mean), yesNo(*kpi.Max), yesNo(*kpi.Last)}
	case f.signal == measure.StoredCalls: // it counts up: a mean says nothing
		if restarted(series, f.signal) {
			return []string{f.name + " since a restart", none, none, f.show(*kpi.Last)}
		}
		return []string{f.name, none, none, f.show(*kpi.Last)}
	default:
		return []string{f.name, f.show(*kpi.Mean), f.show(*kpi.Max), f.show(*kpi.Last)}
	}
}

// restarted tells whether a count of the server's went back, as one does that began anew with its process.
func restarted(series []measure.Point, sig measure.Signal) bool {
	last := 0.0
	for _, p := range series {
		if v, ok := p.Server.Get(sig); ok {
			if v < last {
				return true
			}
			last = v
		}
	}
	return false
}

// ofTheTime says how much of the time something was so.
func ofTheTime(share float64) string {
	switch share {
	case 0:
		return "never"
	case 1:
		return "always"
	default:
		return percent(share) + " of the time"
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

func whole(v float64) string   { return figure(v) }
func number(v float64) string  { return trimZeros(figure(v)) }
func perSize(v float64) string { return size(v) + "/s" }

// othersWords names what else ran, with the processors that it kept busy.
func othersWords(list []measure.OtherProcess) string {
	var words []string
	for _, o := range list {
		one := clean(o.Name) + " " + figure(o.CPUSPerS)
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
		{measure.RSS, memoryName(w), size},
		{measure.Heap, "heap", size},
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
		{measure.DataSize, "size", size},
		{measure.DataFiles, "files", number},
		{measure.DiskFree, "free disk", size},
	}
}

func machineFigures(w measure.Watch) []shownSignal {
	name := "processors busy"
	if w.Processors > 0 {
		name = fmt.Sprintf("busy, of %s", plural(uint64(w.Processors), "processor"))
	}
	return []shownSignal{
		{measure.MachineCPU, name, percent},
		{measure.CPU, "by the server", whole},
		{measure.GeneratorCPU, "by rdiostress", whole},
		{measure.OtherCPU, "by everything else", whole},
		{measure.MachineIOWait, "waits for disks", percent},
		{measure.MachineMemory, "memory available", size},
	}
}

func ownFigures() []shownSignal {
	return []shownSignal{
		{measure.StoredCalls, "calls stored", number},
		{measure.StoredBytes, "audio stored", size},
		{measure.UploadQueue, "uploads queued", number},
		{measure.TranscriptionQueue, "transcriptions pending", number},
		{measure.PoolInUse, "pool connections in use", number},
		{measure.PoolOpen, "pool connections open", number},
		{measure.PoolUsage, "pool in use", percent},
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
		{measure.DBLongestTransaction, "longest transaction", seconds},
		{measure.DBSize, "size", size},
	}
}
