package text

import (
	"fmt"
	"io"
	"strings"

	"rdiostress/internal/report"
	"rdiostress/internal/units"
)

// foundText is the answer in the table.
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

// WriteDrills writes the table of drills for a person.
func WriteDrills(w io.Writer, drills []report.Drill, width int) error {
	p := page{width: min(max(width, leastWidth), mostWidth)}
	p.section("Drills")
	var rows [][]string
	for _, d := range drills {
		rows = append(rows, []string{
			d.Name, word(d.Want), foundText(&d), word(strings.Join(d.Others(), ", ")),
			string(d.Grade),
		})
	}
	p.grid([]string{"server", "to be found", "found", "besides", "run's grade"}, rows, "lllll")
	p.gap()
	p.line(drillSum(drills))
	if p.err != nil {
		return fmt.Errorf("render table: %w", p.err)
	}
	_, err := io.WriteString(w, p.text.String())
	return err
}

// WriteDrillsMarkdown writes the same table as Markdown. It takes the width as WriteDrills does, and does not need it.
func WriteDrillsMarkdown(w io.Writer, drills []report.Drill, _ int) error {
	var b strings.Builder
	b.WriteString("| server | command | to be found | found | besides | run's grade |\n|---|---|---|---|---|---|\n")
	for _, d := range drills {
		fmt.Fprintf(&b, "| %s | `%s` | %s | %s | %s | %s |\n",
			d.Name, d.Command, word(d.Want), foundText(&d), word(strings.Join(d.Others(), ", ")), d.Grade)
	}
	b.WriteString("\n" + drillSum(drills) + "\n")
	_, err := io.WriteString(w, b.String())
	return err
}

// word is a word, or a dash for none.
func word(s string) string {
	if s == "" {
		return none
	}
	return s
}

// drillSum sums the drills up in a sentence.
func drillSum(drills []report.Drill) string {
	defects, hits, others, healthy, clean := 0, 0, 0, 0, 0
	for _, d := range drills {
		if d.Want == "" {
			healthy++
			if len(d.Found) == 0 {
				clean++
			}
			continue
		}
		defects++
		others += len(d.Others())
		if d.Hit() {
			hits++
		}
	}
	return fmt.Sprintf("%d of %d defects found, with %s besides; nothing found in %d of %d runs against the healthy "+
		"server.",
		hits, defects, units.Plural(uint64(others), "finding"), clean, healthy)
}
