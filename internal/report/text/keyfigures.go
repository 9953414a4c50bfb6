package text

import (
	"cmp"
	"fmt"
	"strings"

	"rdiostress/internal/judge"
	"rdiostress/internal/measure"
	"rdiostress/internal/report"
	"rdiostress/internal/units"
)

// keyFigureTable shows the guide's seven key figures, and whether memory stabilises.
func (p *page) keyFigureTable(rep *report.Report) {
	k := rep.KPIs
	var rows [][]string
	whys := make(map[string][]string) // what is absent, by the reason
	var order []string
	for _, one := range []struct {
		name string
		kpi  judge.KPI
		show func(float64) string
	}{
		{"upload rate", k.UploadRate, func(v float64) string { return units.Rate(v) + "/s" }},
		{"mean response time", k.AvgResponseTime, units.Seconds},
		{"error rate", k.ErrorRate, units.Percent},
		{memoryName(rep.Watch), k.MemoryUsage, units.Bytes},
		{"disk used", k.DiskUsage, units.Bytes},
		{"database pool in use", k.DBConnectionPoolUsage, units.Percent},
		{
			"transcriptions pending", k.TranscriptionQueueDepth,
			func(v float64) string { return units.Trim(units.Number(v)) },
		},
	} {
		if one.kpi.Mean == nil || one.kpi.Last == nil || one.kpi.Max == nil {
			why := sanitize(cmp.Or(one.kpi.Absent, report.NotMeasured))
			if whys[why] == nil {
				order = append(order, why)
			}
			whys[why] = append(whys[why], one.name)
			continue
		}
		rows = append(rows, []string{
			one.name, one.show(*one.kpi.Mean), one.show(*one.kpi.Max),
			one.show(*one.kpi.Last),
		})
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
		if rep.Memory.Stabilises == judge.No {
			paint = p.ink.red
		}
		p.note(fmt.Sprintf("Memory stabilises: %s; %s.", sanitize(rep.Memory.Stabilises), sanitize(rep.Memory.Reason)),
			paint)
		if words := memoryText(rep.Watch); words != "" {
			p.note(words, p.ink.dim)
		}
	}
}

// memoryName returns what the server's memory is called, by the kind that was read.
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

// memoryText explains the kind of the server's memory that was read, if it needs explaining.
func memoryText(w measure.Watch) string {
	switch w.MemoryKind {
	case measure.MemoryPSS:
		return "Pss is the memory of all its processes, with shared pages counted once; it is read every 10 to 14 s."
	case measure.MemorySummed:
		return "RSS of its processes, added up, counts shared pages more than once" +
			inBrackets(sanitize(w.MemoryNote)) +
			"."
	default:
		return ""
	}
}

// inBrackets puts a text in brackets behind a blank; an empty one stays empty.
func inBrackets(s string) string {
	if s == "" {
		return ""
	}
	return " (" + s + ")"
}
