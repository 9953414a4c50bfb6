// Package plain makes text that comes from outside, such as the name of a process, a file or a server's reply, fit for
// a terminal: nothing in it moves the cursor, clears the screen or begins a line of its own.
package plain

import (
	"errors"
	"io/fs"
	"strings"
	"unicode"
)

// Text returns a text with spaces in place of what cannot be printed.
func Text(text string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, text)
}

// Line returns a text as one line: with single blanks for white space, and with instead for what cannot be seen, or
// without that where instead is negative.
func Line(text string, instead rune) string {
	text = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case r == unicode.ReplacementChar, !unicode.IsGraphic(r):
			return instead
		default:
			return r
		}
	}, text)
	return strings.Join(strings.Fields(text), " ")
}

// Reason returns an error's text in few words, for a sentence that has named the file before.
func Reason(err error) string {
	var path *fs.PathError
	if errors.As(err, &path) {
		err = path.Err
	}
	return strings.Join(strings.Fields(Text(err.Error())), " ")
}
