package text

import (
	"fmt"
	"slices"
	"strings"

	"rdiostress/internal/diagnose"
	"rdiostress/internal/judge"
	"rdiostress/internal/report"
	"rdiostress/internal/units"
)

// diagnosis shows what is wrong with the server, the evidence and the fix.
func (p *page) diagnosis(rep *report.Report) {
	if rep.Totals.Attempted == 0 {
		return
	}
	p.section("Diagnosis")
	if len(rep.Diagnosis) == 0 {
		p.note(noFindingText(rep, "see Errors")+unseenText(rep)+".", p.ink.dim)
	}
	for i, f := range rep.Diagnosis {
		if i > 0 {
			p.blank()
		}
		p.markedNote(p.ink.yellow("● "), "● ", sanitize(f.Title)+certaintyText(f.Certainty), p.ink.bold)
		for _, line := range f.Evidence {
			p.markedNote("  - ", "  - ", sanitize(line), unpainted)
		}
		p.markedNote("  ", "  ", fmt.Sprintf("To do (phase %d of the guide): %s", f.GuidePhase, sanitize(f.Fix)),
			p.ink.dim)
	}
}

// noFindingText says that nothing was found. It claims no more where a threshold was missed or uploads failed,
// which where says more about.
func noFindingText(rep *report.Report, where string) string {
	missed := slices.ContainsFunc(rep.Thresholds, func(t judge.Threshold) bool { return !t.OK })
	switch {
	case missed:
		return "Why a threshold was missed does not show in this run"
	case rep.Totals.Failed > 0:
		return fmt.Sprintf("No problem of the server shows in this run, except that %s of %s failed (%s)",
			units.Count(rep.Totals.Failed), units.Plural(rep.Totals.Attempted, "upload"), where)
	default:
		return "No problem of the server shows in this run"
	}
}

// unseenText lists what was not observed and might have shown a problem.
func unseenText(rep *report.Report) string {
	var what []string
	if rep.KPIs.MemoryUsage.Mean == nil {
		what = append(what, "its process")
	}
	if rep.Delivery.Acknowledged == nil {
		what = append(what, "what it stored")
	}
	if len(what) == 0 {
		return ""
	}
	return "; not seen: " + strings.Join(what, ", ")
}

// markedNote adds text broken into lines behind a mark, which is given both painted and plain.
func (p *page) markedNote(painted, mark, text string, paint func(string) string) {
	for i, line := range p.wrap(mark, text, p.width-2*gutter) {
		if i > 0 {
			painted = mark[:0] + fmt.Sprintf("%*s", len([]rune(mark)), "")
		}
		p.line(painted + paint(string([]rune(line)[len([]rune(mark)):])))
	}
}

func unpainted(s string) string { return s }

// certaintyText says how sure a finding is, if it is not certain.
func certaintyText(c diagnose.Certainty) string {
	switch c {
	case diagnose.Likely:
		return " (likely)"
	case diagnose.Possible:
		return " (possible)"
	default:
		return ""
	}
}
