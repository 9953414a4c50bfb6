package judge

import (
	"slices"

	"rdiostress/internal/exitcode"
	"rdiostress/internal/field"
	"rdiostress/internal/measure"
	"rdiostress/internal/stat"
)

// Grade is the server's grade, by the guide's success rates. A pass means that every threshold was met.
type Grade string

// The grades. A run that did not reach its end is no pass.
const (
	Pass    Grade = "pass"
	Monitor Grade = "monitor"
	Fail    Grade = "fail"
)

// The texts of the grades, in the guide's words, and of runs without such a grade.
const (
	textPass      = "API handling load well"
	textMonitor   = "Monitor for improvements needed"
	textFail      = "Performance issues require attention"
	textNoSample  = "No sample: there is nothing to judge"
	textOwnMet    = "Every threshold of your own was met"
	textOwnMissed = "Not every threshold was met"
	// TextInterrupted is the text of an interrupted run that had missed no threshold.
	TextInterrupted = "No threshold was missed until the interruption"
)

// Verdict is the judgement of a run. OK means exactly exit code 0.
type Verdict struct {
	Grade    Grade    `json:"grade"`
	OK       bool     `json:"ok"`
	Text     string   `json:"text"`
	ExitCode int      `json:"exit_code"`
	Storage  Storage  `json:"storage"`
	Reasons  []string `json:"reasons"`  // faults, a line each
	Warnings []string `json:"warnings"` // facts that do not affect the verdict, a line each
}

// Score judges a run by the guide's limits. names are the names of fields in the verdict's texts.
func Score(res measure.Result, names field.Namer) ([]Threshold, Verdict) {
	return Guide().Score(res, names)
}

// Score judges a run. Except for the names of fields in its texts, the verdict depends on the Result alone.
func (l Limits) Score(res measure.Result, names field.Namer) ([]Threshold, Verdict) {
	j := l.judge(&res, names)
	v := Verdict{
		Grade:    j.grade(),
		ExitCode: j.exitCode(),
		Storage:  storageOf(&res),
		Reasons:  j.reasons(),
		Warnings: j.warnings(),
	}
	v.OK = v.ExitCode == exitcode.OK
	v.Text = v.Grade.text()
	_, byGuide := l.successRate()
	switch {
	case noSample(&res):
		v.Text = textNoSample
	case res.Run.Interrupted && j.met && v.Grade == Monitor:
		v.Text = TextInterrupted
	case !byGuide && v.Grade == Pass:
		v.Text = textOwnMet
	case !byGuide && v.Grade == Monitor:
		v.Text = textOwnMissed
	}
	return j.thresholds, v
}

// judgement is a run that is being judged.
type judgement struct {
	*measure.Result
	limits     Limits
	thresholds []Threshold
	met        bool // every threshold was met, and nothing else is as serious
	names      field.Namer
}

// judge begins to judge a run. One that broke an abort rule, or whose calls were not all stored in time, counts as one
// that missed a threshold.
func (l Limits) judge(res *measure.Result, names field.Namer) judgement {
	j := judgement{Result: res, limits: l, names: names}
	j.thresholds = slices.Concat(l.Thresholds(*res), l.Own)
	j.met = res.Run.Aborted == "" && measure.OrZero(res.Delivery.Pending) == 0 && !l.mayMissTimes(*res) &&
		!slices.ContainsFunc(j.thresholds, func(t Threshold) bool { return !t.OK })
	return j
}

// Inconclusive reports whether the generator may be why a run missed a threshold.
func (l Limits) Inconclusive(res measure.Result) bool {
	j := l.judge(&res, nil)
	return j.inconclusive()
}

// grade returns the grade by the success rate. A missed time or rate lowers a pass, and so does an early end, by an
// abort rule or an interruption: a part of the load was never sent. A lost call, or a server that stores far less than
// it accepts, is always a failure: the success rate counts acknowledged calls, and means nothing then.
func (j *judgement) grade() Grade {
	switch {
	case noSample(j.Result), lost(j.Result) > 0, leftBehind(&j.Delivery),
		stat.CompareShare(j.Totals.Accepted, j.Totals.Attempted, j.limits.FailBelow) < 0:
		return Fail
	case !j.met, j.Run.Interrupted:
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
	case noSample(j.Result), j.Delivery.Failed, j.Scenario.MustVerify && unknown(j.Result), lacksTranscripts(j.Result):
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

// inconclusive reports whether the generator was the limit and may be the cause of a missed threshold. It is not if the
// uploads that the server itself failed are enough to miss the success rate.
func (j *judgement) inconclusive() bool {
	isLimited := j.Generator.Limited || j.Latency.LeavesTooMuchOut() || j.onlyFailsAroundStops()
	if j.met || !isLimited || findings(j.Result) > 0 || measure.OrZero(j.Delivery.Pending) > 0 {
		return false
	}
	ours := uint64(0)
	for _, d := range j.ErrorDetails {
		if d.Class == measure.Exhausted.String() {
			ours += d.Count
		}
	}
	if s := j.Generator.Stops; s != nil {
		ours += s.Failed
	}
	n := j.Totals.Attempted - min(ours, j.Totals.Attempted)
	least, ok := j.limits.successRate()
	return !ok || n == 0 || stat.CompareShare(j.Totals.Accepted, n, least) > 0
}

// onlyFailsAroundStops reports whether the success rate is all that was missed, and uploads failed around stops of the
// generator. Such failures explain no missed time.
func (j *judgement) onlyFailsAroundStops() bool {
	s := j.Generator.Stops
	_, ok := j.limits.successRate()
	return ok && s != nil && s.Failed > 0 && !slices.ContainsFunc(j.thresholds, func(t Threshold) bool {
		return t.OK == (t.Name == SuccessRate) && t.Value != nil
	})
}

// mayMissTimes reports whether so many times are left out, because the generator itself was stopped, that the others
// are not representative, and whether a threshold of times would be missed with them.
func (l Limits) mayMissTimes(res measure.Result) bool {
	s := res.Generator.Stops
	if !res.Latency.LeavesTooMuchOut() || s == nil || s.MeanBoundS == nil || s.P95BoundS == nil {
		return res.Latency.LeavesTooMuchOut()
	}
	res.Latency.Figures = &measure.Figures{MeanS: *s.MeanBoundS, P95S: *s.P95BoundS}
	return slices.ContainsFunc(l.Thresholds(res), func(t Threshold) bool {
		return !t.OK && (t.Name == MeanResponse || t.Name == P95Response)
	})
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
