package load

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"rdiostress/internal/measure"
)

// AbortRule ends a run early when a figure stays beyond a limit for some time.
type AbortRule struct {
	Figure string // error_rate, success_rate, mean_response_time_s or p95_response_time_s, of each second's uploads
	Above  bool   // beyond is over the limit, else under it
	Limit  float64
	For    time.Duration
}

// abortFigure reads a figure of a second; false where the second has none, or there is no such figure.
func abortFigure(name string, i measure.Interval) (value float64, ok bool) {
	switch name {
	case "error_rate", "success_rate":
		if i.Attempts == 0 {
			return 0, false
		}
		share := float64(i.Accepted) / float64(i.Attempts)
		if name == "error_rate" {
			share = 1 - share
		}
		return share, true
	case "mean_response_time_s":
		return i.Mean.Seconds(), i.Accepted > 0
	case "p95_response_time_s":
		return i.P95.Seconds(), i.Accepted > 0
	default:
		return 0, false
	}
}

// ParseAbortRule reads a rule such as "error_rate>0.5 for 10s".
func ParseAbortRule(text string) (AbortRule, error) {
	usage := fmt.Errorf("%q is no rule; write one such as 'error_rate>0.5 for 10s', with error_rate, success_rate, "+
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
	if _, known := abortFigure(r.Figure, measure.Interval{Attempts: 1, Accepted: 1}); !known {
		return AbortRule{}, usage
	}
	if r.For, err = ParseDuration(length); err != nil {
		return AbortRule{}, err
	}
	if r.For < time.Second {
		return AbortRule{}, fmt.Errorf("%q: figures are of whole seconds, so the time must be 1s or more", text)
	}
	return r, nil
}

// String writes the rule as ParseAbortRule reads it.
func (r AbortRule) String() string {
	op := "<"
	if r.Above {
		op = ">"
	}
	return fmt.Sprintf("%s%s%g for %v", r.Figure, op, r.Limit, r.For)
}

// abortError is why a run was ended early.
type abortError struct {
	rule  AbortRule
	value float64
}

func (e *abortError) Error() string { return fmt.Sprintf("%v (at last %.4g)", e.rule, e.value) }

// abortWatch holds rules against a run, second by second.
type abortWatch struct {
	rules []AbortRule
	held  []time.Duration // for how long each rule's condition has held
}

func newAbortWatch(rules []AbortRule) *abortWatch {
	return &abortWatch{rules: rules, held: make([]time.Duration, len(rules))}
}

// check takes in a second of the run and returns an *abortError if a rule has held for its time. A second in which nothing ended
// says nothing, for or against.
func (w *abortWatch) check(last measure.Interval) error {
	for i, r := range w.rules {
		value, ok := abortFigure(r.Figure, last)
		switch {
		case !ok:
			continue
		case value > r.Limit != r.Above || value == r.Limit:
			w.held[i] = 0
			continue
		}
		if w.held[i] += time.Second; w.held[i] >= r.For {
			return &abortError{r, value}
		}
	}
	return nil
}
