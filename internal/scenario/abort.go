package scenario

import (
	"fmt"

	"rdiostress/internal/measure"
	"rdiostress/internal/threshold"
)

// AbortRule ends a run early when it has held for its time.
type AbortRule struct{ threshold.Rule }

// AbortFigures returns the figures of which there is a value in each second of a run.
func AbortFigures() []string {
	return []string{"error_rate", "success_rate", "mean_response_time_s", "p95_response_time_s"}
}

// Value returns the figure of the rule in a second. It reports false if the second does not have the figure, or if
// there is no such figure.
func (r AbortRule) Value(i measure.Interval) (value float64, ok bool) {
	switch r.Figure {
	case "error_rate", "success_rate":
		if i.Attempts == 0 {
			return 0, false
		}
		share := float64(i.Accepted) / float64(i.Attempts)
		if r.Figure == "error_rate" {
			share = 1 - share
		}
		return share, true
	case "mean_response_time_s":
		return i.Mean.Seconds(), i.Accepted > i.LeftOut
	case "p95_response_time_s":
		return i.P95.Seconds(), i.Accepted > i.LeftOut
	default:
		return 0, false
	}
}

// ParseAbortRule reads a rule such as "error_rate>0.5 for 10s".
func ParseAbortRule(text string) (AbortRule, error) {
	rule, err := threshold.Language{
		Figures: AbortFigures(), Ops: []string{"<", "<=", ">", ">="}, For: true, Example: "error_rate>0.5 for 10s",
	}.Parse(text)
	return AbortRule{rule}, err
}

// String writes the rule in the form that ParseAbortRule reads, without spaces around the operator.
func (r AbortRule) String() string {
	return fmt.Sprintf("%s%s%g for %v", r.Figure, r.Op, r.Limit, r.For)
}
