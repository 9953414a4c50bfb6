package judge

import (
	"slices"

	"rdiostress/internal/exitcode"
	"rdiostress/internal/measure"
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
	// A run that broke a rule of its own, or whose calls were not all stored in time, is as one that missed a
	// threshold.
	met := res.Run.Aborted == "" && measure.OrZero(res.Delivery.Pending) == 0
	for _, t := range rules {
		met = met && t.OK
	}
	v := Verdict{
		Grade:    grade(res, met),
		ExitCode: exitCode(res, met),
		Storage:  StorageOf(res),
		Reasons:  reasons(res, rules, met),
		Warnings: warnings(res, met),
	}
	v.OK = v.ExitCode == exitcode.OK
	v.Text = text(v.Grade)
	if noSample(res) {
		v.Text = textNoSample
	}
	return rules, v
}

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
		return exitcode.Interrupted
	case noSample(res), res.Delivery.Failed, res.Scenario.MustVerify && unknown(res):
		return exitcode.NoRun
	case lost(res) > 0:
		return exitcode.DataLoss
	case inconclusive(res, met):
		return exitcode.Inconclusive
	case !met:
		return exitcode.Missed
	default:
		return exitcode.OK
	}
}

// inconclusive reports whether the generator was the limit and that could be why something was missed. Uploads that the
// server itself failed are no fault of the generator's: when they alone miss the success rate, the server has missed
// it.
func inconclusive(res measure.Result, met bool) bool {
	if met || !res.Generator.Limited || findings(res) > 0 || measure.OrZero(res.Delivery.Pending) > 0 {
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
