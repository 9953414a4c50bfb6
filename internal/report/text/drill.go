package text

import (
	"fmt"
	"io"
	"strings"

	"rdiostress/internal/report"
	"rdiostress/internal/units"
)

// foundText says whether a drill found its defect.
func foundText(d *report.Drill) string {
	switch {
	case d.Want == "":
		return none
	case d.Hit():
		return "yes"
	default:
		return "NO"
	}
}

// WriteDrills writes the table of drills for a terminal of the given width.
func WriteDrills(w io.Writer, drills []report.Drill, width int) error {
	p := page{width: min(max(width, minWidth), maxWidth)}
	p.section("Drills")
	var rows [][]string
	for _, d := range drills {
		rows = append(rows, []string{
			d.Name, orNone(d.Want), foundText(&d), orNone(strings.Join(d.Others(), ", ")), string(d.Grade),
		})
	}
	p.grid([]string{"server", "to be found", "found", "besides", "run's grade"}, rows, "lllll")
	p.blank()
	p.note(drillSum(drills), unpainted)
	if p.err != nil {
		return fmt.Errorf("render table: %w", p.err)
	}
	_, err := io.WriteString(w, p.text.String())
	return err
}

// WriteDrillsMarkdown writes the same table as Markdown, whatever the width.
func WriteDrillsMarkdown(w io.Writer, drills []report.Drill, _ int) error {
	var b strings.Builder
	b.WriteString("| server | command | to be found | found | besides | run's grade |\n|---|---|---|---|---|---|\n")
	for _, d := range drills {
		fmt.Fprintf(&b, "| %s | `%s` | %s | %s | %s | %s |\n",
			d.Name, d.Command, orNone(d.Want), foundText(&d), orNone(strings.Join(d.Others(), ", ")), d.Grade)
	}
	b.WriteString("\n" + drillSum(drills) + "\n")
	_, err := io.WriteString(w, b.String())
	return err
}

// orNone returns a text, or a dash for none.
func orNone(s string) string {
	if s == "" {
		return none
	}
	return s
}

// drillSum returns the counts of the drills in a sentence, of those that were made.
func drillSum(drills []report.Drill) string {
	s := report.SummariseDrills(drills)
	var parts []string
	if s.Defects > 0 {
		parts = append(parts, fmt.Sprintf("%d of %d defects found, with %s besides", s.Hits, s.Defects,
			units.Plural(uint64(s.Others), "finding")))
	}
	if s.Healthy > 0 {
		parts = append(parts, fmt.Sprintf("nothing found in %d of %d runs against the healthy server", s.Clean,
			s.Healthy))
	}
	return strings.Join(parts, "; ") + "."
}
