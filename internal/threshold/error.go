package threshold

import (
	"strings"
	"unicode/utf8"

	"rdiostress/internal/plain"
)

// SyntaxError says what is wrong with an expression, and where.
type SyntaxError struct {
	Text    string // the expression
	Offset  int    // of the byte in Text that is wrong; its length is the end
	Problem string
}

// mostShown is how many characters of an expression an error shows.
const mostShown = 100

// Error returns the problem, and below it the expression with a caret under what is wrong, as lines that are indented.
func (e *SyntaxError) Error() string {
	text := plain.Text(e.Text)
	column := utf8.RuneCountInString(plain.Text(e.Text[:min(e.Offset, len(e.Text))]))
	shown := []rune(text)
	if from := column - mostShown/2; from > 0 && len(shown) > mostShown {
		shown, column = shown[from:], column-from
	}
	shown = shown[:min(len(shown), mostShown)]
	return e.Problem + "\n  " + string(shown) + "\n  " + strings.Repeat(" ", column) + "^"
}
