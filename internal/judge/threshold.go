package judge

import (
	"cmp"
	"fmt"
	"math"
	"strings"

	"rdiostress/internal/measure"
	"rdiostress/internal/threshold"
	"rdiostress/internal/units"
)

// Threshold is one rule and whether the run met it: Value Op Limit. Without a value it is not met, and Absent says why.
type Threshold struct {
	Name   string     `json:"name"`
	Unit   units.Unit `json:"unit,omitempty"` // of Limit and Value; empty if it is not known
	Limit  float64    `json:"limit"`
	Op     string     `json:"op"` // ">", "<", ">=" or "<="
	Value  *float64   `json:"value,omitempty"`
	OK     bool       `json:"ok"`
	Absent string     `json:"absent,omitempty"`
	// Of a threshold of the user's own: how it was written, with the limit in Unit, and what to know of its value.
	Expression string `json:"expression,omitempty"`
	Note       string `json:"note,omitempty"`
}

// Own reports whether the threshold is one of the user's own.
func (t *Threshold) Own() bool { return t.Expression != "" }

// Title returns what the threshold limits, for people.
func (t *Threshold) Title() string {
	if !t.Own() {
		return ThresholdTitle(t.Name)
	}
	if rule, err := threshold.Thresholds().Parse(t.Expression); err == nil {
		return rule.Name()
	}
	return t.Name
}

// State returns whether the threshold was met, and why it has no value or what to know of it.
func (t *Threshold) State() (state, why string) {
	if t.OK {
		return "met", t.Note
	}
	return "missed", cmp.Or(t.Absent, t.Note)
}

// UnitOf returns the unit of the value that a rule limits; empty for an unknown name.
func UnitOf(name string) units.Unit {
	switch name {
	case SuccessRate, RateAchieved:
		return units.InRatio
	case MeanResponse, P95Response:
		return units.InSeconds
	case MischiefFindings:
		return units.InNumber
	default:
		return ""
	}
}

// FewFor95 reports whether n uploads are so few that the 95th percentile is just the slowest one.
func FewFor95(n uint64) bool { return n > 0 && measure.TooFew(0.95, n) }

// SlowestOf describes the 95th percentile of so few uploads.
func SlowestOf(n uint64, p95 float64) string {
	if n == 1 {
		return "the only one: " + units.Seconds(p95)
	}
	return fmt.Sprintf("slowest of %s: %s", units.Count(n), units.Seconds(p95))
}

// ThresholdTitle returns the title of a threshold. An unknown name stays as it is.
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

// LimitText returns what a threshold requires, such as "over 95 %".
func LimitText(t Threshold) string {
	if t.Name == MischiefFindings {
		return "none"
	}
	limit := quantity(t.Unit, t.Limit)
	switch t.Op {
	case ">":
		return "over " + limit
	case "<":
		return "under " + limit
	case ">=":
		return "at least " + limit
	case "<=":
		return "at most " + limit
	case "==":
		return "exactly " + limit
	case "!=":
		return "other than " + limit
	default:
		return t.Op + " " + limit
	}
}

// quantity formats a limit with its unit.
func quantity(unit units.Unit, v float64) string {
	switch unit {
	case units.InSeconds:
		return units.Given(v) + " s"
	case units.InRatio:
		return units.Given(v*100) + " %"
	case units.InNumber:
		return units.Given(v)
	default:
		per, name := inWords(unit, v)
		return strings.TrimRight(units.Given(v/per)+" "+name, " ")
	}
}

// inWords returns the unit in which a limit reads best, and how much of the limit's own unit that is.
func inWords(unit units.Unit, limit float64) (per float64, name string) {
	suffix, ofBytes := strings.CutPrefix(string(unit), string(measure.UnitBytes))
	switch {
	case unit == units.Unit(measure.UnitCount):
		return 1, ""
	case !ofBytes:
		return 1, string(unit)
	}
	per, name = 1, "bytes"
	for i, larger := range []string{"kB", "MB", "GB", "TB"} {
		if size := math.Pow(1000, float64(i+1)); math.Abs(limit) >= size {
			per, name = size, larger
		}
	}
	return per, name + suffix
}

// ValueText formats a threshold's value with its unit, with enough digits to tell it from the limit.
func ValueText(t Threshold) string {
	if t.Value == nil {
		return "–"
	}
	v, limit, unit, render := *t.Value, t.Limit, "s", units.Seconds
	switch t.Unit {
	case units.InSeconds:
	case units.InRatio:
		v, limit, unit, render = *t.Value*100, t.Limit*100, "%", units.Percent
	case units.InNumber:
		return units.Count(uint64(max(*t.Value, 0)))
	default:
		return otherText(t)
	}
	short := render(*t.Value)
	if *t.Value == t.Limit || short != render(t.Limit) {
		return short
	}
	return units.Against(v, limit) + " " + unit
}

// otherText formats a value of a unit that only thresholds of the user's own have.
func otherText(t Threshold) string {
	per, name := inWords(t.Unit, t.Limit)
	if own, ownName := inWords(t.Unit, *t.Value); ownName != name && *t.Value != 0 {
		return units.Significant(*t.Value/own, 3) + " " + ownName
	}
	v, text := *t.Value/per, ""
	switch {
	case *t.Value == math.Trunc(*t.Value) && per == 1 && v >= 0 && v < 1e15:
		text = units.Count(uint64(v))
	case *t.Value == t.Limit:
		text = units.Given(v)
	default:
		text = units.Against(v, t.Limit/per)
	}
	return strings.TrimRight(text+" "+name, " ")
}
