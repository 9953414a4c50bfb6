// Package terminal shows how a trial, or a search of the command line goes.
//
// A [Trial] observes a trial and a [Search] a search. Where a person is looking, each redraws one line or a bar in
// place; else, in a log, it writes a line every few seconds. What is said once, as a warning is, stays above what is
// redrawn. The texts name what the user can change by fields, to which the [Screen] gives the names that users know.
package terminal

import (
	"io"
	"time"

	"golang.org/x/term"

	"rdiostress/internal/field"
)

// Screen is where progress is shown, and to whom.
type Screen struct {
	W          io.Writer
	IsTerminal bool // a person is looking
	Quiet      bool // only warnings and what follows a signal are shown

	Names field.Namer // what the user calls a field
}

const (
	// LineEvery is how often a line of progress is written where no terminal can show a bar.
	LineEvery = 5 * time.Second
	// DefaultWidth is how many columns text takes where no terminal says how many it has.
	DefaultWidth = 100
)

// descriptor is a stream that has one, by which its terminal is known.
type descriptor interface{ Fd() uintptr }

// Width returns how many columns the terminal has that w writes to, if it writes to one.
func Width(w io.Writer) (columns int, ok bool) {
	f, ok := w.(descriptor)
	if !ok {
		return 0, false
	}
	columns, _, err := term.GetSize(int(f.Fd()))
	return columns, err == nil && columns > 0
}

// widthOf is how many columns a line that is redrawn may take.
func widthOf(w io.Writer) int {
	if columns, ok := Width(w); ok {
		return columns
	}
	return DefaultWidth
}
