package text

import (
	"fmt"
	"io"

	"rdiostress/internal/compare"
	"rdiostress/internal/exitcode"
)

// WriteComparison writes a comparison of two servers.
func WriteComparison(w io.Writer, doc compare.Document, opts Options) error {
	p := newSummaryPage(opts)
	p.line(p.ink.bold(sanitize(doc.Tool.Name+" "+doc.Tool.Version)) + p.ink.dim(p.fit(" · comparison")))
	p.note(doc.Heading(), p.ink.bold)
	p.blank()
	paint := p.comparisonPaint(&doc)
	inside := p.width - 2*gutter - frameSides
	exit := fmt.Sprintf("exit code %d", doc.Verdict.ExitCode)
	p.frame([]string{paint(justify(p.truncate(p.fit(doc.Badge()), inside-len(exit)-1), exit, inside))}, paint)
	p.note(doc.Verdict.Text, unpainted)
	for _, line := range doc.Warnings() {
		p.note("! "+line, p.ink.yellow)
	}
	p.blank()
	p.row("Base", 3, unpainted, doc.Base.RunsText())
	p.row("New", 3, unpainted, doc.New.RunsText())
	p.blank()
	p.comparedFigures(&doc)
	for _, line := range append([]string{doc.SeenText()}, doc.Footnotes()...) {
		if line != "" {
			p.note(line, p.ink.dim)
		}
	}
	if len(doc.Gates) > 0 {
		p.blank()
	}
	for _, g := range doc.Gates {
		p.note(gateMark(&g)+" "+g.Text, p.gatePaint(&g))
	}
	p.last(doc.Badge(), doc.Verdict.ExitCode, paint, opts.More)
	return p.writeTo(w)
}

// comparedFigures shows all figures, in as many columns as there is room for.
func (p *page) comparedFigures(doc *compare.Document) {
	header, rows, aligns := compare.Header(), doc.Rows(), "lrrrrlr"
	if p.gridWidth(header, rows)+gutter > p.width {
		header, rows, aligns = compare.BriefHeader(), doc.BriefRows(), "lrrrrl"
	}
	p.grid(header, rows, aligns)
}

// comparisonPaint is the colour of what a comparison comes to.
func (p *page) comparisonPaint(doc *compare.Document) func(string) string {
	switch {
	case doc.Verdict.ExitCode == exitcode.Missed:
		return p.ink.red
	case doc.Verdict.ExitCode != exitcode.OK || !doc.Decided():
		return p.ink.yellow
	default:
		return p.ink.green
	}
}

func (p *page) gatePaint(g *compare.Gate) func(string) string {
	return map[string]func(string) string{
		compare.Passed: p.ink.green, compare.Failed: p.ink.red, compare.NotSettled: p.ink.yellow,
	}[g.Outcome]
}

func gateMark(g *compare.Gate) string {
	return map[string]string{compare.Passed: "✓", compare.Failed: "✗", compare.NotSettled: "?"}[g.Outcome]
}
