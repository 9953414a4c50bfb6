package text

import (
	"fmt"
	"strconv"
	"strings"

	"rdiostress/internal/exitcode"
	"rdiostress/internal/judge"
	"rdiostress/internal/measure"
	"rdiostress/internal/report"
	"rdiostress/internal/units"
)

// phaseSection shows the phases of a run that has several, and where the server broke in the guide's batches.
func (p *page) phaseSection(rep *report.Report) {
	if len(rep.Phases) > 1 {
		p.section("Phases")
		p.phaseTable(rep.Phases)
		for _, phase := range rep.Phases {
			if !phase.Scored {
				p.note("Phases in brackets are not scored: except for storage, their uploads count nowhere else here.",
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
		p.note(guideText(rep.Guide), paint)
	}
}

// phaseTable shows the phases. Their loads, which are in words, get the room that the figures leave.
func (p *page) phaseTable(phases []measure.Phase) {
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
		name, success := p.truncate(sanitize(phase.Name), 12), none
		if !phase.Scored {
			name = "(" + name + ")"
		}
		if t.SuccessRate != nil {
			success = units.Percent(*t.SuccessRate)
		}
		times := distributionCells(&phase.Latency, "p50_s", "p95_s", "max_s")
		rows[i] = append([]string{name, "", took, units.Count(t.Attempted), success}, times...)
	}
	withoutLoad := append([]string{}, header...)
	withoutLoad[load] = ""
	room := max(p.width-p.gridWidth(withoutLoad, rows), 1)
	header[load] = p.truncate(header[load], room)
	for i, row := range rows {
		row[load] = p.truncate(words[i], room)
		if !phases[i].Scored {
			for j := range row {
				row[j] = p.ink.dim(row[j])
			}
		}
	}
	p.grid(header, rows, "llrrrrrr")
}

// phaseLoads shortens the loads of phases for a column: the unit that most have moves into its header.
func phaseLoads(phases []measure.Phase) (loads []string, header string) {
	last := sanitize(phases[len(phases)-1].Load)
	for _, phase := range phases {
		if phase.Scored {
			last = sanitize(phase.Load)
		}
	}
	header = "load"
	if i := strings.LastIndexByte(last, ' '); i >= 0 {
		header = last[i+1:]
	}
	for _, phase := range phases {
		words, ok := strings.CutSuffix(sanitize(phase.Load), " "+header)
		if !ok && strings.HasPrefix(words, "batches of ") {
			words = "growing"
		}
		loads = append(loads, strings.Replace(words, " to ", " → ", 1))
	}
	return loads, header
}

// maxBatches is how many batches are named one by one.
const maxBatches = 8

// guideText says what the guide's batches showed.
func guideText(g *measure.Guide) string {
	if len(g.Batches) == 0 {
		return "The guide's batches: none was sent."
	}
	sizes := make([]string, len(g.Batches))
	for i, b := range g.Batches {
		sizes[i] = strconv.Itoa(b.Concurrent)
	}
	list := strings.Join(sizes, ", ")
	if len(sizes) > maxBatches {
		list = strings.Join(sizes[:3], ", ") + " … " + sizes[len(sizes)-1]
	}
	text := fmt.Sprintf("Batches of %s uploads at once: ", list)
	if b := report.BreakingBatch(g); b != nil {
		return text + fmt.Sprintf("broke at %d, where %s of %s succeeded.", b.Concurrent, units.Count(b.Accepted),
			units.Count(b.Attempted))
	}
	return text + fmt.Sprintf("none broke up to %s.", sizes[len(sizes)-1])
}

// stepsTable shows where the time of uploads went, by the steps that could be observed.
func (p *page) stepsTable(rep *report.Report) {
	var rows [][]string
	for _, step := range report.UploadSteps(&rep.Steps) {
		if f := step.Figures; f != nil && f.MaxS > 0 { // a reply that came in one piece takes no time to read
			times := distributionCells(step.Distribution, "mean_s", "p50_s", "p95_s", "p99_s", "max_s")
			rows = append(rows, append([]string{step.Title, units.Count(step.Count)}, times...))
		}
	}
	if len(rows) == 0 {
		return
	}
	p.section("Where the time of accepted uploads went")
	p.grid([]string{"", "uploads", "mean", "p50", "p95", "p99", "max"}, rows, "lrrrrrr")
}

// generator shows what the generator used and how punctual it was, so that a reader can judge its part in the figures.
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
		text += fmt.Sprintf("; calls late by %s p50, %s p99, %s max",
			percentileCell(g.LagP50S, "lag_p50_s", g.FewSamples),
			percentileCell(g.LagP99S, "lag_p99_s", g.FewSamples), units.Seconds(*g.LagMaxS))
	}
	if g.GCPauseMaxS > 0 || g.SchedulerMaxS > 0 {
		text += fmt.Sprintf("; longest GC pause %s, longest wait for a processor %s", units.Seconds(g.GCPauseMaxS),
			units.Seconds(g.SchedulerMaxS))
	}
	text += "." + keptFromRunning(&g)
	switch {
	case g.Limited && rep.Verdict.OK: // the verdict says that in one plain line
		text += " The generator was at its limit" + judge.GeneratorReasons(&g) + "."
	case g.Limited:
		text += " The generator was at its limit, see below."
	case rep.Verdict.ExitCode == exitcode.Inconclusive:
		text += " That may be why a threshold was missed, see below."
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

// keptFromRunning says what quota the generator had, how much it was held back by it, and when it was stopped.
func keptFromRunning(g *measure.Generator) (text string) {
	if g.QuotaProcessors != nil {
		text += fmt.Sprintf(" A quota allowed it %s processors", units.Trim(units.Number(*g.QuotaProcessors)))
		if g.ThrottledShare != nil && *g.ThrottledShare > 0 {
			text += fmt.Sprintf(", and held it back in %s of the run", units.Trim(units.Percent(*g.ThrottledShare)))
		}
		text += "."
	}
	if s := g.Stops; s != nil && s.Count > 0 {
		text += fmt.Sprintf(" It did not run at all %s, for %s in all", units.Plural(s.Count, "time"),
			units.Duration(s.StoppedS))
		if s.SuspendedS > 0 {
			text += fmt.Sprintf(" (its machine was suspended for %s)", units.Duration(s.SuspendedS))
		}
		if n := s.Accepted; n > 0 {
			text += fmt.Sprintf(": the times of %s around that are left out", units.Plural(n, "accepted upload"))
		}
		text += "."
	}
	return text
}

// splitText says who used the processors that the server shares with the generator.
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
