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

// diagnosis shows what is wrong with the server, by what that shows, and what to do about it.
func (p *page) diagnosis(rep *report.Report) {
	if rep.Totals.Attempted == 0 {
		return
	}
	p.section("Diagnosis")
	if len(rep.Diagnosis) == 0 {
		p.note(noFinding(rep)+unseen(rep)+".", p.ink.dim)
	}
	for i, f := range rep.Diagnosis {
		if i > 0 {
			p.gap()
		}
		p.hung(p.ink.yellow("● "), "● ", clean(f.Title)+certainty(f.Certainty), p.ink.bold)
		for _, line := range f.Evidence {
			p.hung("  - ", "  - ", clean(line), unpainted)
		}
		p.hung("  ", "  ", fmt.Sprintf("To do (phase %d of the guide): %s", f.GuidePhase, clean(f.Fix)), p.ink.dim)
	}
}

// noFinding says that nothing was found, and no more than that where something is not as it should be all the same.
func noFinding(rep *report.Report) string {
	missed := slices.ContainsFunc(rep.Thresholds, func(t judge.Threshold) bool { return !t.OK })
	switch {
	case missed:
		return "Why a threshold was missed does not show in this run"
	case rep.Totals.Failed > 0:
		return fmt.Sprintf("No problem of the server shows in this run, except that %s of %s failed (see Errors)",
			units.Count(rep.Totals.Failed), units.Plural(rep.Totals.Attempted, "upload"))
	default:
		return "No problem of the server shows in this run"
	}
}

// unseen says what was not looked at where a problem might have shown.
func unseen(rep *report.Report) string {
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

// hung adds text broken into lines behind a mark, which is given as it is painted and as it is.
func (p *page) hung(painted, mark, text string, paint func(string) string) {
	for i, line := range hang(mark, text, p.width-2*gutter) {
		if i > 0 {
			painted = mark[:0] + fmt.Sprintf("%*s", len([]rune(mark)), "")
		}
		p.line(painted + paint(string([]rune(line)[len([]rune(mark)):])))
	}
}

func unpainted(s string) string { return s }

// certainty says how sure a finding is, where it is not certain.
func certainty(c diagnose.Certainty) string {
	switch c {
	case diagnose.Likely:
		return " (likely)"
	case diagnose.Possible:
		return " (possible)"
	default:
		return ""
	}
}
