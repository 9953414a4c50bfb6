package markdown

import (
	"fmt"
	"io"

	"rdiostress/internal/compare"
)

// WriteComparison writes a comparison of two servers.
func WriteComparison(w io.Writer, doc compare.Document, opts Options) error {
	p := &page{}
	p.heading(2, fmt.Sprintf("%s %s: %s", mark(doc.Verdict.ExitCode), escape(doc.Tool.Name), escape(doc.Badge())))
	p.paragraph(fmt.Sprintf("**%s**", escape(doc.Heading())))
	p.paragraph(fmt.Sprintf("Result, exit code %d: %s", doc.Verdict.ExitCode, escape(doc.Verdict.Text)))
	p.remarks(nil, doc.Warnings())
	var gates []string
	for _, g := range doc.Gates {
		gates = append(gates, fmt.Sprintf("**%s**: %s", escape(g.Outcome), escape(g.Text)))
	}
	p.list(gates...)
	p.list("Base: "+escape(doc.Base.RunsText()), "New: "+escape(doc.New.RunsText()))
	p.end()
	p.section("Figures", compare.Header(), "lrrrrlr", doc.Rows(), len(doc.Figures))
	var notes []string
	if seen := doc.SeenText(); seen != "" {
		notes = append(notes, escape(seen))
	}
	for _, note := range doc.Footnotes() {
		notes = append(notes, escape(note))
	}
	p.list(notes...)
	return p.write(w, opts)
}
