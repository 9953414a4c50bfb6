package text

import (
	"fmt"
	"strconv"
	"strings"

	"rdiostress/internal/judge"
	"rdiostress/internal/measure"
	"rdiostress/internal/report"
	"rdiostress/internal/units"
)

// phases shows the parts of a run that had several, and where the server broke in the guide's batches.
func (p *page) phases(rep *report.Report) {
	if len(rep.Phases) > 1 {
		p.section("Phases")
		p.phaseGrid(rep.Phases)
		for _, phase := range rep.Phases {
			if !phase.Scored {
				p.note("Phases in brackets are not scored: but for storage, their uploads count nowhere else here.",
					p.ink.dim)
				break
			}
		}
	}
	if rep.Guide != nil {
		paint := p.ink.dim
		if rep.Guide.BreakingPoint != nil {
			paint = p.ink.yellow
		}
		p.note(guideWords(rep.Guide), paint)
	}
}

// phaseGrid is laid out so that the load, which is in words, gets the room that the figures leave.
func (p *page) phaseGrid(phases []measure.Phase) {
	const load = 1 // its column
	header := []string{"", "", "time", "uploads", "success", "p50", "p95", "max"}
	rows := make([][]string, len(phases))
	var words []string
	words, header[load] = phaseLoads(phases)
	for i, phase := range phases {
		t := phase.Totals
		took := none
		if phase.DurationS > 0 {
			took = units.Interval(phase.DurationS, phase.DurationS)
		}
		name, success := cut(clean(phase.Name), 12), none
		if !phase.Scored {
			name = "(" + name + ")"
		}
		if t.SuccessRate != nil {
			success = units.Percent(*t.SuccessRate)
		}
		times := figures(&phase.Latency, "p50_s", "p95_s", "max_s")
		rows[i] = append([]string{name, "", took, units.Count(t.Attempted), success}, times...)
	}
	withoutLoad := append([]string{}, header...)
	withoutLoad[load] = ""
	room := max(p.width-gridWidth(withoutLoad, rows), 1)
	header[load] = cut(header[load], room)
	for i, row := range rows {
		row[load] = cut(words[i], room)
		if !phases[i].Scored {
			for j := range row {
				row[j] = p.ink.dim(row[j])
			}
		}
	}
	p.grid(header, rows, "llrrrrrr")
}

// phaseLoads shortens the loads of phases for a column: a unit that most have moves into its header.
func phaseLoads(phases []measure.Phase) (loads []string, header string) {
	last := clean(phases[len(phases)-1].Load)
	for _, phase := range phases {
		if phase.Scored {
			last = clean(phase.Load)
		}
	}
	header = "load"
	if i := strings.LastIndexByte(last, ' '); i >= 0 {
		header = last[i+1:]
	}
	for _, phase := range phases {
		words, ok := strings.CutSuffix(clean(phase.Load), " "+header)
		if !ok && strings.HasPrefix(words, "batches of ") {
			words = "growing"
		}
		loads = append(loads, strings.Replace(words, " to ", " → ", 1))
	}
	return loads, header
}

// mostBatches is how many batches are named one by one.
const mostBatches = 8

// guideWords says what the guide's batches showed.
func guideWords(g *measure.Guide) string {
	if len(g.Batches) == 0 {
		return "The guide's batches: none was sent."
	}
	sizes := make([]string, len(g.Batches))
	for i, b := range g.Batches {
		sizes[i] = strconv.Itoa(b.Concurrent)
	}
	list := strings.Join(sizes, ", ")
	if len(sizes) > mostBatches {
		list = strings.Join(sizes[:3], ", ") + " … " + sizes[len(sizes)-1]
	}
	text := fmt.Sprintf("Batches of %s uploads at once: ", list)
	if b := report.BreakingBatch(g); b != nil {
		return text + fmt.Sprintf("broke at %d, where %s of %s succeeded.", b.Concurrent, units.Count(b.Accepted),
			units.Count(b.Attempted))
	}
	return text + fmt.Sprintf("none broke up to %s.", sizes[len(sizes)-1])
}

// steps shows where the time of uploads went, by the steps that took place and could be seen.
func (p *page) steps(rep *report.Report) {
	var rows [][]string
	for _, step := range report.UploadSteps(&rep.Steps) {
		if f := step.Figures; f != nil && f.MaxS > 0 { // a reply that came in one piece takes no time to read
			times := figures(step.Distribution, "mean_s", "p50_s", "p95_s", "p99_s", "max_s")
			rows = append(rows, append([]string{step.Words, units.Count(step.Count)}, times...))
		}
	}
	if len(rows) == 0 {
		return
	}
	p.section("Where the time of accepted uploads went")
	p.grid([]string{"", "uploads", "mean", "p50", "p95", "p99", "max"}, rows, "lrrrrrr")
}

// generator shows what the generator used and how punctual it was, so that its own part in the figures can be judged.
func (p *page) generator(rep *report.Report) {
	g := rep.Generator
	if g.CPUS == 0 && g.RSSBytes == 0 {
		return
	}
	used := units.Seconds(g.CPUS) + " of CPU"
	if share := rep.Summary.GeneratorCPUShare; share != nil {
		used = fmt.Sprintf("%s of CPU (%s of %s)", units.Seconds(g.CPUS), units.Percent(*share),
			units.Plural(uint64(g.Processors), "processor"))
	}
	text := used + ", " + units.Bytes(float64(g.RSSBytes))
	if g.LagP50S != nil && g.LagP99S != nil && g.LagMaxS != nil {
		text += fmt.Sprintf("; calls late by %s p50, %s p99, %s max", percentile(g.LagP50S, "lag_p50_s", g.FewSamples),
			percentile(g.LagP99S, "lag_p99_s", g.FewSamples), units.Seconds(*g.LagMaxS))
	}
	if g.GCPauseMaxS > 0 || g.SchedulerMaxS > 0 {
		text += fmt.Sprintf("; longest GC pause %s, longest wait for a processor %s", units.Seconds(g.GCPauseMaxS),
			units.Seconds(g.SchedulerMaxS))
	}
	text += "."
	switch {
	case g.Limited && rep.Verdict.OK: // the verdict says that in one plain line
		text += " The generator was at its limit" + judge.GeneratorReasons(&g) + "."
	case g.Limited:
		text += " The generator was at its limit, see below."
	default:
		text += " The generator was not the limit."
	}
	if g.Shared {
		text += " The server ran on the same machine and shared its processors" + splitText(&rep.Summary) + "."
	}
	if n := g.Reconnects; n > 0 {
		text += fmt.Sprintf(" The server closed %s between calls; reopened without counting a failure.",
			units.Plural(n, "kept connection"))
	}
	p.section("Generator")
	p.note(text, p.ink.dim)
}

// splitText says who kept the processors busy that the server shares with the generator.
func splitText(s *report.Summary) string {
	server, ok := s.ServerFigure(measure.CPU)
	own, ownOK := s.ServerFigure(measure.GeneratorCPU)
	other, otherOK := s.ServerFigure(measure.OtherCPU)
	if !ok || !ownOK || !otherOK {
		return ""
	}
	return fmt.Sprintf(": it kept %s busy, rdiostress %s and everything else %s", units.Number(server.Mean),
		units.Number(own.Mean), units.Number(other.Mean))
}
