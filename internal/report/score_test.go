package report

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"rdiostress/internal/measure"
)

// counts returns a Result of fast uploads with these counts.
func counts(accepted, failed uint64) measure.Result {
	res := measure.Result{
		Run:      measure.Run{SendingS: 10, DurationS: 10},
		Scenario: measure.Scenario{Model: "closed", MaxConcurrent: 50, DurationS: 10},
		Totals:   measure.Totals{Attempted: accepted + failed, Accepted: accepted, Failed: failed},
	}
	if accepted > 0 {
		res.Latency = measure.Distribution{Count: accepted, Figures: &measure.Figures{MeanS: 0.03, P95S: 0.08}}
	}
	return res
}

// timed returns a Result of accepted uploads with these times.
func timed(mean, p95 float64) measure.Result {
	res := counts(1000, 0)
	res.Latency.Figures = &measure.Figures{MeanS: mean, P95S: p95}
	return res
}

// opened returns a Result of an open run with these counts.
func opened(attempted, unsent uint64) measure.Result {
	res := counts(attempted, 0)
	res.Scenario.Model, res.Scenario.RatePerS = "open", 100
	res.Totals.Unsent = unsent
	return res
}

// losing returns res with calls lost.
func losing(res measure.Result, n uint64) measure.Result {
	res.Delivery = measure.Delivery{Method: "sqlite", Lost: &n}
	return res
}

// busy returns res with the generator as its limit.
func busy(res measure.Result) measure.Result {
	res.Generator = measure.Generator{Limited: true, Reasons: []string{"its processors were busy"}}
	return res
}

// late returns res with a generator that sent calls late.
func late(res measure.Result) measure.Result {
	lag := 0.42
	res.Generator.LagP99S = &lag
	return res
}

// stopped returns res as interrupted.
func stopped(res measure.Result) measure.Result {
	res.Run.Interrupted, res.Run.SendingS = true, 4
	return res
}

// aborted returns res as ended by a rule of its own.
func aborted(res measure.Result) measure.Result {
	res.Run.Aborted = "error_rate>0.5 for 10s (at last 0.62)"
	return res
}

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
		{"all accepted", counts(1000, 0), Pass, 0, nil},
		{"one upload, accepted", counts(1, 0), Pass, 0, nil},
		{"one upload over 95 %", counts(951, 49), Pass, 0, nil},
		{"exactly 95 %", counts(950, 50), Monitor, 1, []string{success}},
		{"exactly 95 % of few", counts(19, 1), Monitor, 1, []string{success}},
		{"one upload under 95 %", counts(949, 51), Monitor, 1, []string{success}},
		{"one of a quadrillion over 95 %", counts(950_000_000_000_001, 49_999_999_999_999), Pass, 0, nil},
		{"one of a quadrillion under 95 %", counts(949_999_999_999_999, 50_000_000_000_001), Monitor, 1, []string{success}},
		{"one upload over 90 %", counts(901, 99), Monitor, 1, []string{success}},
		{"exactly 90 %", counts(900, 100), Monitor, 1, []string{success}},
		{"exactly 90 % of few", counts(9, 1), Monitor, 1, []string{success}},
		{"one upload under 90 %", counts(899, 101), Fail, 1, []string{success}},
		{"none accepted", counts(0, 100), Fail, 1, all},
		{"no sample", counts(0, 0), Fail, 3, all},

		{"mean just under 1 s", timed(0.999999999, 2), Pass, 0, nil},
		{"mean exactly 1 s", timed(1, 2), Monitor, 1, []string{mean}},
		{"mean just over 1 s", timed(1.000000001, 2), Monitor, 1, []string{mean}},
		{"95th percentile just under 3 s", timed(0.5, 2.999999999), Pass, 0, nil},
		{"95th percentile exactly 3 s", timed(0.5, 3), Monitor, 1, []string{p95}},
		{"both times missed", timed(2, 5), Monitor, 1, []string{mean, p95}},

		{"open, all sent", opened(1000, 0), Pass, 0, nil},
		{"open, exactly 99 % sent", opened(990, 10), Pass, 0, nil},
		{"open, one fewer sent", opened(989, 11), Monitor, 1, []string{achieved}},
		{"open, none sent", opened(0, 100), Fail, 3, append(all, achieved)},
		{"open, nothing due", opened(0, 0), Fail, 3, append(all, achieved)},
		{"closed, unsent means nothing", func() measure.Result {
			res := counts(100, 0)
			res.Totals.Unsent = 50
			return res
		}(), Pass, 0, nil},

		{"generator limited, all met", busy(counts(1000, 0)), Pass, 0, nil},
		{"generator limited, the server failed too many", busy(counts(850, 150)), Fail, 1, []string{success}},
		{"generator limited, its own failures missed it", busy(exhausting(counts(850, 150), 140)), Fail, 5, []string{success}},
		{"generator limited, and both failed too many", busy(exhausting(counts(850, 150), 40)), Fail, 1, []string{success}},
		{"generator limited, time missed", busy(timed(1.5, 2)), Monitor, 5, []string{mean}},
		{"generator limited, rate missed", busy(opened(500, 500)), Monitor, 5, []string{achieved}},
		{"generator limited, no sample", busy(counts(0, 0)), Fail, 3, all},

		{"calls lost", losing(counts(1000, 0), 1), Fail, 4, nil},
		{"no calls lost", losing(counts(1000, 0), 0), Pass, 0, nil},
		{"calls lost and a threshold missed", losing(timed(2, 2), 1), Fail, 4, []string{mean}},
		{"calls lost and generator limited", losing(busy(timed(2, 2)), 1), Fail, 4, []string{mean}},

		{"generator shares the machine", func() measure.Result {
			res := counts(1000, 0)
			res.Generator.Shared = true
			return res
		}(), Pass, 0, nil},
		{"in stages, one fewer sent", func() measure.Result {
			res := opened(989, 11)
			res.Scenario.RatePerS, res.Scenario.Stages = 0, "1m:50/s"
			return res
		}(), Monitor, 1, []string{achieved}},

		{"stopped early, all met", aborted(counts(1000, 0)), Monitor, 1, nil},
		{"stopped early, success missed", aborted(counts(850, 150)), Fail, 1, []string{success}},
		{"stopped early, generator limited", aborted(busy(counts(1000, 0))), Monitor, 5, nil},
		{"stopped early, no sample", aborted(counts(0, 0)), Fail, 3, all},
		{"stopped early, calls lost", aborted(losing(counts(1000, 0), 1)), Fail, 4, nil},
		{"stopped early and interrupted", aborted(stopped(counts(1000, 0))), Monitor, 130, nil},

		{"interrupted, all met", stopped(counts(1000, 0)), Pass, 130, nil},
		{"interrupted, threshold missed", stopped(counts(900, 100)), Monitor, 130, []string{success}},
		{"interrupted, no sample", stopped(counts(0, 0)), Fail, 130, all},
		{"interrupted, calls lost", stopped(losing(counts(1000, 0), 1)), Fail, 130, nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			rules, v := Score(tc.res)
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
		{"pass", counts(1000, 0), "API handling load well"},
		{"monitor", counts(900, 100), "Monitor for improvements needed"},
		{"fail", counts(1, 100), "Performance issues require attention"},
		{"no sample", counts(0, 0), "No sample: there is nothing to judge"},
		{"interrupted", stopped(counts(1000, 0)), "API handling load well"},
	} {
		if _, v := Score(tc.res); v.Text != tc.want {
			t.Errorf("%s: %q, want %q", tc.name, v.Text, tc.want)
		}
	}
}

func TestScoreReasons(t *testing.T) {
	clamped := counts(1000, 0)
	clamped.Latency.Clamped = 2
	mute := busy(timed(2, 2))
	mute.Generator.Reasons = nil
	slow := busy(counts(12_345, 0))
	slow.Totals.UploadsPerS = 1234.5
	for _, tc := range []struct {
		name string
		res  measure.Result
		want []string // reasons, then warnings behind a mark
	}{
		{"pass", counts(1000, 0), nil},
		{"success", counts(9_421, 579), []string{"success rate 94.21 %, must be over 95 %: 579 of 10,000 failed"}},
		{"exactly", counts(95, 5), []string{"success rate exactly 95.00 %, must be over 95 %: 5 of 100 failed"}},
		{
			"barely",
			counts(949_999, 50_001),
			[]string{"success rate 94.99 %, must be over 95 %: 50,001 of 1,000,000 failed"},
		},
		{
			"times", timed(1.2, 3.41),
			[]string{"mean response time 1.20 s, must be under 1 s", "95th percentile 3.41 s, must be under 3 s"},
		},
		{
			"times at the limit", timed(1, 3.0001),
			[]string{"mean response time exactly 1.00 s, must be under 1 s", "95th percentile 3.0001 s, must be under 3 s"},
		},
		{"none accepted", counts(0, 10), []string{
			"no upload was accepted, so there is no response time to judge",
			"success rate 0.00 %, must be over 95 %: 10 of 10 failed",
			"! this verdict rests on few uploads (10): a single slow or failed one can decide it; send 20 or more",
		}},
		{"few", counts(19, 0), []string{
			"! this verdict rests on few uploads (19): a single slow or failed one can decide it; send 20 or more",
		}},
		{"enough", counts(20, 0), nil},
		{"a slow one of few", oneSlowOfEleven(), []string{
			"95th percentile 3.20 s, must be under 3 s: of so few uploads, that is the slowest",
			"! this verdict rests on few uploads (11): a single slow or failed one can decide it; send 20 or more",
		}},
		{"too late, of few", func() measure.Result {
			res := late(slow)
			res.Generator.FewSamples = []string{"lag_p99_s"}
			return res
		}(), []string{
			"! the generator was at its limit: the server may take more than 1,235 uploads/s",
		}},
		{"no sample", counts(0, 0), []string{"no upload was made, so no threshold counts as met"}},
		{"unsent", opened(9_000, 1_000), []string{
			"rate achieved 90.00 %, must be at least 99 %: " +
				"1,000 calls were not sent because all 50 slots were busy waiting for the server",
		}},
		{"one unsent", opened(50, 1), []string{
			"rate achieved 98.03 %, must be at least 99 %: 1 call was not sent because all 50 slots were busy waiting for the server",
		}},
		{"unsent by the generator", busy(opened(9_000, 1_000)), []string{
			"inconclusive: the generator was the limit, not the server (its processors were busy)",
			"rate achieved 90.00 %, must be at least 99 %: 1,000 calls were not sent because the generator could not keep up",
		}},
		{"limited without a word", mute, []string{
			"inconclusive: the generator was the limit, not the server",
			"mean response time 2.00 s, must be under 1 s",
		}},
		{"limited, but met", slow, []string{
			"! the generator was at its limit: the server may take more than 1,235 uploads/s",
		}},
		{"limited and late, but met", late(slow), []string{
			"! the generator was at its limit: the server may take more than 1,235 uploads/s",
		}},
		{"loss", losing(counts(9_042, 0), 8_240), []string{"data loss: 8,240 acknowledged calls were not stored"}},
		{"interrupted", stopped(counts(100, 0)), []string{"interrupted after 4 s of 10 s: judged by what was measured"}},
		{"interrupted after a warm-up", func() measure.Result {
			res := stopped(counts(100, 0))
			res.Scenario.RampUpS, res.Scenario.WarmUpS = 5, 30
			return res
		}(), []string{"interrupted after 4 s of 45 s: judged by what was measured"}},
		{"interrupted in the guide's profile", func() measure.Result {
			res := stopped(counts(100, 0))
			res.Scenario.Profile = "guide"
			return res
		}(), []string{"interrupted after 4 s: judged by what was measured"}},
		{"stopped early", aborted(counts(100, 0)), []string{"stopped early: error_rate>0.5 for 10s (at last 0.62)"}},
		{"stopped in its warm-up", thinking(), []string{
			"stopped early: success_rate<0.5 for 10s (at last 0.294)",
			"no upload was scored, so no threshold counts as met",
		}},
		{"clamped", clamped, []string{
			"! 2 response times longer than the histogram's range: percentiles beyond it are too low, mean and maximum are exact",
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, v := Score(tc.res)
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

// exhausting puts some of a result's failures down to the generator's own machine.
func exhausting(res measure.Result, n uint64) measure.Result {
	res.ErrorDetails = []measure.ErrorDetail{
		{Class: measure.Exhausted.String(), Parent: string(measure.ParentConnection), Count: n},
		{Class: measure.Status.String(), Parent: string(measure.ParentHTTP), Status: 503, Count: res.Totals.Failed - n},
	}
	return res
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
	if got := stalls(res); !slices.Equal(got, want) {
		t.Errorf("told: %q, want %q", got, want)
	}
}

func TestCallRate(t *testing.T) {
	for perS, want := range map[float64]string{
		50: "50 calls/s", 1: "1 calls/s", 7.0 / 60: "7 calls/min", 10.0 / 3600: "10 calls/h", 0: "0 calls/s", 1500: "1,500 calls/s",
	} {
		if got := callRate(perS); got != want {
			t.Errorf("%v/s is %q, want %q", perS, got, want)
		}
	}
}
