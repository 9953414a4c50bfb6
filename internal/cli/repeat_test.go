package cli

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"rdiostress/internal/report"
	"rdiostress/internal/testenv/results"
)

// The scenario in a page is one that run takes, with what the report says of the run.
func TestRepeatedScenarioIsValid(t *testing.T) {
	open := results.Phased()
	staged := results.Staged()
	staged.Scenario.HTTP = "1.1" // the target has no https
	open.Scenario.Seed = 18446744073709551615
	for name, res := range map[string]report.Report{
		"closed": report.New(results.Passing(), "1.2.3", flagName), "open": report.New(open, "1.2.3", flagName),
		"stages": report.New(staged, "1.2.3", flagName),
	} {
		file := filepath.Join(t.TempDir(), "scenario.yaml")
		text := repeatRun(&res)
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		var out, errs bytes.Buffer
		ios := &streams{In: strings.NewReader(""), Out: &out, Err: &errs}
		if code := run(t.Context(), []string{"scenario", "check", file}, ios); code != exitOK {
			t.Errorf("%s: exit code %d: %s\n%s", name, code, errs.String(), text)
		}
	}
}
