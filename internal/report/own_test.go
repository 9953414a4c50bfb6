package report_test

import (
	"bytes"
	"testing"

	"github.com/google/go-cmp/cmp"

	"rdiostress/internal/exitcode"
	"rdiostress/internal/judge"
	"rdiostress/internal/measure"
	"rdiostress/internal/report"
	"rdiostress/internal/report/reporttest"
	"rdiostress/internal/testenv/results"
	"rdiostress/internal/threshold"
)

func rules(t *testing.T, texts ...string) (list []threshold.Rule) {
	t.Helper()
	for _, text := range texts {
		rule, err := threshold.Thresholds().Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, rule)
	}
	return list
}

func TestOwnThresholdsDecide(t *testing.T) {
	const long, clean, short = "max_response_time_s < 1h", "error_rate == 0", "p50_response_time_s < 1ms"
	for name, tt := range map[string]struct {
		res   measure.Result
		rule  string
		alone bool
		grade judge.Grade
		code  int
	}{
		"met":                       {results.Passing(), long, false, judge.Pass, exitcode.OK},
		"missed":                    {results.Passing(), short, false, judge.Monitor, exitcode.Missed},
		"no sample":                 {results.Passing(), "rss_bytes max < 1GB", false, judge.Monitor, exitcode.Missed},
		"the guide's still decides": {results.Failing(), long, false, judge.Fail, exitcode.Missed},
		"but not alone":             {results.Failing(), long, true, judge.Pass, exitcode.OK},
		"missed alone":              {results.Failing(), clean, true, judge.Monitor, exitcode.Missed},
		"nothing was sent":          {results.NoSampleResult(), clean, true, judge.Fail, exitcode.NoRun},
		"calls were lost":           {results.Lossy(), clean, true, judge.Fail, exitcode.DataLoss},
		"the generator's limit": {
			results.Busy(results.Passing()), short, true, judge.Monitor, exitcode.Inconclusive,
		},
	} {
		by := report.Own{Rules: rules(t, tt.rule), Alone: tt.alone}
		rep := report.NewJudged(tt.res, "1.2.3", reporttest.Flags, by)
		if v := rep.Verdict; v.Grade != tt.grade || v.ExitCode != tt.code || v.OK != (tt.code == 0) {
			t.Errorf("%s: %+v", name, v)
		}
	}
}

// A saved report that is judged anew by the same thresholds has the same verdict, and by others another.
func TestRejudge(t *testing.T) {
	for name, res := range map[string]measure.Result{
		"pass": results.Passing(), "fail": results.Failing(), "loss": results.Lossy(), "soak": results.Soak(),
		"no sample": results.NoSampleResult(), "phases": results.Phased(), "inconclusive": results.Limited(),
		"pending": results.Pending(), "mischief": results.Mischievous(),
		"stopped": results.Halted(results.Passing(), 400),
	} {
		by := report.Own{Rules: rules(t, "p99_response_time_s < 100ms", "rss_bytes max < 1GB over 10s")}
		before := report.NewJudged(res, "1.2.3", reporttest.Flags, by)
		saved, err := report.ReadDocument(bytes.NewReader(reporttest.JSON(t, before)))
		if err != nil {
			t.Fatal(err)
		}
		saved.Run.Rejudge(by, reporttest.Flags)
		if diff := cmp.Diff(before.Verdict, saved.Run.Verdict); diff != "" {
			t.Errorf("%s (-before +anew):\n%s", name, diff)
		}
		if diff := cmp.Diff(before.Thresholds, saved.Run.Thresholds); diff != "" {
			t.Errorf("%s (-before +anew):\n%s", name, diff)
		}
		saved.Run.Rejudge(report.Own{Rules: rules(t, "attempted >= 0"), Alone: true}, reporttest.Flags)
		for _, threshold := range saved.Run.Thresholds {
			if threshold.Name == judge.SuccessRate || threshold.Name == judge.P95Response {
				t.Errorf("%s: still judged by %s", name, threshold.Name)
			}
		}
	}
}
