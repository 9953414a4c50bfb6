package judge

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"rdiostress/internal/measure"
	"rdiostress/internal/testenv/results"
)

func TestScore(t *testing.T) {
	const success, mean, p95, achieved = SuccessRate, MeanResponse, P95Response, RateAchieved
	all := []string{success, mean, p95}
	for _, tc := range []struct {
		name   string
		res    measure.Result
		grade  Grade
		exit   int
		missed []string
	}{
		{"all accepted", results.Counts(1000, 0), Pass, 0, nil},
		{"one upload, accepted", results.Counts(1, 0), Pass, 0, nil},
		{"one upload over 95 %", results.Counts(951, 49), Pass, 0, nil},
		{"exactly 95 %", results.Counts(950, 50), Monitor, 1, []string{success}},
		{"exactly 95 % of few", results.Counts(19, 1), Monitor, 1, []string{success}},
		{"one upload under 95 %", results.Counts(949, 51), Monitor, 1, []string{success}},
		{"one of a quadrillion over 95 %", results.Counts(950_000_000_000_001, 49_999_999_999_999), Pass, 0, nil},
		{
			"one of a quadrillion under 95 %", results.Counts(949_999_999_999_999, 50_000_000_000_001), Monitor, 1,
			[]string{success},
		},
		{"one upload over 90 %", results.Counts(901, 99), Monitor, 1, []string{success}},
		{"exactly 90 %", results.Counts(900, 100), Monitor, 1, []string{success}},
		{"exactly 90 % of few", results.Counts(9, 1), Monitor, 1, []string{success}},
		{"one upload under 90 %", results.Counts(899, 101), Fail, 1, []string{success}},
		{"none accepted", results.Counts(0, 100), Fail, 1, all},
		{"no sample", results.Counts(0, 0), Fail, 3, all},

		{"mean just under 1 s", results.Timed(0.999999999, 2), Pass, 0, nil},
		{"mean exactly 1 s", results.Timed(1, 2), Monitor, 1, []string{mean}},
		{"mean just over 1 s", results.Timed(1.000000001, 2), Monitor, 1, []string{mean}},
		{"95th percentile just under 3 s", results.Timed(0.5, 2.999999999), Pass, 0, nil},
		{"95th percentile exactly 3 s", results.Timed(0.5, 3), Monitor, 1, []string{p95}},
		{"both times missed", results.Timed(2, 5), Monitor, 1, []string{mean, p95}},

		{"open, all sent", results.Opened(1000, 0), Pass, 0, nil},
		{"open, exactly 99 % sent", results.Opened(990, 10), Pass, 0, nil},
		{"open, one fewer sent", results.Opened(989, 11), Monitor, 1, []string{achieved}},
		{"open, none sent", results.Opened(0, 100), Fail, 3, append(all, achieved)},
		{"open, nothing due", results.Opened(0, 0), Fail, 3, append(all, achieved)},
		{"closed, unsent means nothing", func() measure.Result {
			res := results.Counts(100, 0)
			res.Totals.Unsent = 50
			return res
		}(), Pass, 0, nil},

		{"generator limited, all met", results.Busy(results.Counts(1000, 0)), Pass, 0, nil},
		{
			"generator limited, the server failed too many", results.Busy(results.Counts(850, 150)), Fail, 1,
			[]string{success},
		},
		{
			"generator limited, its own failures missed it",
			results.Busy(results.Exhausting(results.Counts(850, 150), 140)), Fail, 5,
			[]string{success},
		},
		{
			"generator limited, and both failed too many",
			results.Busy(results.Exhausting(results.Counts(850, 150), 40)),
			Fail, 1,
			[]string{success},
		},
		{"generator limited, time missed", results.Busy(results.Timed(1.5, 2)), Monitor, 5, []string{mean}},
		{"generator limited, rate missed", results.Busy(results.Opened(500, 500)), Monitor, 5, []string{achieved}},
		{"generator limited, no sample", results.Busy(results.Counts(0, 0)), Fail, 3, all},

		{"calls lost", results.Losing(results.Counts(1000, 0), 1), Fail, 4, nil},
		{"no calls lost", results.Losing(results.Counts(1000, 0), 0), Pass, 0, nil},
		{"calls lost and a threshold missed", results.Losing(results.Timed(2, 2), 1), Fail, 4, []string{mean}},
		{
			"calls lost and generator limited", results.Losing(results.Busy(results.Timed(2, 2)), 1), Fail, 4,
			[]string{mean},
		},

		{"generator shares the machine", func() measure.Result {
			res := results.Counts(1000, 0)
			res.Generator.Shared = true
			return res
		}(), Pass, 0, nil},
		{"in stages, one fewer sent", func() measure.Result {
			res := results.Opened(989, 11)
			res.Scenario.RatePerS, res.Scenario.Stages = 0, "1m:50/s"
			return res
		}(), Monitor, 1, []string{achieved}},

		{"stopped early, all met", results.Aborted(results.Counts(1000, 0)), Monitor, 1, nil},
		{"stopped early, success missed", results.Aborted(results.Counts(850, 150)), Fail, 1, []string{success}},
		{"stopped early, generator limited", results.Aborted(results.Busy(results.Counts(1000, 0))), Monitor, 5, nil},
		{"stopped early, no sample", results.Aborted(results.Counts(0, 0)), Fail, 3, all},
		{"stopped early, calls lost", results.Aborted(results.Losing(results.Counts(1000, 0), 1)), Fail, 4, nil},
		{"stopped early and interrupted", results.Aborted(results.Stopped(results.Counts(1000, 0))), Monitor, 130, nil},

		{"interrupted, all met", results.Stopped(results.Counts(1000, 0)), Monitor, 130, nil},
		{"interrupted, threshold missed", results.Stopped(results.Counts(900, 100)), Monitor, 130, []string{success}},
		{"interrupted, no sample", results.Stopped(results.Counts(0, 0)), Fail, 130, all},
		{"interrupted, calls lost", results.Stopped(results.Losing(results.Counts(1000, 0), 1)), Fail, 130, nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			rules, v := Score(tc.res, nil)
			var missed []string
			for _, r := range rules {
				if !r.OK {
					missed = append(missed, r.Name)
				}
				if (r.Value == nil) != (r.Absent != "") || (r.Value == nil && r.OK) {
					t.Errorf("threshold %+v: a value or why there is none, and not met without", r)
				}
			}
			if diff := cmp.Diff(tc.missed, missed); diff != "" {
				t.Errorf("missed thresholds (-want +got):\n%s", diff)
			}
			if v.Grade != tc.grade || v.ExitCode != tc.exit || v.OK != (tc.exit == 0) {
				t.Errorf("got %s, exit %d, ok %t; want %s, exit %d", v.Grade, v.ExitCode, v.OK, tc.grade, tc.exit)
			}
			if (len(v.Reasons) == 0) != v.OK {
				t.Errorf("ok %t with reasons %q", v.OK, v.Reasons)
			}
		})
	}
}

func TestScoreText(t *testing.T) {
	for _, tc := range []struct {
		name string
		res  measure.Result
		want string
	}{
		{"pass", results.Counts(1000, 0), "API handling load well"},
		{"monitor", results.Counts(900, 100), "Monitor for improvements needed"},
		{"fail", results.Counts(1, 100), "Performance issues require attention"},
		{"no sample", results.Counts(0, 0), "No sample: there is nothing to judge"},
		{"interrupted", results.Stopped(results.Counts(1000, 0)), TextInterrupted},
		{"interrupted, missed", results.Stopped(results.Counts(1, 100)), "Performance issues require attention"},
	} {
		if _, v := Score(tc.res, nil); v.Text != tc.want {
			t.Errorf("%s: %q, want %q", tc.name, v.Text, tc.want)
		}
	}
}

func TestScoreReasons(t *testing.T) {
	clamped := results.Counts(1000, 0)
	clamped.Latency.Clamped = 2
	mute := results.Busy(results.Timed(2, 2))
	mute.Generator.Reasons = nil
	slow := results.Busy(results.Counts(12_345, 0))
	slow.Totals.UploadsPerS = 1234.5
	for _, tc := range []struct {
		name string
		res  measure.Result
		want []string // reasons, then warnings behind a mark
	}{
		{"pass", results.Counts(1000, 0), nil},
		{
			"success", results.Counts(9_421, 579),
			[]string{"success rate 94.21 %, must be over 95 %: 579 of 10,000 failed"},
		},
		{
			"exactly", results.Counts(95, 5),
			[]string{"success rate exactly 95.00 %, must be over 95 %: 5 of 100 failed"},
		},
		{
			"barely",
			results.Counts(949_999, 50_001),
			[]string{"success rate 94.99 %, must be over 95 %: 50,001 of 1,000,000 failed"},
		},
		{
			"times", results.Timed(1.2, 3.41),
			[]string{"mean response time 1.20 s, must be under 1 s", "95th percentile 3.41 s, must be under 3 s"},
		},
		{
			"times at the limit", results.Timed(1, 3.0001),
			[]string{
				"mean response time exactly 1.00 s, must be under 1 s",
				"95th percentile 3.0001 s, must be under 3 s",
			},
		},
		{"none accepted", results.Counts(0, 10), []string{
			"no upload was accepted, so there is no response time to judge",
			"success rate 0.00 %, must be over 95 %: 10 of 10 failed",
			"! this verdict rests on few uploads (10): a single slow or failed one can decide it; send 20 or more",
		}},
		{"few", results.Counts(19, 0), []string{
			"! this verdict rests on few uploads (19): a single slow or failed one can decide it; send 20 or more",
		}},
		{"enough", results.Counts(20, 0), nil},
		{"a slow one of few", results.OneSlowOfEleven(), []string{
			"95th percentile 3.20 s, must be under 3 s: of so few uploads, that is the slowest",
			"! this verdict rests on few uploads (11): a single slow or failed one can decide it; send 20 or more",
		}},
		{"too late, of few", func() measure.Result {
			res := results.Late(slow)
			res.Generator.FewSamples = []string{"lag_p99_s"}
			return res
		}(), []string{
			"! the generator was at its limit: the server may take more than 1,235 uploads/s",
		}},
		{"no sample", results.Counts(0, 0), []string{"no upload was made, so no threshold counts as met"}},
		{"unsent", results.Opened(9_000, 1_000), []string{
			"rate achieved 90.00 %, must be at least 99 %: " +
				"1,000 calls were not sent because all 50 slots were busy waiting for the server",
		}},
		{"one unsent", results.Opened(50, 1), []string{
			"rate achieved 98.03 %, must be at least 99 %: 1 call was not sent because all 50 slots were busy " +
				"waiting for the server",
		}},
		{"unsent by the generator", results.Busy(results.Opened(9_000, 1_000)), []string{
			"inconclusive: the generator was the limit (its processors were busy)",
			"rate achieved 90.00 %, must be at least 99 %: 1,000 calls were not sent",
		}},
		{"limited without a word", mute, []string{
			"inconclusive: the generator was the limit",
			"mean response time 2.00 s, must be under 1 s",
		}},
		{"limited, but met", slow, []string{
			"! the generator was at its limit: the server may take more than 1,235 uploads/s",
		}},
		{"limited and late, but met", results.Late(slow), []string{
			"! the generator was at its limit: the server may take more than 1,235 uploads/s",
		}},
		{
			"loss", results.Losing(results.Counts(9_042, 0), 8_240),
			[]string{"data loss: 8,240 acknowledged calls were not stored"},
		},
		{
			"interrupted", results.Stopped(results.Counts(100, 0)),
			[]string{"interrupted after 4 s of 10 s: judged by what was measured"},
		},
		{"interrupted after a warm-up", func() measure.Result {
			res := results.Stopped(results.Counts(100, 0))
			res.Scenario.RampUpS, res.Scenario.WarmUpS = 5, 30
			return res
		}(), []string{"interrupted after 4 s of 45 s: judged by what was measured"}},
		{"interrupted in the guide's profile", func() measure.Result {
			res := results.Stopped(results.Counts(100, 0))
			res.Scenario.Profile = "guide"
			return res
		}(), []string{"interrupted after 4 s: judged by what was measured"}},
		{
			"stopped early", results.Aborted(results.Counts(100, 0)),
			[]string{"stopped early after 10 s: error_rate>0.5 for 10s (at last 0.62)"},
		},
		{"stopped in its warm-up", results.Thinking(), []string{
			"stopped early after 12 s: success_rate<0.5 for 10s (at last 0.294)",
			"no upload was scored, so no threshold counts as met",
		}},
		{"clamped", clamped, []string{
			"! 2 response times longer than the histogram's range: percentiles beyond it are too low, mean and " +
				"maximum are exact",
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, v := Score(tc.res, nil)
			got := v.Reasons
			for _, w := range v.Warnings {
				if !strings.HasPrefix(w, "storage was not checked") { // nobody looked in any of these
					got = append(got, "! "+w)
				}
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if text := strings.Join(got, ""); strings.Contains(text, "\n") {
				t.Errorf("more than a line each: %q", text)
			}
		})
	}
}

func TestStallsAreTold(t *testing.T) {
	second := func(at float64, ended uint64, inFlight int) measure.Point {
		return measure.Point{TS: at, WidthS: 1, Attempted: ended, InFlight: inFlight}
	}
	res := measure.Result{Series: []measure.Point{
		second(0, 5, 2), second(1, 0, 2), second(2, 0, 2), second(3, 0, 2), second(4, 9, 2), // 3 s
		second(5, 0, 2), second(6, 9, 0), // one second can be chance
		second(7, 0, 0), second(8, 0, 0), second(9, 0, 0), // nothing under way
		second(10, 0, 1), second(11, 0, 1), // until the end
	}}
	failing := second(12, 0, 1)
	failing.FailedAttempts = 1 // answered, though its call is not done
	res.Series = append(res.Series, failing, second(13, 0, 1))
	want := []string{
		"no upload was answered for 3 s, though some were under way (1.0–4.0 s)",
		"no upload was answered for 2 s, though some were under way (10–12 s)",
	}
	if got := stalls(&res); !slices.Equal(got, want) {
		t.Errorf("told: %q, want %q", got, want)
	}
}
