package text

import (
	"fmt"

	"rdiostress/internal/judge"
	"rdiostress/internal/report"
	"rdiostress/internal/units"
)

// alertTable shows when a key figure was beyond its limit.
func (p *page) alertTable(rep *report.Report) {
	if len(rep.Alerts) == 0 {
		return
	}
	p.section("Alerts")
	const most = 12
	shown := rep.Alerts[:min(len(rep.Alerts), most)]
	rows := make([][]string, len(shown))
	for i, a := range shown {
		paint := p.ink.yellow
		if a.Severity == judge.Critical {
			paint = p.ink.red
		}
		rows[i] = []string{
			paint(sanitize(a.Severity)), sanitize(judge.AlertTitle(a.KPI)), units.Interval(a.FromS,
				a.ToS), sanitize(judge.AlertValueText(a, a.Value)), sanitize(judge.AlertLimitText(a)),
		}
	}
	p.grid([]string{"", "", "when", "worst", "limit"}, rows, "llrrl")
	if more := len(rep.Alerts) - len(shown); more > 0 {
		p.note(fmt.Sprintf("And %s.", units.Plural(uint64(more), "more alert")), p.ink.dim)
	}
}
