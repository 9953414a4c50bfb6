package cli

import (
	"io"
	"strings"
	"testing"

	"rdiostress/internal/report"
	"rdiostress/internal/report/reporttest"
	"rdiostress/internal/testenv/results"
)

// A result is shown on one screen, or as tables where they are asked for, as wide as a terminal that is not there.
func TestShowsSummaryOrTables(t *testing.T) {
	run, search := report.New(results.Passing(), "1.2.3", flagName), reporttest.Searched()
	for _, tt := range []struct {
		name            string
		show            func(o *runOptions, w io.Writer) error
		summary, tables string
	}{
		{
			"run", func(o *runOptions, w io.Writer) error { return o.showRun(w, &run) },
			"Thresholds    met: ", "Response time of accepted uploads ─",
		},
		{
			"search", func(o *runOptions, w io.Writer) error { return o.showSearch(w, &search) },
			"Objectives    success", "Rates ─",
		},
	} {
		for _, full := range []bool{false, true} {
			o := &runOptions{ios: &streams{}, full: full}
			var out strings.Builder
			if err := tt.show(o, &out); err != nil {
				t.Fatal(err)
			}
			if strings.Contains(out.String(), tt.summary) == full || strings.Contains(out.String(), tt.tables) != full {
				t.Errorf("%s, full %v:\n%s", tt.name, full, out.String())
			}
			for line := range strings.Lines(out.String()) {
				if n := len([]rune(strings.TrimSuffix(line, "\n"))); n > defaultWidth {
					t.Errorf("%s, full %v: %d columns: %s", tt.name, full, n, line)
				}
			}
		}
	}
}

// A summary says how the rest is seen: from the saved report, if there is one.
func TestMoreText(t *testing.T) {
	for want, o := range map[string]runOptions{
		"--full shows every table":                                {saved: true},
		"every table: rdiostress report kept.json --full":         {forms: formPaths{json: "kept.json"}},
		"--full shows every table, --json FILE keeps the report":  {},
		"--full shows every table, --json FILE keeps the report ": {forms: formPaths{json: "-"}},
	} {
		if got := o.moreText(); got != strings.TrimSpace(want) {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
