package cli

import (
	"errors"
	"io"
	"path/filepath"
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

// When a file cannot be written, it is said where the result is: it is shown, and the other files have it.
func TestHintNamesWhatWasWritten(t *testing.T) {
	fine := func(w io.Writer) error { _, err := io.WriteString(w, "figures"); return err }
	folder := t.TempDir()
	kept, lost := form{"json", filepath.Join(folder, "a.json"), fine, nil}, form{
		"csv", filepath.Join(folder, "none", "a.csv"), fine, nil,
	}
	for want, forms := range map[string][]form{
		"the run was made, and its figures are above":                        {lost},
		"the run was made, and its figures are above, and in " + kept.path:   {lost, kept},
		"the run was made, and its report is on stdout":                      {{"html", "-", fine, nil}, lost},
		"the run was made, and its report is on stdout, and in " + kept.path: {kept, {"html", "-", fine, nil}, lost},
	} {
		var out strings.Builder
		o := &runOptions{ios: &streams{Out: &out}}
		err := o.conclude("the run was made", exitOK, forms, fine)
		failed := (*commandError)(nil)
		if !errors.As(err, &failed) || failed.hint != want || out.String() != "figures" {
			t.Errorf("%v with %+v, want the hint %q; shows %q", err, failed, want, out.String())
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
