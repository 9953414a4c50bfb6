package load

import (
	"fmt"
	"time"

	"rdiostress/internal/measure"
	"rdiostress/internal/scenario"
	"rdiostress/internal/units"
)

// abortError is the rule that ended a run early.
type abortError struct {
	rule  scenario.AbortRule
	value float64
}

func (e *abortError) Error() string {
	return fmt.Sprintf("%v (at last %s)", e.rule, units.Against(e.value, e.rule.Limit))
}

// abortWatch checks rules against each second of a run.
type abortWatch struct {
	rules []scenario.AbortRule
	held  []time.Duration // how long each rule's condition has held
}

func newAbortWatch(rules []scenario.AbortRule) *abortWatch {
	return &abortWatch{rules: rules, held: make([]time.Duration, len(rules))}
}

// check takes a second of the run and returns an *abortError if a rule has held for its time. A second in which no
// upload ended is ignored.
func (w *abortWatch) check(last measure.Interval) error {
	for i, r := range w.rules {
		value, ok := r.Value(last)
		switch {
		case !ok:
			continue
		case !r.Holds(value):
			w.held[i] = 0
			continue
		}
		if w.held[i] += time.Second; w.held[i] >= r.For {
			return &abortError{r, value}
		}
	}
	return nil
}
