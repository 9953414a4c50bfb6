package html

import (
	"fmt"
	"io"
	"strconv"

	"rdiostress/internal/compare"
	"rdiostress/internal/exitcode"
)

// WriteComparison writes the page of a comparison of two servers.
func WriteComparison(w io.Writer, doc compare.Document) error {
	return write(w, comparisonPage(&doc), "comparison",
		func(w io.Writer) error { return compare.WriteJSON(w, doc) })
}

func comparisonPage(doc *compare.Document) *page {
	p := &page{
		Title: "Comparison: " + doc.Heading(), Kind: "comparison", Tool: doc.Tool.Name + " " + doc.Tool.Version,
		When: "comparison", Badge: doc.Badge(), Head: doc.Verdict.Text,
		Exit: fmt.Sprintf("exit code %d", doc.Verdict.ExitCode), Warnings: doc.Warnings(),
	}
	switch {
	case doc.Verdict.ExitCode == exitcode.Missed, doc.Verdict.ExitCode == exitcode.DataLoss:
		p.Tone = toneBad
	case doc.Verdict.ExitCode != exitcode.OK || !doc.Decided():
		p.Tone = toneWarn
	default:
		p.Tone = toneGood
	}
	for _, g := range doc.Gates {
		p.Reasons = append(p.Reasons, g.Outcome+": "+g.Text)
	}
	p.fact("Compared", doc.Heading())
	p.fact("Base", doc.Base.RunsText())
	p.fact("New", doc.New.RunsText())
	p.section(comparedFigures(doc))
	p.section(comparedRuns(doc))
	return p
}

// comparedFigures shows all figures of both sides.
func comparedFigures(doc *compare.Document) section {
	g := grid{Caption: "Figures of both sides", Header: compare.Header(), Text: true}
	for i, cells := range doc.Rows() {
		tone := ""
		switch f := &doc.Figures[i]; f.Result {
		case compare.Better:
			tone = toneGood
		case compare.Worse:
			tone = toneBad
		}
		g.Rows = append(g.Rows, row{cells, tone})
	}
	s := section{ID: "figures", Title: "Figures", Tables: []grid{g}}
	if seen := doc.SeenText(); seen != "" {
		s.Notes = append(s.Notes, seen)
	}
	s.Notes = append(s.Notes, doc.Footnotes()...)
	return s
}

// comparedRuns shows the figures of each run.
func comparedRuns(doc *compare.Document) section {
	side := func(caption string, side *compare.Side, values func(*compare.Figure) []float64) grid {
		g := grid{Caption: caption, Header: []string{"run"}}
		for i := range doc.Figures {
			g.Header = append(g.Header, doc.Figures[i].Title)
		}
		for i, run := range side.Runs {
			cells := []string{strconv.Itoa(i+1) + ": " + run.ID}
			for j := range doc.Figures {
				f := &doc.Figures[j]
				var v *float64
				if list := values(f); i < len(list) {
					v = &list[i]
				}
				cells = append(cells, compare.ValueText(v, f.Unit))
			}
			g.Rows = append(g.Rows, row{Cells: cells})
		}
		return g
	}
	return section{ID: "runs", Title: "Runs", Tables: []grid{
		side("Runs of the base", &doc.Base, func(f *compare.Figure) []float64 { return f.BaseRuns }),
		side("Runs of the new side", &doc.New, func(f *compare.Figure) []float64 { return f.NewRuns }),
	}}
}
