package report

import (
	"strings"

	"rdiostress/internal/plain"
)

// Line returns a text, which may be foreign, as one line for a form that is text: without control and invisible
// characters, and with single blanks for white space. No word of it is a command to the runner of a CI job, which reads
// what is on stdout, and heeds "::error::" at the start of a line and "##[error]" anywhere.
func Line(s string) string {
	s = plain.Line(s, '?')
	if strings.HasPrefix(s, "::") {
		s = ": :" + s[2:]
	}
	return strings.NewReplacer(" ::", " : :", "##[", "## [").Replace(s)
}
