package judge

import (
	"slices"

	"rdiostress/internal/exitcode"
	"rdiostress/internal/field"
	"rdiostress/internal/measure"
	"rdiostress/internal/stat"
)

// Grade is how well the server did, by the guide's success rates. A pass means that every threshold was kept.
type Grade string

// The grades.
const (
	Pass    Grade = "pass"
	Monitor Grade = "monitor"
	Fail    Grade = "fail"
)

// The texts of the grades, in the guide's words, and of a run that has no sample.
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

// Score judges a run by the guide's limits. What the verdict says of fields is written with the given names.
func Score(res measure.Result, names field.Namer) ([]Threshold, Verdict) {
	return Guide().Score(res, names)
}

// Score judges a run. The names of fields in its texts apart, its answer depends on the Result alone.
func (l Limits) Score(res measure.Result, names field.Namer) ([]Threshold, Verdict) {
	// A run that broke a rule of its own, or whose calls were not all stored in time, counts as one that missed a
	// threshold.
	j := judgement{Result: &res, limits: l, thresholds: l.Thresholds(res), names: names}
	j.met = res.Run.Aborted == "" && measure.OrZero(res.Delivery.Pending) == 0 &&
		!slices.ContainsFunc(j.thresholds, func(t Threshold) bool { return !t.OK })
	v := Verdict{
		Grade:    j.grade(),
		ExitCode: j.exitCode(),
		Storage:  storageOf(&res),
		Reasons:  j.reasons(),
		Warnings: j.warnings(),
	}
	v.OK = v.ExitCode == exitcode.OK
	v.Text = v.Grade.text()
	if noSample(&res) {
		v.Text = textNoSample
	}
	return j.thresholds, v
}

// judgement is a run that is being judged.
type judgement struct {
	*measure.Result
	limits     Limits
	thresholds []Threshold
	met        bool // every threshold was kept, and nothing else is as bad
	names      field.Namer
}

// grade goes by the success rate. A missed time or rate, or a run that was stopped early, lowers a pass. A lost call,
// or a server that stores far less than it accepts, is always a failure: the success rate counts acknowledged calls,
// which then means nothing.
func (j *judgement) grade() Grade {
	switch {
	case noSample(j.Result), lost(j.Result) > 0, leftBehind(&j.Delivery),
		stat.CompareShare(j.Totals.Accepted, j.Totals.Attempted, j.limits.FailBelow) < 0:
		return Fail
	case !j.met:
		return Monitor
	default:
		return Pass
	}
}

// text returns the guide's words for the grade.
func (g Grade) text() string {
	switch g {
	case Pass:
		return textPass
	case Monitor:
		return textMonitor
	default:
		return textFail
	}
}

// exitCode returns the most serious code that applies.
func (j *judgement) exitCode() int {
	switch {
	case j.Run.Interrupted:
		return exitcode.Interrupted
	case noSample(j.Result), j.Delivery.Failed, j.Scenario.MustVerify && unknown(j.Result):
		return exitcode.NoRun
	case lost(j.Result) > 0:
		return exitcode.DataLoss
	case j.inconclusive():
		return exitcode.Inconclusive
	case !j.met:
		return exitcode.Missed
	default:
		return exitcode.OK
	}
}

// inconclusive reports whether the generator was the limit and may be why something was missed. It is not where uploads
// that the server itself failed are enough to miss the success rate.
func (j *judgement) inconclusive() bool {
	if j.met || !j.Generator.Limited || findings(j.Result) > 0 || measure.OrZero(j.Delivery.Pending) > 0 {
		return false
	}
	ours := uint64(0)
	for _, d := range j.ErrorDetails {
		if d.Class == measure.Exhausted.String() {
			ours += d.Count
		}
	}
	n := j.Totals.Attempted - min(ours, j.Totals.Attempted)
	least, ok := j.limits.successRate()
	return !ok || n == 0 || stat.CompareShare(j.Totals.Accepted, n, least) > 0
}

// noSample reports whether the run has no scored upload, not even a failed one.
func noSample(res *measure.Result) bool { return res.Totals.Attempted == 0 }

// whyNoSample says why a run has no sample.
func whyNoSample(res *measure.Result) string {
	if slices.ContainsFunc(res.Phases, func(p measure.Phase) bool { return p.Totals.Attempted > 0 }) {
		return "no upload was scored"
	}
	return "no upload was made"
}
