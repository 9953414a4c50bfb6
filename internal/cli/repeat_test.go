package cli

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"rdiostress/internal/capacity"
	"rdiostress/internal/measure"
	"rdiostress/internal/replay/replaytest"
	"rdiostress/internal/report"
	"rdiostress/internal/report/reporttest"
	"rdiostress/internal/testenv/results"
	"rdiostress/internal/trial"
)

// The scenario in a page is one that run takes, with what the report says of the run.
func TestRepeatedScenarioIsValid(t *testing.T) {
	open := results.Phased()
	staged := results.Staged()
	staged.Scenario.HTTP = "1.1" // the target has no https
	open.Scenario.Transcripts, open.Scenario.TranscriptsMaxS = "off", 90
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

// The scenario of a run's report makes the plan of that run.
func TestRepeatedPlanIsTheSame(t *testing.T) {
	database := "sqlite:../delivery/testdata/rdio-scanner-7.0.0.sqlite"
	folder := t.TempDir()
	for i := range 3 {
		at := 1_772_384_400 + 7*i
		replaytest.WriteRecording(t, filepath.Join(folder, fmt.Sprintf("77-%d_851012500.0-call_%d", at, i)),
			fmt.Sprintf(`{"talkgroup": 77, "start_time": %d, "short_name": "elmco"}`, at), make([]byte, 100))
	}
	for name, args := range map[string][]string{
		"ordinary":    {"--url", "http://127.0.0.1:9", "--rate", "7/s", "--duration", "90s", "--seed", "4"},
		"with server": {"--with-server", "--max-concurrent", "8", "--duration", "20s", "--systems", "11,12"},
		"primed":      {"--with-server", "--prime", "on"},
		"folder":      {"--replay", folder, "--speed", "20"},
		"masked":      {"--replay", folder, "--replay-mask", "#DATE_#TIME_#SYS_#TG", "--loop"},
		"database":    {"--replay", database, "--replay-period", "30s", "--speed", "2.5"},
		"renumbered":  {"--replay", database, "--systems", "906,907"},
	} {
		first := planned(t, name, args)
		rep := report.New(measure.Result{Scenario: first.Scenario.Record()}, "1.2.3", flagName)
		rep.Scenario.Prime = first.Priming.Mode == trial.PrimeOn // as a trial learns
		rep.Target.URL, rep.Target.Bundled = first.Scenario.PublicURL(), first.Bundled != nil
		if rep.Target.Bundled {
			rep.Target.URL = "http://127.0.0.1:40123" // of the server that is gone
		}
		text := repeatRun(&rep)
		file := filepath.Join(t.TempDir(), "scenario.yaml")
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		second := planned(t, name, []string{"--scenario", file})
		first.Priming.KeepTalkgroups, second.Priming.KeepTalkgroups = false, false // the file names them all
		got := second.Scenario.Record()
		got.Prime = second.Priming.Mode == trial.PrimeOn
		if diff := cmp.Diff(rep.Scenario, got); diff != "" ||
			first.Priming != second.Priming || (first.Bundled == nil) != (second.Bundled == nil) {
			t.Errorf("%s: -first +second:\n%s%+v, %+v\n%s", name, diff, first.Priming, second.Priming, text)
		}
	}
}

// planned returns the plan of a run with some flags.
func planned(t *testing.T, name string, args []string) trial.Plan {
	t.Helper()
	var plan trial.Plan
	ios, _, _ := testStreams()
	cmd := newRunCmd(ios, func(_ context.Context, o *runOptions) error {
		defer o.traffic.close()
		plan = o.plan()
		return nil
	})
	cmd.SetArgs(args)
	if err := cmd.ExecuteContext(t.Context()); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return plan
}

// The scenario of a search's report makes the plan of that search, with its limits.
func TestRepeatedSearchIsTheSame(t *testing.T) {
	for name, args := range map[string][]string{
		"ordinary": {"--with-server", "--seed", "4"},
		"limits": {
			"--with-server", "--seed", "4", "--start", "7.5", "--max-rate", "1234.5", "--max-time", "90s", "--hold",
			"12s", "--precision", "0.013", "--max-concurrent", "70", "--verify-timeout", "17s",
			"--slo", "p95_response_time_s<0.5", "--slo", "success_rate>0.99",
		},
		"connections": {"--url", "http://127.0.0.1:9", "--seed", "4", "--max-concurrent", "70", "--connections", "9"},
	} {
		first := plannedSearch(t, name, args)
		rep := reporttest.Searched()
		ctx, cancel := context.WithCancel(t.Context())
		cancel() // the search only says what it was to do
		out, _ := capacity.Run(ctx, first, trial.Environment{}, capacity.ObserverFunc(func(capacity.Event) {}))
		rep.Search, rep.Objectives = out.Search, out.Objectives
		sent := first.Trial.Scenario
		sent.MaxConcurrent = 64 // of the last step
		rep.Scenario = sent.Record()
		first.Trial.Verification.Record(&rep.Scenario)
		rep.Target.URL, rep.Target.Bundled = first.Trial.Scenario.PublicURL(), first.Trial.Bundled != nil
		file := filepath.Join(t.TempDir(), "scenario.yaml")
		text := repeatSearch(&rep)
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		second := plannedSearch(t, name, []string{"--scenario", file})
		if diff := cmp.Diff(first.Trial.Scenario.Record(), second.Trial.Scenario.Record()); diff != "" {
			t.Errorf("%s: scenario: -first +second:\n%s\n%s", name, diff, text)
		}
		if first.Trial.Verification.Timeout != second.Trial.Verification.Timeout {
			t.Errorf("%s: storage is waited for %v", name, second.Trial.Verification.Timeout)
		}
		first.Trial, second.Trial = trial.Plan{}, trial.Plan{}
		if !reflect.DeepEqual(first, second) {
			t.Errorf("%s: first %+v, second %+v\n%s", name, first, second, text)
		}
	}
}

// plannedSearch returns the plan of a search with some flags.
func plannedSearch(t *testing.T, name string, args []string) capacity.Plan {
	t.Helper()
	var plan capacity.Plan
	ios, _, _ := testStreams()
	cmd := newCapacityCmd(ios, func(_ context.Context, o *capacityOptions) error {
		defer o.traffic.close()
		plan = o.capacityPlan()
		return nil
	})
	cmd.SetArgs(args)
	if err := cmd.ExecuteContext(t.Context()); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return plan
}

// A repeated run is judged as the first was.
func TestRepeatedThresholds(t *testing.T) {
	rep := reporttest.Own()
	text := repeatRun(&rep)
	path := filepath.Join(t.TempDir(), "again.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	var got *runOptions
	cmd := newRunCmd(&streams{In: strings.NewReader(""), Out: new(bytes.Buffer), Err: new(bytes.Buffer)},
		func(_ context.Context, o *runOptions) error { got = o; return nil })
	cmd.SetArgs([]string{"--scenario", path})
	if err := cmd.ExecuteContext(t.Context()); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	var rules []string
	for _, threshold := range rep.Thresholds {
		if threshold.Own() {
			rules = append(rules, threshold.Expression)
		}
	}
	if diff := cmp.Diff(rules, got.thresholds.rules.GetSlice()); diff != "" || got.thresholds.alone {
		t.Errorf("(-run +again):\n%s", diff)
	}
}
