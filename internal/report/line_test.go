package report_test

import (
	"io"
	"strings"
	"testing"

	"rdiostress/internal/glyph"
	"rdiostress/internal/report"
	"rdiostress/internal/report/reporttest"
)

func TestLine(t *testing.T) {
	for text, want := range map[string]string{
		"":                                "",
		"a\x1b[31m\tb\r\n c\u202E":        "a?[31m b c?",
		"::error::a ::b [::1]:80 a::b":    ": :error::a : :b [::1]:80 a::b",
		"##[error]a #[b] x##[group]":      "## [error]a #[b] x## [group]",
		"\n::error::a":                    ": :error::a",
		"a :::error::x":                   "a : : :error::x",
		"::::error::x :: ::":              ": : : :error::x : : : :",
		"###[error]":                      "### [error]",
		"\u0301::error:: #\u0301#\u0301[": "\u0301: :error:: #\u0301#\u0301 [",
		"at :80 :\u0301:x":                "at :80 :\u0301 :x",
		"connect to [::1]: refused: ::: ": "connect to [::1]: refused: : : :",
	} {
		if got := report.Line(text); got != want {
			t.Errorf("%q is %q, want %q", text, got, want)
		}
	}
}

// No line of a report as JSON is a command to the runner of a CI job, and it means what it did.
func TestJSONHasNoCommands(t *testing.T) {
	const evil = "##[error]no\n::error::no ###[group]"
	run, search := reporttest.Full(), reporttest.Searched()
	run.Target.Server, search.Target.URL = evil, evil
	run.ErrorDetails[0].Sample = evil
	for name, write := range map[string]func(io.Writer) error{
		"a run":    func(w io.Writer) error { return report.WriteJSON(w, run) },
		"a search": func(w io.Writer) error { return report.WriteCapacityJSON(w, search) },
	} {
		text := reporttest.Text(t, write)
		for line := range strings.Lines(text) {
			if strings.Contains(line, "##[") || strings.HasPrefix(strings.TrimSpace(line), "::") {
				t.Errorf("%s: a command in %q", name, line)
			}
		}
		doc, err := report.ReadDocument(strings.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		if doc.Run != nil && (doc.Run.Target.Server != evil || doc.Run.ErrorDetails[0].Sample != evil) ||
			doc.Search != nil && doc.Search.Target.URL != evil {
			t.Errorf("%s: another text is read", name)
		}
	}
}

// No line of a text is a command to the runner, wherever it is broken, and also in ASCII.
func FuzzLine(f *testing.F) {
	for _, text := range []string{
		"a :::error::x", "::::error::x ## ##[", "###[group]", "\u0301::error::", "#\u0301#\u0301[",
		":\u00a0::\u2028::x", "::ffff:192.0.2.1 [::1]:80",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		line := report.Line(text)
		if again := report.Line(line); again != line {
			t.Errorf("%q is %q at first, then %q", text, line, again)
		}
		for _, shown := range []string{line, glyph.ASCII(line)} {
			if strings.Contains(shown, "##[") || strings.Contains(shown, "\n") {
				t.Errorf("%q is %q", text, shown)
			}
			for word := range strings.FieldsSeq(shown) {
				if strings.HasPrefix(word, "::") {
					t.Errorf("%q is %q, with a word %q", text, shown, word)
				}
			}
		}
		if squeezed := strings.NewReplacer(" ", "").Replace; glyph.ASCII(text) == text && !strings.ContainsFunc(text,
			func(r rune) bool { return r < ' ' || r == 0x7f }) && squeezed(line) != squeezed(text) {
			t.Errorf("%q is %q: more than blanks changed", text, line)
		}
	})
}

func TestShorten(t *testing.T) {
	for text, want := range map[string]string{"": "", "äöü": "äöü", "äöüß": "äö…"} {
		if got := report.Shorten(3, text); got != want {
			t.Errorf("%q is %q, want %q", text, got, want)
		}
	}
}
