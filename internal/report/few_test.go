package report_test

import (
	"fmt"
	"slices"
	"testing"

	"rdiostress/internal/exitcode"
	"rdiostress/internal/judge"
	"rdiostress/internal/report"
	"rdiostress/internal/testenv/results"
)

// The 95th percentile of eleven uploads is that of the slowest, and the score goes by it.
func TestOneSlowUploadOfElevenMissesTheThreshold(t *testing.T) {
	rep := report.New(results.OneSlowOfEleven(), "1.2.3", nil)
	if rep.Verdict.Grade != judge.Monitor || rep.Verdict.ExitCode != exitcode.Missed {
		t.Errorf("grade %s, exit code %d", rep.Verdict.Grade, rep.Verdict.ExitCode)
	}
	i := slices.IndexFunc(rep.Thresholds, func(t judge.Threshold) bool { return t.Name == judge.P95Response })
	if p95 := rep.Thresholds[i]; p95.OK || p95.Value == nil || *p95.Value != 3.2 {
		t.Errorf("threshold %+v", p95)
	}
	doc := asJSON(t, rep).(map[string]any)["latency"].(map[string]any)
	if got := fmt.Sprintf("%v %v", doc["p95_s"], doc["few_samples"]); got != "3.2 [p95_s p99_s p999_s]" {
		t.Errorf("p95_s and few_samples in the JSON: %s", got)
	}
}
