package junit

import (
	"fmt"
	"io"
	"slices"
	"strconv"

	"rdiostress/internal/judge"
	"rdiostress/internal/report"
	"rdiostress/internal/units"
)

// WriteCapacity writes the results of a search for a capacity.
func WriteCapacity(out io.Writer, rep report.Capacity) error {
	w := &writer{
		about: rep.Tool.Name + " capacity " + rep.Run.ID, class: "rdiostress.capacity", started: rep.Run.StartedAt,
	}
	w.identify(rep.Tool, rep.Run.ID, &rep.Target)
	w.result(&rep)
	w.objectives(&rep)
	return w.write(out)
}

// result has the capacity, which took the whole search, and whether it was seen that storage keeps up.
func (w *writer) result(rep *report.Capacity) {
	r, found := &rep.Result, rep.Outcome()
	s := w.suite("result")
	s.property("scenario.client", rep.Scenario.Client)
	s.number("capacity_calls_per_s", r.CapacityPerS)
	s.number("low_calls_per_s", r.LowPerS)
	s.number("high_calls_per_s", r.HighPerS)
	s.number("at_least_calls_per_s", r.AtLeastPerS)
	s.number("accepted_calls_per_s", r.AcceptedPerS)
	s.property("storage", r.Verified)
	s.property("exit_code", strconv.Itoa(r.ExitCode))
	why := fmt.Sprintf("%s %s (exit code %d)", found.Word, found.Head, r.ExitCode)
	s.check(w.class, "capacity", rep.Run.DurationS, kindOf(r.ExitCode), why,
		slices.Concat(found.Reasons, found.Warnings)...)
	if r.StorageUnseen() {
		s.check(w.class, "storage keeps up", 0, skipped, "storage was not seen: accepted is the server's word")
		return
	}
	if r.CapacityPerS != nil || r.AtLeastPerS != nil {
		s.check(w.class, "storage keeps up", 0, passed, "storage kept up, as seen by "+r.Verified)
	}
}

// objectives has a case for each objective: whether the highest rate that was held met it. Where none was held, those
// that the lowest rate missed have failed.
func (w *writer) objectives(rep *report.Capacity) {
	s, class := w.suite("objectives"), w.class+".objectives"
	held, lowest := extremes(rep.Steps)
	for _, o := range rep.Objectives {
		switch {
		case held != nil:
			s.check(class, o.String(), 0, passed, objectiveText(o, held), brokeText(o, rep)...)
		case lowest != nil && missed(o, lowest) && kindOf(rep.Result.ExitCode) != passed:
			s.check(class, o.String(), 0, failed, objectiveText(o, lowest)+", missed")
		default:
			s.check(class, o.String(), 0, skipped, o.Title()+": no rate was held, and it is not known if this is why")
		}
	}
}

// extremes returns the step of the highest rate that was held, and that of the lowest that counts; nil without any.
func extremes(steps []report.CapacityStep) (held, lowest *report.CapacityStep) {
	for i := range steps {
		s := &steps[i]
		if s.Repeated {
			continue
		}
		if s.OK && (held == nil || s.RatePerS >= held.RatePerS) {
			held = s
		}
		if lowest == nil || s.RatePerS < lowest.RatePerS {
			lowest = s
		}
	}
	return held, lowest
}

// missed reports whether a step missed an objective.
func missed(o report.Objective, s *report.CapacityStep) bool {
	return s.Broke == o.Name || slices.Contains(s.AllBroke, o.Name)
}

// objectiveText says what a step had, and what is required.
func objectiveText(o report.Objective, s *report.CapacityStep) string {
	t := judge.Threshold{Name: o.Name, Unit: o.Unit, Op: o.Op, Limit: o.Limit, Value: figure(o.Name, s)}
	return fmt.Sprintf("%s %s at %s, must be %s", judge.ThresholdTitle(o.Name), judge.ValueText(t),
		units.CallRate(s.RatePerS), o.LimitText())
}

// brokeText says at which rate an objective broke, if it did.
func brokeText(o report.Objective, rep *report.Capacity) []string {
	r := &rep.Result
	if r.HighPerS == nil || r.Broke != o.Name && !slices.Contains(r.AllBroke, o.Name) {
		return nil
	}
	return []string{fmt.Sprintf("it broke at %s: %s", units.CallRate(*r.HighPerS), r.BrokeWords)}
}

// figure returns what a step has of the figure of an objective; nil if it is not known.
func figure(name string, s *report.CapacityStep) *float64 {
	switch name {
	case judge.SuccessRate:
		return s.SuccessRate
	case report.ErrorRate:
		if s.SuccessRate == nil {
			return nil
		}
		return new(1 - *s.SuccessRate)
	case judge.MeanResponse:
		return s.MeanS
	case report.P50Response:
		return s.P50S
	case report.P90Response:
		return s.P90S
	case judge.P95Response:
		return s.P95S
	case report.P99Response:
		return s.P99S
	default: // of a later version
		return nil
	}
}
