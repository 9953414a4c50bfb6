// Package terminal shows how a trial, or a search of the command line goes.
//
// A [Trial] observes a trial and a [Search] a search. Where a person is looking, each draws a panel of a few lines in
// place of itself; else, in a log, it writes a line now and then. What is said once, as a warning is, stays above the
// panel. The texts name what the user can change by fields, to which the [Screen] gives the names that users know.
package terminal

import (
	"cmp"
	"io"
	"strings"
	"time"

	"golang.org/x/term"

	"rdiostress/internal/field"
)

// Screen is where progress is shown, and to whom.
type Screen struct {
	W          io.Writer
	IsTerminal bool // a person is looking, at a terminal on which a panel can be redrawn
	Quiet      bool // only warnings and what follows a signal are shown
	Color      bool // a panel may have colors
	ASCII      bool // texts have no other characters

	Names field.Namer // what the user calls a field
}

// LineEvery is how often a line of progress is written at first where no terminal can show a panel.
const LineEvery = 5 * time.Second

// The size of a terminal that does not say it.
const (
	defaultWidth  = 100
	defaultHeight = 24
)

// descriptor is a stream that has one, by which its terminal is known.
type descriptor interface{ Fd() uintptr }

// Width returns how many columns the terminal has that w writes to, if it writes to one.
func Width(w io.Writer) (columns int, ok bool) {
	columns = askSize(w).columns
	return columns, columns > 0
}

// size is how much room a terminal has.
type size struct{ columns, rows int }

// Wrapped returns a line with breaks between its words, so that a terminal of that many columns breaks none of them.
// What follows a break is indented. A terminal without columns, such as a file, has the line whole.
func Wrapped(line string, columns int) string {
	const indent = "  "
	if columns <= 2*len(indent) || width(line) <= columns {
		return line
	}
	var b strings.Builder
	column := 0
	for i, word := range strings.Fields(line) {
		w := width(word)
		switch {
		case i == 0:
		case column+1+w > columns:
			b.WriteString("\n" + indent)
			column = len(indent)
		default:
			b.WriteByte(' ')
			column++
		}
		b.WriteString(word)
		if column += w; column > columns { // the terminal breaks a word that is longer than its lines
			column %= columns
		}
	}
	return b.String()
}

// sizeOf returns how much room there is where w writes to.
func sizeOf(w io.Writer) size {
	room := askSize(w)
	return size{cmp.Or(room.columns, defaultWidth), cmp.Or(room.rows, defaultHeight)}
}

// askSize asks the terminal that w writes to for its size. What is not known is 0.
func askSize(w io.Writer) size {
	f, ok := w.(descriptor)
	if !ok {
		return size{}
	}
	columns, rows, err := term.GetSize(int(f.Fd()))
	if err != nil {
		return size{}
	}
	return size{max(columns, 0), max(rows, 0)}
}
