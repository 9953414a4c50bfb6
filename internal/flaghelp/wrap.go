package flaghelp

import (
	"regexp"
	"strings"

	"github.com/mattn/go-runewidth"
)

// Help is laid out by how wide text is shown, not by its bytes or runes.

// shownWidth returns the number of columns that text takes. Signs such as … take one, whatever the locale.
func shownWidth(text string) int {
	return (&runewidth.Condition{}).StringWidth(text)
}

// glue stands for a space at which a line must not be broken.
const glue = "\uE000"

// fold breaks text into lines of at most width columns, where its words are that short.
func fold(text string, width int) (lines []string) {
	line := ""
	for _, word := range strings.Fields(text) {
		switch {
		case line == "":
			line = word
		case shownWidth(line)+1+shownWidth(word) <= width:
			line += " " + word
		default:
			lines, line = append(lines, line), word
		}
	}
	lines = append(lines, line)
	for i := range lines {
		lines[i] = strings.ReplaceAll(lines[i], glue, " ")
	}
	return lines
}

// row is a line of a table of two columns.
type row struct{ left, right string }

// maxLeft is how wide the left column of a table may be; what is wider has the right column begin on the next line.
func maxLeft(width int) int { return min(max(width*2/5, 20), 36) }

// table lays rows out in two columns. The right one begins where the widest left one of rows ends that is not over
// maxLeft; rows must be those of all tables that are to be aligned with each other.
func table(rows []row, column, width int) (lines []string) {
	for _, r := range rows {
		if r.right == "" {
			lines = append(lines, r.left)
			continue
		}
		gap := column - shownWidth(r.left)
		for i, text := range fold(r.right, width-column) {
			switch {
			case i == 0 && gap >= 2:
				lines = append(lines, r.left+strings.Repeat(" ", gap)+text)
			case i == 0:
				lines = append(lines, r.left, strings.Repeat(" ", column)+text)
			default:
				lines = append(lines, strings.Repeat(" ", column)+text)
			}
		}
	}
	return lines
}

// rightColumn is where the right column of a table with these rows begins.
func rightColumn(rows []row, width int) int {
	widest := 0
	for _, r := range rows {
		if n := shownWidth(r.left); r.right != "" && n <= maxLeft(width) {
			widest = max(widest, n)
		}
	}
	return widest + 2
}

var (
	twoColumns = regexp.MustCompile(`^( +\S(?:.*?\S)?) {2,}(\S.*)$`)
	onlyRight  = regexp.MustCompile(`^ {6,}(\S.*)$`)
)

// Wrap lays out a text that was written for any width: paragraphs, and indented tables of two columns that are set
// apart by two spaces or more. Other indented lines stay as they are.
func Wrap(text string, width int) string {
	var out []string
	for block := range strings.SplitSeq(strings.Trim(text, "\n"), "\n\n") {
		var paragraph []string
		var rows []row
		for line := range strings.SplitSeq(block, "\n") {
			if !strings.HasPrefix(line, " ") {
				paragraph = append(paragraph, line)
			} else if m := onlyRight.FindStringSubmatch(line); m != nil && len(rows) > 0 {
				rows[len(rows)-1].right += " " + m[1]
			} else if m := twoColumns.FindStringSubmatch(line); m != nil {
				rows = append(rows, row{m[1], m[2]})
			} else {
				rows = append(rows, row{line, ""})
			}
		}
		if len(out) > 0 {
			out = append(out, "")
		}
		if len(paragraph) > 0 {
			out = append(out, fold(strings.Join(paragraph, " "), width)...)
		}
		out = append(out, table(rows, rightColumn(rows, width), width)...)
	}
	return strings.Join(out, "\n") + "\n"
}

// breakCommand breaks a command line as a shell reads it, before flags and pipes.
func breakCommand(line string, width int) string {
	const further = "      "
	var out []string
	for shownWidth(line) > width {
		at := 0
		for _, sign := range []string{" --", " | "} {
			at = max(at, strings.LastIndex(line[:min(width+1, len(line))], sign))
		}
		if strings.TrimSpace(line[:at]) == "" {
			break
		}
		out = append(out, line[:at]+` \`)
		line = further + strings.TrimSpace(line[at:])
	}
	return strings.Join(append(out, line), "\n")
}
