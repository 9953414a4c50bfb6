package report

import (
	"bytes"
	"regexp"
	"strings"

	"rdiostress/internal/plain"
)

// Line returns a text, which may be foreign, as one line for a form that is text: without control and invisible
// characters, with single blanks for white space, and WithoutCommands.
func Line(s string) string { return WithoutCommands(plain.Line(s, '?')) }

// What commands begin with. Marks on letters may be between, as a text in ASCII leaves them out.
var (
	startColons = regexp.MustCompile(`(?:^|\s)[:\p{Mn}]+`)
	hashBracket = regexp.MustCompile(`(#\p{Mn}*#\p{Mn}*)\[`)
)

// WithoutCommands returns a text with blanks in all that is a command to the runner of a CI job, which reads what is on
// stdout and stderr: it heeds "::error::" at the start of a line, after blanks, and "##[error]" anywhere. As lines may
// be broken at any blank, no word begins with two colons.
func WithoutCommands(s string) string {
	s = startColons.ReplaceAllStringFunc(s, func(start string) string {
		before, after, _ := strings.Cut(start, ":")
		if !strings.Contains(after, ":") {
			return start
		}
		return before + ":" + strings.ReplaceAll(after, ":", " :")
	})
	return hashBracket.ReplaceAllString(s, "$1 [")
}

// JSONWithoutCommands returns JSON that means the same and has no command to the runner of a CI job. A line of JSON
// begins with no colons; what "##[" is of is a string, in which an escape stands for any character.
func JSONWithoutCommands(text []byte) []byte {
	return bytes.ReplaceAll(text, []byte("##["), []byte(`##\u005b`))
}

// Shorten returns at most the first n characters of a text, the last of them an ellipsis if there are more.
func Shorten(n int, s string) string {
	if runes := []rune(s); len(runes) > n {
		return string(runes[:n-1]) + "…"
	}
	return s
}
