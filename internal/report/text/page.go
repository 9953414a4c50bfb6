package text

import (
	"regexp"
	"slices"
	"strings"
	"unicode"

	"rdiostress/internal/field"
	"rdiostress/internal/glyph"
	"rdiostress/internal/report"

	"github.com/olekukonko/tablewriter"
	"github.com/olekukonko/tablewriter/pkg/twwidth"
	"github.com/olekukonko/tablewriter/renderer"
	"github.com/olekukonko/tablewriter/tw"
)

// gutter is the number of blanks between columns, and at the left edge.
const gutter = 2

// frameSides is how many columns the sides of a frame take: a line and a blank each.
const frameSides = 4

// page collects what a terminal is to show. After an error, nothing more is added.
type page struct {
	width int
	ink   ink
	ascii bool // no other characters
	names field.Namer
	tight tightness
	full  string // with what all is seen
	// folded, if not nil, takes the labels of rows, which are not drawn.
	folded *labels
	text   strings.Builder
	err    error
}

// fit returns a text with the characters that the page may have. Texts become longer by that, so it comes before they
// are laid out.
func (p *page) fit(s string) string {
	if p.ascii {
		return glyph.ASCII(s)
	}
	return s
}

// line adds a line, indented. It cuts off what no layout has expected, such as figures that no run has.
func (p *page) line(s string) {
	s = strings.TrimRight(strings.Repeat(" ", gutter)+p.fit(s), " ")
	if displayWidth(s) > p.width {
		s = p.truncate(twwidth.Filter().ReplaceAllString(s, ""), p.width)
	}
	p.text.WriteString(s)
	p.text.WriteByte('\n')
}

// blank adds an empty line.
func (p *page) blank() { p.text.WriteByte('\n') }

// section starts a part of the page with a title and a rule to the right edge.
func (p *page) section(title string) {
	p.blank()
	title = p.fit(title)
	rule := strings.Repeat("─", max(p.width-2*gutter-twwidth.Width(title)-1, 0))
	p.line(p.ink.bold(title) + " " + p.ink.dim(rule))
}

// note adds a sentence below a table.
func (p *page) note(s string, paint func(string) string) {
	for _, line := range p.wrap("", sanitize(s), p.width-2*gutter) {
		p.line(paint(line))
	}
}

// grid adds a table without lines. Aligns has a letter for each column: l or r.
func (p *page) grid(header []string, rows [][]string, aligns string) {
	header, rows = p.fitRow(header), p.fitRows(rows)
	for i := range header {
		header[i] = p.ink.dim(header[i])
	}
	lines := p.table(header, rows, columns(aligns), tw.Rendition{
		Borders:  tw.BorderNone,
		Symbols:  tw.NewSymbols(tw.StyleNone),
		Settings: tw.Settings{Separators: tw.SeparatorsNone, Lines: tw.LinesNone},
	})
	for _, line := range lines {
		p.line(strings.TrimPrefix(line, " ")) // the first column starts where the lines of text do
	}
}

func (p *page) fitRow(cells []string) []string {
	fitted := slices.Clone(cells)
	for i := range fitted {
		fitted[i] = p.fit(fitted[i])
	}
	return fitted
}

func (p *page) fitRows(rows [][]string) [][]string {
	fitted := slices.Clone(rows)
	for i := range fitted {
		fitted[i] = p.fitRow(fitted[i])
	}
	return fitted
}

// frame adds lines of text, each as wide as the page allows, within a rounded border painted like a badge.
func (p *page) frame(lines []string, paint func(string) string) {
	rows := make([][]string, len(lines))
	for i, line := range lines {
		rows[i] = []string{line}
	}
	const side = "│"
	for _, line := range p.table(nil, rows, columns("l"), tw.Rendition{Symbols: tw.NewSymbols(tw.StyleRounded)}) {
		if inner, ok := strings.CutPrefix(line, side); ok {
			line = paint(side) + strings.TrimSuffix(inner, side) + paint(side)
		} else {
			line = paint(line)
		}
		p.line(line)
	}
}

// columns returns a layout that neither wraps cells nor puts them in capitals. Aligns has a letter for each column: l
// or r.
func columns(aligns string) tw.CellConfig {
	align := make([]tw.Align, len(aligns))
	for i, a := range aligns {
		align[i] = tw.AlignLeft
		if a == 'r' {
			align[i] = tw.AlignRight
		}
	}
	return tw.CellConfig{
		Formatting: tw.CellFormatting{AutoWrap: tw.WrapNone, AutoFormat: tw.Off},
		Alignment:  tw.CellAlignment{PerColumn: align},
	}
}

// table renders one table to lines.
func (p *page) table(header []string, rows [][]string, cell tw.CellConfig, look tw.Rendition) []string {
	if p.err != nil {
		return nil
	}
	var out strings.Builder
	table := tablewriter.NewTable(
		&out,
		tablewriter.WithConfig(tablewriter.Config{
			Header: cell, Row: cell,
			Behavior: tw.Behavior{TrimSpace: tw.Off, AutoHide: tw.Off},
		}),
		tablewriter.WithRenderer(renderer.NewBlueprint(look)),
	)
	if header != nil {
		table.Header(header)
	}
	if p.err = table.Bulk(rows); p.err != nil {
		return nil
	}
	if p.err = table.Render(); p.err != nil {
		return nil
	}
	return strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n")
}

// gridWidth returns how wide grid makes a table of these columns.
func (p *page) gridWidth(header []string, rows [][]string) int {
	header, rows = p.fitRow(header), p.fitRows(rows)
	total := 0
	for i := range header {
		widest := twwidth.Width(header[i])
		for _, row := range rows {
			widest = max(widest, twwidth.Width(row[i]))
		}
		total += gutter + widest
	}
	return total
}

// displayWidth returns how many columns a text takes.
func displayWidth(s string) int { return twwidth.Width(s) }

// truncate shortens text to a width, with an ellipsis for what is cut off.
func (p *page) truncate(s string, width int) string {
	s = p.fit(s)
	if twwidth.Width(s) <= width {
		return s
	}
	more := p.fit("…")
	if width < twwidth.Width(more) {
		return ""
	}
	return strings.TrimRight(twwidth.Truncate(s, width-twwidth.Width(more)), " ") + more
}

// justify puts left and right at the two ends of a line.
func justify(left, right string, width int) string {
	blanks := max(width-twwidth.Width(left)-twwidth.Width(right), 1)
	return left + strings.Repeat(" ", blanks) + right
}

// wrap breaks text into lines of at most width columns, the first behind a mark and the others indented as far, but
// never between a figure and its unit. It truncates words that are too long.
func (p *page) wrap(mark, s string, width int) []string {
	mark, s = p.fit(mark), p.fit(s)
	indent := strings.Repeat(" ", twwidth.Width(mark))
	var lines []string
	line := mark
	empty := true
	for _, word := range splitWords(s) {
		word = p.truncate(word, width-len(indent))
		switch {
		case empty:
			line += word
		case twwidth.Width(line)+1+twwidth.Width(word) > width:
			lines = append(lines, line)
			line = indent + word
		default:
			line += " " + word
		}
		empty = false
	}
	return append(lines, line)
}

// unit matches a unit that follows a figure, with punctuation.
var unit = regexp.MustCompile(`^(µs|us|ms|s|min|h|B|kB|MB|GB|TB|%)[.,;:)]*$`)

// splitWords splits text at blanks, but keeps units with their figures.
func splitWords(s string) (list []string) {
	for word := range strings.FieldsSeq(s) {
		last := len(list) - 1
		if last >= 0 && unit.MatchString(word) && unicode.IsDigit(rune(list[last][len(list[last])-1])) {
			list[last] += " " + word
			continue
		}
		list = append(list, word)
	}
	return list
}

// ink paints text with plain ANSI colours, which every terminal adapts to its theme, or not at all.
type ink struct{ on bool }

func (i ink) paint(code, s string) string {
	if !i.on || s == "" {
		return s
	}
	return "\x1b[" + code + "m" + s + "\x1b[0m"
}

func (i ink) bold(s string) string { return i.paint("1", s) }

func (i ink) dim(s string) string { return i.paint("2", s) }

func (i ink) red(s string) string { return i.paint("1;31", s) }

func (i ink) green(s string) string { return i.paint("1;32", s) }

func (i ink) yellow(s string) string { return i.paint("1;33", s) }

func (i ink) redIf(bad bool, s string) string {
	if bad {
		return i.red(s)
	}
	return s
}

// sanitize makes text from outside safe for a terminal and fit for one line: it has no control or invisible characters,
// single blanks for white space, and no commands to the runner of a CI job.
func sanitize(s string) string {
	return report.Line(twwidth.Filter().ReplaceAllString(s, "")) // without colours and other escape sequences
}
