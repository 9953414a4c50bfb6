package judge

import (
	"slices"
	"strings"
	"testing"

	"rdiostress/internal/exitcode"
	"rdiostress/internal/measure"
	"rdiostress/internal/testenv/results"
)

// bounded returns a run of 1,000 timed uploads and some without times, with bounds of all times.
func bounded(leftOut, failed uint64, mean, p95 float64) measure.Result {
	res := results.Halted(results.Passing(), leftOut)
	res.Latency.Count = 1000
	res.Totals.Accepted = 1000 + leftOut
	res.Totals.Attempted = res.Totals.Accepted + failed
	res.Totals.Failed = failed
	s := res.Generator.Stops
	s.Failed, s.MeanBoundS, s.P95BoundS = failed, &mean, &p95
	res.Generator.Limited = res.Latency.LeavesTooMuchOut()
	return res
}

// Times that are left out neither fail a run nor let it pass if they could have failed it.
func TestScoreOfStoppedGenerator(t *testing.T) {
	noTimes := func(res measure.Result) measure.Result {
		res.Latency.Count, res.Latency.Figures, res.Latency.Absent = 0, nil, "all are left out"
		return res
	}
	slow := func(res measure.Result) measure.Result {
		figures := *res.Latency.Figures
		figures.P95S = 3.2
		res.Latency.Figures = &figures
		return res
	}
	ofServer := func(res measure.Result, n uint64) measure.Result {
		res.Generator.Stops.Failed -= n
		return res
	}
	for _, tc := range []struct {
		name  string
		res   measure.Result
		grade Grade
		exit  int
		words string // in a reason or warning
	}{
		{"few are left out", bounded(50, 0, 5, 9), Pass, exitcode.OK, "the times of 50 accepted uploads"},
		{"many, but fast enough in any case", bounded(60, 0, 0.5, 2.9), Pass, exitcode.OK, "the times of 60 accepted"},
		{
			"many, and the percentile may be too long", bounded(60, 0, 0.5, 3.1), Monitor, exitcode.Inconclusive,
			"stopped for 2 s in all, while 60 of 1,060 accepted uploads were due",
		},
		{
			"many, and the mean may be too long", bounded(60, 0, 1.1, 2), Monitor, exitcode.Inconclusive,
			"stopped for 2 s in all, while 60 of 1,060 accepted uploads were due",
		},
		{"all, but fast enough in any case", noTimes(bounded(40, 0, 0.2, 0.5)), Pass, exitcode.OK, "the times of 40"},
		{
			"all", noTimes(bounded(40, 0, 1.2, 1.5)), Monitor, exitcode.Inconclusive,
			"stopped for 2 s in all, while 40 of 40 accepted uploads",
		},
		{
			"failures that are the generator's", bounded(10, 60, 0.2, 1), Monitor, exitcode.Inconclusive,
			"stopped for 2 s in all, and 60 uploads around that failed without an answer",
		},
		{
			"a failure that explains nothing", slow(bounded(10, 1, 0.2, 1)), Monitor, exitcode.Missed,
			"95th percentile 3.20 s",
		},
		{
			"failures that explain the success rate alone", slow(bounded(10, 60, 0.2, 1)), Monitor, exitcode.Missed,
			"95th percentile 3.20 s",
		},
		{
			"failures of which most are the server's", ofServer(bounded(10, 60, 0.2, 1), 55), Monitor, exitcode.Missed,
			"success rate 94.39 %",
		},
		{"a failure that changes nothing", bounded(10, 1, 0.2, 1), Pass, exitcode.OK, "1 upload around these stops"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if f := tc.res.Totals.Failed; f > 0 {
				tc.res.ErrorDetails = []measure.ErrorDetail{{Class: measure.Timeout.String(), Count: f}}
				rate := float64(tc.res.Totals.Accepted) / float64(tc.res.Totals.Attempted)
				tc.res.Totals.SuccessRate = &rate
			}
			_, v := Score(tc.res, flagged)
			if v.Grade != tc.grade || v.ExitCode != tc.exit {
				t.Errorf("%v, exit code %d; want %v, %d: %q", v.Grade, v.ExitCode, tc.grade, tc.exit, v.Reasons)
			}
			has := func(line string) bool { return strings.Contains(line, tc.words) }
			if !slices.ContainsFunc(slices.Concat(v.Reasons, v.Warnings), has) {
				t.Errorf("%q is not in %q nor %q", tc.words, v.Reasons, v.Warnings)
			}
		})
	}
}

func TestScoreOfShortGenerator(t *testing.T) {
	_, v := Score(results.Short(results.Passing()), flagged)
	if v.Grade != Pass || !slices.ContainsFunc(v.Warnings, func(line string) bool {
		return strings.Contains(line, "a quota leaves it 0.02 of a processor")
	}) {
		t.Errorf("a pass: %v, %q", v.Grade, v.Warnings)
	}
	if _, v = Score(results.Short(results.Timed(0.5, 3.2)), flagged); v.ExitCode != exitcode.Inconclusive {
		t.Errorf("a missed threshold: exit code %d", v.ExitCode)
	}
	two, share := 2.0, 0.3
	res := results.Passing()
	res.Generator.QuotaProcessors, res.Generator.ThrottledShare = &two, &share
	if _, v = Score(res, flagged); !slices.ContainsFunc(v.Warnings, func(line string) bool {
		return strings.Contains(line, "a quota held it back in 30 % of the run")
	}) {
		t.Errorf("a quota of two processors: %q", v.Warnings)
	}
}

// What stopped the generator is said once: as a reason where it decides, else as a warning.
func TestStopsAreSaidOnce(t *testing.T) {
	for name, res := range map[string]measure.Result{
		"inconclusive for its times":    bounded(60, 0, 0.5, 3.1),
		"inconclusive for its failures": bounded(10, 60, 0.2, 1),
		"all is well without them":      bounded(60, 0, 0.5, 2.9),
	} {
		rate := float64(res.Totals.Accepted) / float64(res.Totals.Attempted)
		res.Totals.SuccessRate = &rate
		if f := res.Totals.Failed; f > 0 {
			res.ErrorDetails = []measure.ErrorDetail{{Class: measure.Timeout.String(), Count: f}}
		}
		_, v := Score(res, flagged)
		said := slices.DeleteFunc(slices.Concat(v.Reasons, v.Warnings), func(line string) bool {
			return !strings.Contains(line, "generator") && !strings.Contains(line, "these stops")
		})
		if len(said) != 1 {
			t.Errorf("%s: said %q", name, said)
		}
	}
}
