package cli

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"rdiostress/internal/measure"
	"rdiostress/internal/report"
	"rdiostress/internal/testenv/results"
)

// The scenario in a page is one that run takes, with what the report says of the run.
func TestRepeatedScenarioIsValid(t *testing.T) {
	open := results.Phased()
	staged := results.Staged()
	staged.Scenario.HTTP = "1.1" // the target has no https
	open.Scenario.Seed = 18446744073709551615
	recorded := results.Recorded()
	recorded.Scenario.Talkgroups, recorded.Scenario.HTTP = "as recorded", "1.1"
	recorded.Scenario.Replay = &measure.ReplayOrder{
		Folder: "sqlite:../delivery/testdata/rdio-scanner-7.0.0.sqlite", Period: "30s", Speed: 10, KeepSystems: true,
	}
	for name, res := range map[string]report.Report{
		"closed": report.New(results.Passing(), "1.2.3", flagName), "open": report.New(open, "1.2.3", flagName),
		"recorded": report.New(recorded, "1.2.3", flagName),
		"stages":   report.New(staged, "1.2.3", flagName),
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
