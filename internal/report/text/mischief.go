package text

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"rdiostress/internal/judge"
	"rdiostress/internal/measure"
	"rdiostress/internal/report"
	"rdiostress/internal/units"
)

// mischief shows how the server answered misbehaving clients, and what it did wrong.
func (p *page) mischief(m *measure.Mischief) {
	if m == nil {
		return
	}
	rows := make([][]string, len(m.Kinds))
	for i, k := range m.Kinds {
		unsound := units.Count(k.Unsound)
		rows[i] = []string{
			sanitize(k.Kind), units.Count(k.Sent), units.Count(k.Sound),
			p.ink.redIf(k.Unsound > 0, unsound), answersText(k.Answers),
		}
	}
	header := []string{"", "sent", "sound", "unsound", "answers"}
	room := p.width - p.gridWidth(header[:4], rows) - gutter
	for _, row := range rows {
		row[4] = p.ink.dim(p.truncate(row[4], room))
	}
	p.section("Mischief beside the good calls")
	p.grid(header, rows, "lrrrl")
	if m.Skipped > 0 {
		p.note(fmt.Sprintf("%s more %s due and not sent, since many of their kind were under way.",
			units.Count(m.Skipped), units.Were(m.Skipped)), p.ink.dim)
	}
	p.goodCalls(m.GoodCalls)
	for _, f := range m.Findings {
		p.note(judge.FindingText(f), p.ink.red)
		p.note("  "+f.Evidence, p.ink.dim)
	}
}

// goodCalls compares good calls with mischief and without it.
func (p *page) goodCalls(g measure.GoodCalls) {
	if g.Without == nil || g.With == nil {
		p.note("Good calls without mischief and with it were not compared: "+cmp.Or(g.Absent, report.NotMeasured)+".",
			p.ink.dim)
		return
	}
	p.note("Good calls without mischief: "+goodText(g.Without)+". With it: "+goodText(g.With)+".", p.ink.dim)
}

// goodText describes the good calls of some seconds.
func goodText(g *measure.GoodSeconds) string {
	words := fmt.Sprintf("mean %s, median second %s of %d", units.Seconds(g.MeanS), units.Seconds(g.MedianS), g.Seconds)
	if g.Silent > 0 {
		words += fmt.Sprintf(", and %d without an answer", g.Silent)
	}
	return words
}

// answersText lists answers, the most frequent first.
func answersText(answers map[string]uint64) string {
	names := slices.SortedFunc(maps.Keys(answers), func(a, b string) int {
		return cmp.Or(cmp.Compare(answers[b], answers[a]), cmp.Compare(a, b))
	})
	parts := make([]string, len(names))
	for i, name := range names {
		parts[i] = fmt.Sprintf("%s ×%s", strings.ReplaceAll(sanitize(name), "_", " "), units.Count(answers[name]))
	}
	return strings.Join(parts, ", ")
}
