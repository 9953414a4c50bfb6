package report

import (
	"slices"

	"rdiostress/internal/measure"
)

// The guide's thresholds. Every comparison but that of the achieved rate is strict: exactly 95 % is not enough, and neither is
// exactly one second.
const (
	passPercent     = 95 // success rate above which the server handles the load well
	monitorPercent  = 90 // success rate from which on it is worth watching, and below which it fails
	meanLimitS      = 1  // mean response time of accepted uploads, in seconds
	p95LimitS       = 3  // 95th percentile of the response time of accepted uploads, in seconds
	achievedPercent = 99 // share of the calls that were due that must have been sent; open model only
)

// Grade is how well the server did, by the guide's success rates. A pass means that every threshold was met.
type Grade string

// The grades.
const (
	Pass    Grade = "pass"
	Monitor Grade = "monitor"
	Fail    Grade = "fail"
)

// What the verdict says of each grade, in the guide's words, and of a run that shows nothing.
const (
	textPass     = "API handling load well"
	textMonitor  = "Monitor for improvements needed"
	textFail     = "Performance issues require attention"
	textNoSample = "No sample: there is nothing to judge"
)

// The exit codes that a verdict can ask for. The most serious that applies wins: in this order ExitInterrupted, ExitNoSample,
// ExitDataLoss, ExitInconclusive, ExitMissed.
const (
	ExitOK           = 0   // every threshold met
	ExitMissed       = 1   // a threshold missed, or the run stopped early by its own rule
	ExitNoSample     = 3   // the run could not be made, or nobody knows what was stored where that was required
	ExitDataLoss     = 4   // an acknowledged call was not stored
	ExitInconclusive = 5   // a threshold missed while the generator was the limit
	ExitInterrupted  = 130 // stopped by the user
)

// The names of the thresholds.
const (
	SuccessRate  = "success_rate"
	MeanResponse = "mean_response_time_s"
	P95Response  = "p95_response_time_s"
	RateAchieved = "rate_achieved"
)

// Threshold is one rule and whether the run met it: Value Op Limit. Over no sample it is not met, and Absent says why there is
// none.
type Threshold struct {
	Name   string   `json:"name"`
	Limit  float64  `json:"limit"`
	Op     string   `json:"op"` // ">", "<", ">=" or "<="
	Value  *float64 `json:"value,omitempty"`
	OK     bool     `json:"ok"`
	Absent string   `json:"absent,omitempty"`
}

// Verdict is the judgement of a run. OK means exit code 0 and nothing else.
type Verdict struct {
	Grade    Grade    `json:"grade"`
	OK       bool     `json:"ok"`
	Text     string   `json:"text"`
	ExitCode int      `json:"exit_code"`
	Storage  Storage  `json:"storage"`
	Reasons  []string `json:"reasons"`  // what is wrong, a line each
	Warnings []string `json:"warnings"` // what to know although it changes nothing
}

// Score judges a Result. It is a pure function of it.
func Score(res measure.Result) ([]Threshold, Verdict) {
	rules := thresholds(res)
	// A run that broke a rule of its own, or whose calls were not all stored in time, is as one that missed a threshold.
	met := res.Run.Aborted == "" && num(res.Delivery.Pending) == 0
	for _, t := range rules {
		met = met && t.OK
	}
	v := Verdict{
		Grade:    grade(res, met),
		ExitCode: exitCode(res, met),
		Storage:  storage(res),
		Reasons:  reasons(res, rules, met),
		Warnings: warnings(res, met),
	}
	v.OK = v.ExitCode == ExitOK
	v.Text = text(v.Grade)
	if noSample(res) {
		v.Text = textNoSample
	}
	return rules, v
}

// thresholds compares counts as whole numbers, so that a rounding error never decides.
func thresholds(res measure.Result) []Threshold {
	success := Threshold{Name: SuccessRate, Op: ">", Limit: passPercent / 100.0, Absent: whyNoSample(res)}
	if n := res.Totals.Attempted; n > 0 {
		success.set(ratio(res.Totals.Accepted, n), res.Totals.Accepted*100 > n*passPercent)
	}
	untimed := "no upload was accepted"
	if noSample(res) {
		untimed = whyNoSample(res)
	}
	mean := Threshold{Name: MeanResponse, Op: "<", Limit: meanLimitS, Absent: untimed}
	p95 := Threshold{Name: P95Response, Op: "<", Limit: p95LimitS, Absent: untimed}
	if f := res.Latency.Figures; f != nil {
		mean.set(f.MeanS, f.MeanS < meanLimitS)
		p95.set(f.P95S, f.P95S < p95LimitS)
	}
	rules := []Threshold{success, mean, p95}
	if res.Mischief != nil {
		rules = append(rules, mischiefRule(res.Mischief))
	}
	if !open(res.Scenario) {
		return rules
	}
	achieved := Threshold{Name: RateAchieved, Op: ">=", Limit: achievedPercent / 100.0, Absent: "no call was due"}
	if due := res.Totals.Attempted + res.Totals.Unsent; due > 0 {
		achieved.set(ratio(res.Totals.Attempted, due), res.Totals.Attempted*100 >= due*achievedPercent)
	}
	return append(rules, achieved)
}

// set gives the threshold the value that it was judged by.
func (t *Threshold) set(value float64, ok bool) { t.Value, t.OK, t.Absent = &value, ok, "" }

// grade goes by the success rate. A missed time or rate, or a run that was stopped early, lowers a pass. A lost call,
// or a server that stores far less than it accepts, is never less than a failure: the guide's rates count what was
// acknowledged, which then means nothing.
func grade(res measure.Result, met bool) Grade {
	n, ok := res.Totals.Attempted, res.Totals.Accepted
	switch {
	case noSample(res), lost(res) > 0, leftBehind(res.Delivery), ok*100 < n*monitorPercent:
		return Fail
	case !met: // at best 95 %, a time or the rate missed, or stopped early
		return Monitor
	default:
		return Pass
	}
}

func text(g Grade) string {
	switch g {
	case Pass:
		return textPass
	case Monitor:
		return textMonitor
	default:
		return textFail
	}
}

func exitCode(res measure.Result, met bool) int {
	switch {
	case res.Run.Interrupted:
		return ExitInterrupted
	case noSample(res), res.Delivery.Failed, res.Scenario.MustVerify && unknown(res):
		return ExitNoSample
	case lost(res) > 0:
		return ExitDataLoss
	case inconclusive(res, met):
		return ExitInconclusive
	case !met:
		return ExitMissed
	default:
		return ExitOK
	}
}

// inconclusive reports whether the generator was the limit and that could be why something was missed. Uploads that the server
// itself failed are no fault of the generator's: when they alone miss the success rate, the server has missed it.
func inconclusive(res measure.Result, met bool) bool {
	if met || !res.Generator.Limited || findings(res) > 0 || num(res.Delivery.Pending) > 0 {
		return false
	}
	ours := uint64(0)
	for _, d := range res.ErrorDetails {
		if d.Class == measure.Exhausted.String() {
			ours += d.Count
		}
	}
	n := res.Totals.Attempted - min(ours, res.Totals.Attempted)
	return n == 0 || res.Totals.Accepted*100 > n*passPercent
}

// noSample reports whether there was not even a failed upload that counts.
func noSample(res measure.Result) bool { return res.Totals.Attempted == 0 }

// whyNoSample says why there is none, in a run that has none.
func whyNoSample(res measure.Result) string {
	if slices.ContainsFunc(res.Phases, func(p measure.Phase) bool { return p.Totals.Attempted > 0 }) {
		return "no upload was scored"
	}
	return "no upload was made"
}

// open reports whether calls were due at a rate, whatever the server did.
func open(s measure.Scenario) bool { return s.Model == "open" }

// ratio is the share that part is of whole, which is not 0.
func ratio(part, whole uint64) float64 { return float64(part) / float64(whole) }
