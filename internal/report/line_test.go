package report_test

import (
	"testing"

	"rdiostress/internal/report"
)

func TestLine(t *testing.T) {
	for text, want := range map[string]string{
		"":                                "",
		"a\x1b[31m\tb\r\n c\u202E":        "a?[31m b c?",
		"::error::a ::b [::1]:80 a::b":    ": :error::a : :b [::1]:80 a::b",
		"##[error]a #[b] x##[group]":      "## [error]a #[b] x## [group]",
		"\n::error::a":                    ": :error::a",
		"connect to [::1]: refused: ::: ": "connect to [::1]: refused: : ::",
	} {
		if got := report.Line(text); got != want {
			t.Errorf("%q is %q, want %q", text, got, want)
		}
	}
}
