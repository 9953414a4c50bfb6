package markdown

import (
	"fmt"
	"io"
	"strings"

	"rdiostress/internal/plain"
	"rdiostress/internal/report"
)

// Options are what a summary has beside its report, and how long it may be.
type Options struct {
	Scenario string // a file that repeats the run
	// MaxBytes is how long the summary may be: it ends with the last part, such as a table, that fits. 0 sets no limit.
	MaxBytes int
}

// page collects the parts of a summary.
type page struct {
	parts []string
	part  strings.Builder
}

// end ends a part: what comes next may be left out without harm to it.
func (p *page) end() {
	if p.part.Len() > 0 {
		p.parts = append(p.parts, p.part.String())
		p.part.Reset()
	}
}

// heading begins a part.
func (p *page) heading(level int, escaped string) {
	p.end()
	p.part.WriteString(strings.Repeat("#", level) + " " + escaped + "\n\n")
}

// paragraph adds a line of its own. It must begin with a text that is not foreign.
func (p *page) paragraph(escaped string) { p.part.WriteString(escaped + "\n\n") }

// list adds the items of a list.
func (p *page) list(escaped ...string) {
	for _, item := range escaped {
		p.part.WriteString("- " + item + "\n")
	}
	if len(escaped) > 0 {
		p.part.WriteString("\n")
	}
}

// table adds a table of texts that are not escaped yet. Aligns has a letter for each column: l or r.
func (p *page) table(header []string, aligns string, rows [][]string) {
	if len(rows) == 0 {
		return
	}
	row := func(cells []string) {
		for _, cell := range cells {
			p.part.WriteString("| " + cell + " ")
		}
		p.part.WriteString("|\n")
	}
	escaped := func(cells []string) []string {
		list := make([]string, len(aligns)) // every row has as many cells as the header
		for i := range list {
			if i < len(cells) {
				list[i] = escape(cells[i])
			}
		}
		return list
	}
	row(escaped(header))
	rules := make([]string, len(aligns))
	for i, align := range aligns {
		rules[i] = map[rune]string{'l': ":--", 'r': "--:"}[align]
	}
	row(rules)
	for _, cells := range rows {
		row(escaped(cells))
	}
	p.part.WriteString("\n")
}

// folded adds a text of several lines that a reader opens by a click.
func (p *page) folded(title, text string) {
	p.end()
	lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
	fence := "```"
	for i := range lines {
		lines[i] = report.WithoutCommands(plain.Text(lines[i]))
		for strings.Contains(lines[i], fence) {
			fence += "`"
		}
	}
	fmt.Fprintf(&p.part, "<details><summary>%s</summary>\n\n%s\n%s\n%s\n\n</details>\n\n", escape(title), fence+"yaml",
		strings.Join(lines, "\n"), fence)
	p.end()
}

// cut tells of parts that are left out.
const cut = "*This summary is cut here, as it may not be longer.*\n"

// write writes the parts, as far as they may be written.
func (p *page) write(w io.Writer, opts Options) error {
	p.end()
	var text strings.Builder
	for i, part := range p.parts {
		room := opts.MaxBytes - text.Len()
		if i < len(p.parts)-1 {
			room -= len(cut)
		}
		if opts.MaxBytes > 0 && len(part) > room {
			if text.Len() > 0 {
				text.WriteString(cut)
			}
			break
		}
		text.WriteString(part)
	}
	if _, err := io.WriteString(w, text.String()); err != nil {
		return fmt.Errorf("write summary: %w", err)
	}
	return nil
}
