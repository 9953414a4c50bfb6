package terminal

import (
	"math"
	"slices"
	"strings"

	"github.com/mattn/go-runewidth"
	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"

	"rdiostress/internal/glyph"
	"rdiostress/internal/plain"
)

// look is how a text looks: a code of ANSI's, which every terminal adapts to its theme. Nothing is told by it alone.
type look string

// The looks.
const (
	normal look = ""
	strong look = "1"
	faint  look = "2"
	green  look = "32"
	yellow look = "33"
	red    look = "31"
)

// span is a text with a look.
type span struct {
	text string
	look look
}

// row is a line of a panel.
type row []span

// pen writes rows as a terminal can show them.
type pen struct{ color, ascii bool }

func (s *Screen) pen() pen { return pen{s.Color, s.ASCII} }

// plain returns a text without what a terminal might not print.
func (p pen) plain(text string) string {
	text = plain.Text(text)
	if p.ascii {
		text = glyph.ASCII(text)
	}
	return text
}

// line returns a row as a line of less than so many columns: a terminal breaks a line that fills it.
func (p pen) line(r row, columns int) string {
	room := columns - 1
	total := 0
	r = slices.Clone(r)
	for i := range r {
		r[i].text = p.plain(r[i].text)
		total += width(r[i].text)
	}
	cut := total > room
	mark := p.plain("…")
	if cut {
		room -= width(mark)
	}
	var b strings.Builder
	for _, s := range r {
		text := clip(s.text, room)
		room -= width(text)
		b.WriteString(p.paint(s.look, text))
		if text != s.text {
			break
		}
	}
	if cut && columns > width(mark) {
		b.WriteString(mark)
	}
	return strings.TrimRight(b.String(), " ")
}

func (p pen) paint(l look, text string) string {
	if !p.color || l == normal || strings.TrimSpace(text) == "" {
		return text
	}
	return "\x1b[" + string(l) + "m" + text + "\x1b[0m"
}

// cells is how many columns a character takes at most.
func cells(r rune) int {
	const emoji = '\ufe0f' // has the character before it shown as wide as an emoji is
	if r == emoji {
		return 1
	}
	return (&runewidth.Condition{}).RuneWidth(r)
}

// width is how many columns a text takes at most.
func width(text string) (columns int) {
	for _, r := range text {
		columns += cells(r)
	}
	return columns
}

// clip cuts a text to a number of columns.
func clip(text string, columns int) string {
	for i, r := range text {
		if columns -= cells(r); columns < 0 {
			return text[:i]
		}
	}
	return text
}

// labelWidth is how many columns the names of a panel's rows take.
const labelWidth = 11

// labeled returns a row with its name before it.
func labeled(name string, spans ...span) row {
	return append(row{{name + strings.Repeat(" ", max(labelWidth-width(name), 1)), faint}}, spans...)
}

// The bar of a panel's head: how many columns it may take, and how finely it moves.
const (
	leastBar = 6
	mostBar  = 48
	barSteps = 1000
)

// bar draws a bar of which a share, 0 to 1, is filled.
func bar(share float64, columns int) string {
	var b strings.Builder
	if math.IsNaN(share) {
		share = 0
	}
	done := int64(max(0, min(share, 1)) * barSteps)
	// It writes to memory, which does not fail.
	_ = mpb.BarStyle().Build().Fill(&b, decor.Statistics{
		AvailableWidth: columns, Total: barSteps, Current: done, Completed: done == barSteps,
	})
	return b.String()
}

// head returns the first row of a panel: what goes on, a bar of how much of that is over, and how long it still takes.
// The first text that fits is taken. Where there is no room for a bar, it is left out; a share below 0 has none.
func (p pen) head(what []string, share float64, left string, columns int) row {
	left = p.plain(left)
	what, room := p.plainAll(what), columns-1
	if left != "" {
		room -= width(left) + 2
	}
	text := firstFit(what, room)
	free := room - width(text) - 2
	r := row{{text, strong}}
	if share >= 0 && free >= leastBar {
		text = firstFit(what, room-leastBar-2)
		r = row{{text, strong}, {text: "  " + bar(share, min(room-width(text)-2, mostBar))}}
	}
	if left != "" {
		r = append(r, span{text: "  " + left})
	}
	return r
}

func (p pen) plainAll(texts []string) []string {
	list := make([]string, len(texts))
	for i, text := range texts {
		list[i] = p.plain(text)
	}
	return list
}

// firstFit returns the first text that does not take more columns, or else the last.
func firstFit(texts []string, columns int) string {
	for _, text := range texts {
		if width(text) <= columns {
			return text
		}
	}
	return texts[len(texts)-1]
}

// fewer leaves out rows where there are more than a terminal has room for, with a line for the cursor of what comes
// after: those of the highest ranks first, and of these the last.
func fewer(rows []ranked, room size) []row {
	most := max(room.rows-1, 1)
	for len(rows) > most {
		drop := 0
		for i := range rows {
			if rows[i].rank >= rows[drop].rank {
				drop = i
			}
		}
		rows = append(rows[:drop], rows[drop+1:]...)
	}
	kept := make([]row, len(rows))
	for i := range rows {
		kept[i] = rows[i].row
	}
	return kept
}

// ranked is a row that can be left out.
type ranked struct {
	rank int // the higher, the sooner it is left out
	row  row
}

// lines returns the rows that there is room for.
func (p pen) lines(rows []ranked, room size) []string {
	kept := fewer(rows, room)
	lines := make([]string, len(kept))
	for i, r := range kept {
		lines[i] = p.line(r, room.columns)
	}
	return lines
}
