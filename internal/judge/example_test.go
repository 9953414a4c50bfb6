package judge_test

import (
	"fmt"

	"rdiostress/internal/judge"
	"rdiostress/internal/measure"
)

func ExampleScore() {
	res := measure.Result{
		Run:      measure.Run{DurationS: 60, SendingS: 60},
		Scenario: measure.Scenario{Model: "open", RatePerS: 10, DurationS: 60},
		Totals:   measure.Totals{Attempted: 600, Accepted: 560, Failed: 40, UploadsPerS: 10},
		Latency:  measure.Distribution{Count: 560, Figures: &measure.Figures{MeanS: 0.2, P95S: 0.9, MaxS: 2}},
	}
	thresholds, verdict := judge.Score(res, nil)
	for _, t := range thresholds {
		fmt.Printf("%s: %s, must be %s\n", judge.ThresholdTitle(t.Name), judge.ValueText(t), judge.LimitText(t))
	}
	fmt.Println(verdict.Grade, verdict.ExitCode)
	fmt.Println(verdict.Reasons[0])
	// Output:
	// Success rate: 93.33 %, must be over 95 %
	// Mean response time: 200 ms, must be under 1 s
	// 95th percentile: 900 ms, must be under 3 s
	// Rate achieved: 100.00 %, must be at least 99 %
	// monitor 1
	// success rate 93.33 %, must be over 95 %: 40 of 600 failed
}

func ExampleAlertWatch() {
	watch := judge.NewAlertWatch()
	for second := range 30 {
		sample := judge.Sample{EndS: float64(second + 1), WidthS: 1, Attempted: 100, Accepted: 100, ResponseSumS: 5}
		if second >= 10 && second < 12 { // the server fails for two seconds
			sample.Accepted, sample.ResponseSumS = 0, 0
		}
		for _, change := range watch.Add(sample) {
			fmt.Printf("%d s: %s\n", second+1, change)
		}
	}
	// Output:
	// 11 s: high alert: error rate 10.00 %, over 5 %
	// 12 s: critical alert: error rate 20.00 %, over 15 %
	// 30 s: critical alert over: error rate, for 9 s, at worst 20.00 %
}

func ExampleLimits_Score() {
	limits := judge.Guide()
	limits.Rules = append(limits.Rules[:2:2], judge.Rule{Name: judge.P95Response, Op: "<", Limit: 0.5})
	_, verdict := limits.Score(measure.Result{
		Totals:  measure.Totals{Attempted: 1000, Accepted: 1000},
		Latency: measure.Distribution{Count: 1000, Figures: &measure.Figures{MeanS: 0.2, P95S: 0.9}},
	}, nil)
	fmt.Println(verdict.Reasons)
	// Output:
	// [95th percentile 900 ms, must be under 0.5 s]
}
