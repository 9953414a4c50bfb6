package judge

import (
	"cmp"
	"slices"

	"rdiostress/internal/measure"
	"rdiostress/internal/stat"
)

// Limits are the limits of a run. They are data: [Guide] returns the defaults.
type Limits struct {
	Rules     []Rule
	FailBelow float64     // success rate below which a run fails, whatever else it shows
	Alerts    []AlertRule // checked while the run goes on
	Own       []Threshold // of the user's own, held against the run already
}

// WithoutGuide returns limits without the guide's three thresholds, and so without its grade of a failure.
func (l Limits) WithoutGuide() Limits {
	l.Rules = slices.DeleteFunc(slices.Clone(l.Rules), func(r Rule) bool {
		return r.Name == SuccessRate || r.Name == MeanResponse || r.Name == P95Response
	})
	l.FailBelow = 0
	return l
}

// Rule limits one value of a run: the value called Name must be Op Limit.
type Rule struct {
	Name  string
	Op    string // ">", "<", ">=" or "<="
	Limit float64
}

// AlertRule limits one value of a run while it goes on. Memory growth has no rule: [JudgeMemory] judges it.
type AlertRule struct {
	Severity, KPI, Unit string
	Limit               float64
	Below               bool // the alert opens under the limit, not over it
}

// The names of the rules.
const (
	SuccessRate      = "success_rate"
	MeanResponse     = "mean_response_time_s" // of the accepted uploads
	P95Response      = "p95_response_time_s"  // of the accepted uploads
	RateAchieved     = "rate_achieved"        // share of the due calls that were sent; open model only
	MischiefFindings = "mischief_findings"    // only for a run with mischief
)

// Guide returns the guide's limits. All except that of the achieved rate are strict: exactly 95 % is not enough, and
// exactly one second is too much.
func Guide() Limits {
	return Limits{
		Rules: []Rule{
			{SuccessRate, ">", 0.95},
			{MeanResponse, "<", 1},
			{P95Response, "<", 3},
			{MischiefFindings, "<=", 0},
			{RateAchieved, ">=", 0.99},
		},
		FailBelow: 0.9,
		Alerts: []AlertRule{
			{High, AlertErrorRate, "ratio", 0.05, false},
			{Critical, AlertErrorRate, "ratio", 0.15, false},
			{High, AlertResponseTime, "s", 2, false},
			{Critical, AlertResponseTime, "s", 5, false},
			{Critical, alertDiskFree, "bytes", 1e9, true},
		},
	}
}

// Thresholds checks a run against the rules that apply to it. If all times are left out because the generator itself
// was stopped, it checks their bounds: the true times do not exceed these.
func (l Limits) Thresholds(res measure.Result) []Threshold {
	if s := res.Generator.Stops; res.Latency.Figures == nil && s != nil && s.MeanBoundS != nil && s.P95BoundS != nil {
		res.Latency.Figures = &measure.Figures{MeanS: *s.MeanBoundS, P95S: *s.P95BoundS}
	}
	var list []Threshold
	for _, rule := range l.Rules {
		if rule.applies(&res) {
			list = append(list, rule.hold(&res))
		}
	}
	return list
}

// successRate returns the success rate that a run must exceed, and false if there is no such rule.
func (l Limits) successRate() (float64, bool) {
	for _, rule := range l.Rules {
		if rule.Name == SuccessRate {
			return rule.Limit, true
		}
	}
	return 0, false
}

func (r Rule) applies(res *measure.Result) bool {
	switch r.Name {
	case MischiefFindings:
		return res.Mischief != nil
	case RateAchieved:
		return res.Scenario.Open()
	default:
		return true
	}
}

// hold compares the rule's value of a run with its limit.
func (r Rule) hold(res *measure.Result) Threshold {
	t := Threshold{Name: r.Name, Unit: UnitOf(r.Name), Op: r.Op, Limit: r.Limit}
	totals, times := res.Totals, res.Latency.Figures
	switch {
	case r.Name == SuccessRate && totals.Attempted > 0:
		t.setShare(totals.Accepted, totals.Attempted)
	case r.Name == RateAchieved && totals.Attempted+totals.Unsent > 0:
		t.setShare(totals.Attempted, totals.Attempted+totals.Unsent)
	case r.Name == MeanResponse && times != nil:
		t.set(times.MeanS)
	case r.Name == P95Response && times != nil:
		t.set(times.P95S)
	case r.Name == MischiefFindings && (res.Mischief.Sent > res.Mischief.Unfinished || len(res.Mischief.Findings) > 0):
		t.set(float64(len(res.Mischief.Findings)))
	default:
		t.Absent = r.absent(res)
	}
	return t
}

// absent says why a run has no value for the rule.
func (r Rule) absent(res *measure.Result) string {
	switch {
	case r.Name == RateAchieved:
		return "no call was due"
	case r.Name == MischiefFindings:
		return "no mischief came to an end"
	case noSample(res):
		return whyNoSample(res)
	default:
		return "no upload was accepted"
	}
}

// set records the value that the threshold is judged by.
func (t *Threshold) set(value float64) { t.judge(value, cmp.Compare(value, t.Limit)) }

// setShare records a share as the value, and compares counts.
func (t *Threshold) setShare(part, whole uint64) {
	t.judge(stat.Share(part, whole), stat.CompareShare(part, whole, t.Limit))
}

// judge records a value that is below (-1), at (0) or above (+1) the limit.
func (t *Threshold) judge(value float64, order int) {
	t.Value = &value
	switch t.Op {
	case ">":
		t.OK = order > 0
	case "<":
		t.OK = order < 0
	case ">=":
		t.OK = order >= 0
	case "<=":
		t.OK = order <= 0
	}
}
