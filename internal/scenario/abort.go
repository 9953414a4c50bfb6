package scenario

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"rdiostress/internal/measure"
	"rdiostress/internal/schedule"
)

// AbortRule ends a run early when a figure has been beyond a limit for some time.
type AbortRule struct {
	Figure string // of each second: error_rate, success_rate, mean_response_time_s or p95_response_time_s
	Above  bool   // beyond means above the limit, otherwise below it
	Limit  float64
	For    time.Duration
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
	usage := fmt.Errorf("%q is not a rule; write one such as 'error_rate>0.5 for 10s', with error_rate, success_rate, "+
		"mean_response_time_s or p95_response_time_s", text)
	condition, length, ok := strings.Cut(text, " for ")
	at := strings.IndexAny(condition, "<>")
	if !ok || at < 0 {
		return AbortRule{}, usage
	}
	r := AbortRule{Figure: strings.TrimSpace(condition[:at]), Above: condition[at] == '>'}
	var err error
	if r.Limit, err = strconv.ParseFloat(strings.TrimSpace(condition[at+1:]), 64); err != nil {
		return AbortRule{}, usage
	}
	if _, known := r.Value(measure.Interval{Attempts: 1, Accepted: 1}); !known {
		return AbortRule{}, usage
	}
	if r.For, err = schedule.ParseDuration(length); err != nil {
		return AbortRule{}, err
	}
	if r.For < time.Second {
		return AbortRule{}, fmt.Errorf("%q: figures are of whole seconds, so the time must be 1s or more", text)
	}
	return r, nil
}

// String writes the rule in the form that ParseAbortRule reads.
func (r AbortRule) String() string {
	op := "<"
	if r.Above {
		op = ">"
	}
	return fmt.Sprintf("%s%s%g for %v", r.Figure, op, r.Limit, r.For)
}
