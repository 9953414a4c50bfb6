package reporttest

import (
	"time"

	"rdiostress/internal/compare"
	"rdiostress/internal/report"
)

// Compared are comparisons of several kinds.
func Compared() map[string]compare.Document {
	few := comparison(1)
	few.Verdict = compare.Verdict{Text: "p95: too few runs"}
	few.Figures[0].Result, few.Figures[0].Change, few.Figures[0].Visible = compare.TooFewRuns, nil, nil
	few.Figures[0].Within = &compare.Within{
		Change: &compare.Change{Ratio: 1.1, Low: 1.02, High: 1.19}, BatchS: 4, BaseBatches: 30, NewBatches: 30,
	}
	few.Figures[1].Result, few.Figures[1].Change, few.Figures[1].Visible = compare.TooFewRuns, nil, nil
	few.Figures[1].Within = &compare.Within{BatchS: 40, BaseBatches: 3, NewBatches: 3, Absent: "the runs are too short"}
	worse := comparison(5)
	worse.Verdict = compare.Verdict{Text: "worse than tolerated: p95_response_time_s", ExitCode: 1}
	worse.Gates = []compare.Gate{
		{
			Kind: compare.FailOn, Figure: "p95_response_time_s", Tolerance: 0.05, Outcome: compare.Failed,
			Text: "p95_response_time_s may rise by at most 5 %: it is worse, +10.0 % (+7.00 % to +13.1 %)",
		},
		{
			Kind: compare.Prove, Figure: "success_rate", Tolerance: -0.01, Outcome: compare.Passed,
			Text: "success_rate must be shown to fall by less than 1 %: proved",
		},
		{
			Kind: compare.Prove, Figure: "p95_due_to_stored_s", Tolerance: 0.01, Outcome: compare.NotSettled,
			Text: "p95_due_to_stored_s must be shown to rise by less than 1 %: not measured",
		},
	}
	limited := comparison(5)
	limited.Verdict = compare.Verdict{Text: "nothing can be said: the load generator was the limit"}
	limited.Inconclusive = []string{"the load generator was the limit of new/1.json: late | <b>\x1b[2J"}
	limited.Differences = []string{"scenario rate_per_s: 50 in base/1.json, 60 in new/1.json"}
	return map[string]compare.Document{"few": few, "worse": worse, "limited": limited}
}

// comparison is a comparison of so many runs a side.
func comparison(runs int) compare.Document {
	side := func(name, server string) compare.Side {
		s := compare.Side{Name: name, Server: server}
		for i := range runs {
			s.Runs = append(s.Runs, compare.Run{
				File: name + "/1.json", ID: "abcdefg" + string(rune('2'+i)), Accepted: 1000,
				StartedAt: time.Date(2026, 5, 14, 19, 30+i, 0, 0, time.UTC),
			})
		}
		return s
	}
	value := func(v float64) *float64 { return &v }
	each := func(v float64) (list []float64) {
		for range runs {
			list = append(list, v)
		}
		return list
	}
	return compare.Document{
		Schema: compare.Schema, Tool: report.Tool{Name: "rdiostress", Version: "1.2.3"}, Design: compare.Independent,
		Confidence: 0.95, Base: side("base", "rdio-scanner 6"), New: side("new", "rdio-scanner 7"),
		Figures: []compare.Figure{
			{
				Name: "p95_response_time_s", Title: "p95", Unit: "s", Better: "lower", Gated: true,
				Result: compare.Worse,
				Base:   value(0.1), New: value(0.11), BaseRuns: each(0.1), NewRuns: each(0.11),
				Change: &compare.Change{Ratio: 1.1, Low: 1.07, High: 1.131}, Visible: value(0.04),
			},
			{
				Name: "success_rate", Title: "success", Unit: "ratio", Better: "higher", Result: compare.NoDifference,
				Base: value(1), New: value(1), BaseRuns: each(1), NewRuns: each(1),
				Change: &compare.Change{Ratio: 1, Low: 0.999, High: 1.001}, Visible: value(0.002),
			},
			{
				Name: "stored_per_s", Title: "stored", Unit: "per_s", Better: "higher", Result: compare.Better,
				Base: value(50), New: value(60), BaseRuns: each(50), NewRuns: each(60),
				Change: &compare.Change{Ratio: 1.2, Low: 1.1, High: 1.3}, Visible: value(0.05),
			},
			{
				Name: "p95_due_to_stored_s", Title: "p95 stored", Unit: "s", Better: "lower",
				Result: compare.NotMeasured, BaseRuns: []float64{}, NewRuns: []float64{},
				Absent: "base/1.json: it was not seen when each call was stored",
			},
		},
		Gates: []compare.Gate{}, Differences: []string{}, Inconclusive: []string{}, Notes: []string{},
	}
}
