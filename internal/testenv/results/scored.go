package results

import (
	"rdiostress/internal/measure"
)

// Counts returns a Result of fast uploads with these counts.
func Counts(accepted, failed uint64) measure.Result {
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

// Timed returns a Result of accepted uploads with these times.
func Timed(mean, p95 float64) measure.Result {
	res := Counts(1000, 0)
	res.Latency.Figures = &measure.Figures{MeanS: mean, P95S: p95}
	return res
}

// Opened returns a Result of an open run with these counts.
func Opened(attempted, unsent uint64) measure.Result {
	res := Counts(attempted, 0)
	res.Scenario.Model, res.Scenario.RatePerS = "open", 100
	res.Totals.Unsent = unsent
	return res
}

// Losing returns res with calls lost.
func Losing(res measure.Result, n uint64) measure.Result {
	res.Delivery = measure.Delivery{Method: "sqlite", Lost: &n}
	return res
}

// Busy returns res with the generator as its limit.
func Busy(res measure.Result) measure.Result {
	res.Generator = measure.Generator{Limited: true, Reasons: []string{"its processors were busy"}}
	return res
}

// Late returns res with a generator that sent calls late.
func Late(res measure.Result) measure.Result {
	lag := 0.42
	res.Generator.LagP99S = &lag
	return res
}

// Stopped returns res as interrupted.
func Stopped(res measure.Result) measure.Result {
	res.Run.Interrupted, res.Run.SendingS = true, 4
	return res
}

// Aborted returns res as ended by a rule of its own.
func Aborted(res measure.Result) measure.Result {
	res.Run.Aborted = "error_rate>0.5 for 10s (at last 0.62)"
	return res
}

// Exhausting puts some of a result's failures down to the generator's own machine.
func Exhausting(res measure.Result, n uint64) measure.Result {
	res.ErrorDetails = []measure.ErrorDetail{
		{Class: measure.Exhausted.String(), Parent: string(measure.ParentConnection), Count: n},
		{Class: measure.Status.String(), Parent: string(measure.ParentHTTP), Status: 503, Count: res.Totals.Failed - n},
	}
	return res
}
