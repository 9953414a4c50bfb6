package judge

import (
	"fmt"
	"strings"

	"rdiostress/internal/measure"
	"rdiostress/internal/stat"
	"rdiostress/internal/units"
)

// FewFor95 tells whether the 95th percentile of so many uploads is hardly more than the time of the slowest.
func FewFor95(n uint64) bool { return n > 0 && measure.TooFew(0.95, n) }

// SlowestOf says what the 95th percentile of few uploads is.
func SlowestOf(n uint64, p95 float64) string {
	if n == 1 {
		return "the only one: " + units.Seconds(p95)
	}
	return fmt.Sprintf("slowest of %s: %s", units.Count(n), units.Seconds(p95))
}

// ThresholdTitle is what people call a threshold. One that this version does not know keeps its name.
func ThresholdTitle(name string) string {
	switch name {
	case SuccessRate:
		return "Success rate"
	case MeanResponse:
		return "Mean response time"
	case P95Response:
		return "95th percentile"
	case RateAchieved:
		return "Rate achieved"
	case MischiefFindings:
		return "Mischief findings"
	default:
		return name
	}
}

// LimitText says what a threshold asks for.
func LimitText(t Threshold) string {
	if t.Name == MischiefFindings {
		return "none"
	}
	limit := quantity(t.Name, t.Limit)
	switch t.Op {
	case ">":
		return "over " + limit
	case "<":
		return "under " + limit
	case ">=":
		return "at least " + limit
	default:
		return t.Op + " " + limit
	}
}

// quantity renders a threshold's limit in its unit, which its name carries.
func quantity(name string, v float64) string {
	if strings.HasSuffix(name, "_s") {
		return units.Trim(fmt.Sprintf("%.3f", v)) + " s"
	}
	return units.Trim(fmt.Sprintf("%.3f", v*100)) + " %"
}

// ValueText renders a threshold's value in its unit, with enough digits to be told from the limit that it did or did
// not reach.
func ValueText(t Threshold) string {
	if t.Value == nil {
		return "–"
	}
	if t.Name == MischiefFindings {
		return units.Count(uint64(max(*t.Value, 0)))
	}
	v, limit, unit, render := *t.Value*100, t.Limit*100, "%", units.Percent
	if strings.HasSuffix(t.Name, "_s") {
		v, limit, unit, render = *t.Value, t.Limit, "s", units.Seconds
	}
	short := render(*t.Value)
	if *t.Value == t.Limit || short != render(t.Limit) {
		return short
	}
	const most = 12
	digits := 3
	for digits < most && fmt.Sprintf("%.*f", digits, v) == fmt.Sprintf("%.*f", digits, limit) {
		digits++
	}
	return fmt.Sprintf("%.*f %s", digits, v, unit)
}

// The guide's thresholds. Every comparison but that of the achieved rate is strict: exactly 95 % is not enough, and
// neither is exactly one second.
const (
	passPercent     = 95 // success rate above which the server handles the load well
	monitorPercent  = 90 // success rate from which on it is worth watching, and below which it fails
	meanLimitS      = 1  // mean response time of accepted uploads, in seconds
	p95LimitS       = 3  // 95th percentile of the response time of accepted uploads, in seconds
	achievedPercent = 99 // share of the calls that were due that must have been sent; open model only
)

// The names of the thresholds.
const (
	SuccessRate  = "success_rate"
	MeanResponse = "mean_response_time_s"
	P95Response  = "p95_response_time_s"
	RateAchieved = "rate_achieved"
)

// Threshold is one rule and whether the run met it: Value Op Limit. Over no sample it is not met, and Absent says why
// there is none.
type Threshold struct {
	Name   string   `json:"name"`
	Limit  float64  `json:"limit"`
	Op     string   `json:"op"` // ">", "<", ">=" or "<="
	Value  *float64 `json:"value,omitempty"`
	OK     bool     `json:"ok"`
	Absent string   `json:"absent,omitempty"`
}

// thresholds compares counts as whole numbers, so that a rounding error never decides.
func thresholds(res measure.Result) []Threshold {
	success := Threshold{Name: SuccessRate, Op: ">", Limit: passPercent / 100.0, Absent: whyNoSample(res)}
	if n := res.Totals.Attempted; n > 0 {
		success.set(stat.Share(res.Totals.Accepted, n), res.Totals.Accepted*100 > n*passPercent)
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
	if !res.Scenario.Open() {
		return rules
	}
	achieved := Threshold{Name: RateAchieved, Op: ">=", Limit: achievedPercent / 100.0, Absent: "no call was due"}
	if due := res.Totals.Attempted + res.Totals.Unsent; due > 0 {
		achieved.set(stat.Share(res.Totals.Attempted, due), res.Totals.Attempted*100 >= due*achievedPercent)
	}
	return append(rules, achieved)
}

// set gives the threshold the value that it was judged by.
func (t *Threshold) set(value float64, ok bool) { t.Value, t.OK, t.Absent = &value, ok, "" }
