package capacity

import (
	"context"
	"errors"
	"fmt"
	"math"

	"rdiostress/internal/report"
	"rdiostress/internal/units"
)

// StepRunner holds one rate until it is known whether the server sustains it. careful means that the rate may be the
// answer, long that it is held for as long as the confirmation takes. The error says why no more rates can be held, for
// example because ctx has ended. A step with a rate that comes with an error was made before it, and counts.
type StepRunner interface {
	RunStep(ctx context.Context, ratePerS float64, careful, long bool) (report.CapacityStep, error)
}

// Options are the limits of the search.
type Options struct {
	StartPerS float64 // the first rate
	MaxPerS   float64 // the maximum rate
	Precision float64 // the search ends when the highest good and lowest bad rate are this close, as a share
}

const (
	factor     = 2    // growth of the rate until one breaks
	leastRate  = 0.05 // calls per second; a server below this has no capacity
	mostFinals = 5    // failed final holds before the search gives up
	stepDown   = 1.25 // minimum reduction after a failed final hold
)

// Search finds the highest rate that the server sustains: it doubles the rate until one breaks, halves the gap between
// the highest good and the lowest bad rate until they are close, and confirms the good one with a long hold. A rate
// that breaks while the generator is at its limit says nothing about the server, and ends the search without a
// capacity.
func Search(ctx context.Context, r StepRunner, o Options) (report.CapacityResult, []report.CapacityStep) {
	s := search{runner: r, options: o, bad: math.Inf(1)}
	s.run(ctx)
	if s.result.CapacityPerS == nil && s.good > 0 {
		s.result.AtLeastPerS = &s.good
	}
	return s.result, s.steps
}

type search struct {
	runner    StepRunner
	options   Options
	good, bad float64             // the highest rate that was held and the lowest that was not
	broke     report.CapacityStep // the step at bad
	steps     []report.CapacityStep
	long      []bool // whether each step was held for as long as a final one
	result    report.CapacityResult
}

func (s *search) run(ctx context.Context) {
	for finals := 0; ; {
		rate, final := s.next()
		switch {
		case rate < leastRate:
			s.result.Reason = "the server does not even take " + units.CallRate(s.bad)
			s.recordBroken()
			return
		case final && finals == mostFinals:
			s.result.Reason = fmt.Sprintf("no rate was held twice: %d that were good at first broke when they were "+
				"held for longer", finals)
			s.recordBroken()
			return
		}
		if final {
			finals++
		}
		careful := !math.IsInf(s.bad, 1)
		long := final || finals > 0
		step, err := s.runner.RunStep(ctx, rate, careful, long)
		if err != nil {
			s.cutShort(step, final, long)
			s.result.Reason = ending(ctx, err)
			s.recordBroken()
			return
		}
		s.addStep(step, final, long)
		switch {
		case step.Broke == report.BrokeUnseen:
			s.result.Reason = fmt.Sprintf("storage was not observed at %s: %s", units.CallRate(rate),
				step.BrokeWords)
			s.recordBroken()
			return
		case step.OK && final:
			s.confirm(step)
			return
		case step.OK:
			s.good = max(s.good, rate)
		case len(step.Limits) > 0:
			s.result.Limited = true
			s.result.Reason = fmt.Sprintf("the generator was the limit at %s: %s", units.CallRate(rate), step.Limits[0])
			return
		default:
			s.breaks(step)
		}
	}
}

// addStep appends a step.
func (s *search) addStep(step report.CapacityStep, final, long bool) {
	step.Final = final
	s.steps, s.long = append(s.steps, step), append(s.long, long)
}

// cutShort adds a step that broke and could not be repeated, if there is one.
func (s *search) cutShort(step report.CapacityStep, final, long bool) {
	if step.RatePerS == 0 {
		return
	}
	s.addStep(step, final, long)
	if !step.OK && len(step.Limits) == 0 && step.Broke != report.BrokeUnseen {
		s.breaks(step)
	}
}

// ending says why a rate could not be held: because ctx has ended, which the error may not mention, or for another
// reason.
func ending(ctx context.Context, err error) string {
	switch cause := context.Cause(ctx); {
	case cause == nil:
		return err.Error()
	case errors.Is(cause, context.Canceled):
		return "it was interrupted"
	default:
		return cause.Error()
	}
}

// next returns the next rate to hold, and whether the gap is small enough to confirm the answer.
func (s *search) next() (rate float64, final bool) {
	o := s.options
	switch {
	case len(s.steps) == 0:
		return min(o.StartPerS, o.MaxPerS), false
	case s.good == 0:
		return s.bad / factor, false
	case math.IsInf(s.bad, 1) && s.good < o.MaxPerS:
		return min(s.good*factor, o.MaxPerS), false
	case !math.IsInf(s.bad, 1) && s.bad > s.good*(1+o.Precision):
		return math.Sqrt(s.good * s.bad), false
	default:
		return s.good, true
	}
}

// breaks handles a rate that broke. If it was good before, it was not held for long enough to break, and rates close to
// it may not have been either.
func (s *search) breaks(step report.CapacityStep) {
	s.bad, s.broke = step.RatePerS, step
	s.good = 0
	short := !s.long[len(s.long)-1]
	for i, past := range s.steps {
		if past.OK && past.RatePerS < s.bad && (short || s.long[i] || past.RatePerS <= s.bad/stepDown) {
			s.good = max(s.good, past.RatePerS)
		}
	}
}

// confirm handles the hold that confirms the answer. If nothing broke, there is no capacity.
func (s *search) confirm(step report.CapacityStep) {
	s.result.Confirmed = true
	if math.IsInf(s.bad, 1) {
		s.result.Reason = fmt.Sprintf("nothing broke up to %s, the highest rate that was to be tried",
			units.CallRate(s.good))
		return
	}
	taken := min(step.AcceptedPerS, step.RatePerS) // a higher count in a second is chance
	r := &s.result
	r.CapacityPerS, r.LowPerS, r.OfferedPerS = &taken, &taken, &step.RatePerS
	s.recordBroken()
}

// recordBroken records what is known of the rates that break.
func (s *search) recordBroken() {
	if math.IsInf(s.bad, 1) {
		return
	}
	s.result.HighPerS = &s.bad
	s.result.Broke, s.result.AllBroke, s.result.BrokeWords = s.broke.Broke, s.broke.AllBroke, s.broke.BrokeWords
	if s.result.LowPerS == nil && s.good > 0 {
		s.result.LowPerS = &s.good
	}
}
