package text

import (
	"fmt"

	"rdiostress/internal/report"
	"rdiostress/internal/units"
)

// servers shows several servers below each other, after what is to stand before.
func (p *page) servers(rep *report.Report, before func()) {
	header, rows, failed, seen := report.ServersTable(rep)
	if len(rows) == 0 {
		return
	}
	before()
	for i, s := range rep.Servers {
		rows[i][0] = p.truncate(sanitize(s.URL), serverWidth)
		rows[i][2] = p.ink.redIf(s.Failed > 0, rows[i][2])
	}
	p.grid(header, rows, "lrrrrrr")
	for _, n := range failed {
		p.note(n, p.ink.red)
	}
	for _, n := range seen {
		p.note(n, p.ink.dim)
	}
}

// serverWidth is how much of a server's address is shown.
const serverWidth = 28

// serversRow says in a line which of several servers took the least, where there is no room for all.
func (p *page) serversRow(rep *report.Report) {
	if p.tight < short || len(rep.Servers) == 0 {
		return
	}
	worst := &rep.Servers[0]
	for i := range rep.Servers {
		if s := &rep.Servers[i]; s.SuccessRate != nil &&
			(worst.SuccessRate == nil || *s.SuccessRate < *worst.SuccessRate) {
			worst = s
		}
	}
	words, paint := units.Plural(uint64(len(rep.Servers)), "server"), unpainted
	if worst.Failed > 0 && worst.SuccessRate != nil {
		words, paint = fmt.Sprintf("%s; the least accepted: %s, by %s", words, units.Percent(*worst.SuccessRate),
			worst.URL), p.ink.red
	}
	p.row("Servers", 2, paint, words)
}
