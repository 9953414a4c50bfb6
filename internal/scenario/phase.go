package scenario

import (
	"fmt"
	"time"

	"rdiostress/internal/schedule"
	"rdiostress/internal/units"
)

// Phase is a part of a run that has its own load.
type Phase struct {
	Name     string
	Scored   bool           // whether it counts in the score
	Shape    schedule.Shape // calls per second in the open model, uploaders in the closed model
	Batches  bool           // it has the guide's batches instead of a shape
	Separate bool           // it has the intentional duplicates, which are sent during the other phases
}

// maxOtherPhases is the largest number of phases that are not stages.
const maxOtherPhases = 4

// Describe returns the load of the phase in words.
func (p *Phase) Describe(s *Scenario) string {
	switch {
	case p.Separate && s.Replay.On():
		return "calls that were recorded twice"
	case p.Separate:
		return units.Given(s.DuplicateRatio*100) + " % of the calls"
	case s.Replay.On():
		return "as recorded, in the mean " + units.CallRate(s.Replay.Rate())
	case len(p.Shape) > 1:
		return "a day's curve up to " + units.Given(p.Shape.Max()) + " calls/s"
	case p.Batches:
		return fmt.Sprintf("batches of 1, 6, 11 … up to %d uploads at once", s.MaxConcurrent)
	}
	unit := "uploaders"
	if s.Open() {
		unit = "calls/s"
	}
	g := p.Shape[0]
	if g.From == g.To {
		return units.Given(g.To) + " " + unit
	}
	return units.Given(g.From) + " to " + units.Given(g.To) + " " + unit
}

// Phases returns the phases of the run in order: the guide's batches, the ramp-up and the warm-up, which are not
// scored, and then either the stages or the sustained part. Intentional duplicates come last.
func (s *Scenario) Phases() (all []Phase) {
	var phases []Phase
	add := func(name string, scored bool, length time.Duration, from, to float64) {
		if length > 0 {
			phases = append(phases,
				Phase{Name: name, Scored: scored, Shape: schedule.Shape{{Length: length, From: from, To: to}}})
		}
	}
	if s.Guide {
		phases = append(phases, Phase{Name: "batches", Batches: true})
	}
	if s.DuplicateRatio > 0 || s.Replay.On() {
		defer func() { all = append(all, Phase{Name: "duplicates", Separate: true}) }()
	}
	level := s.level()
	add("ramp-up", false, s.RampUp, 0, level)
	add("warm-up", false, s.WarmUp, level, level)
	if s.Day.On && s.Duration > 0 {
		return append(phases, Phase{Name: "sustained", Scored: true, Shape: s.Day.Shape(s.Rate, s.Duration)})
	}
	if len(s.Stages) == 0 {
		add("sustained", true, s.Duration, level, level)
		return phases
	}
	for i, g := range s.Stages {
		add(fmt.Sprintf("stage %d", i+1), true, g.Length, g.From, g.To)
	}
	return phases
}

// level returns the load that the run sustains, or has before its stages.
func (s *Scenario) level() float64 {
	switch {
	case len(s.Stages) > 0:
		return s.Stages[0].From
	case s.Replay.On():
		return s.Replay.Rate()
	case s.Open():
		return s.Rate
	default:
		return float64(s.MaxConcurrent)
	}
}

// Shape returns the load over the whole run.
func (s *Scenario) Shape() schedule.Shape { return ShapeOf(s.Phases()) }

// Length returns how long calls are sent. It does not include the guide's batches, whose length depends on the server.
func (s *Scenario) Length() time.Duration { return ShapeOf(s.Phases()).Length() }

// LeadIn returns how long the part before the shape may take against a slow server.
func (s *Scenario) LeadIn() time.Duration {
	if s.Guide {
		return 10 * time.Minute
	}
	return 0
}

// ShapeOf joins the shapes of phases.
func ShapeOf(phases []Phase) (shape schedule.Shape) {
	for _, p := range phases {
		shape = append(shape, p.Shape...)
	}
	return shape
}

// Arrivals returns when the synthetic calls of the open model are due.
func (s *Scenario) Arrivals(shape schedule.Shape) *schedule.Arrivals {
	arrivals := schedule.NewConstant(shape)
	if s.Arrival == Poisson {
		arrivals = schedule.NewPoisson(shape, s.Seed)
	}
	arrivals.Duplicates = s.Duplicates()
	return arrivals
}

// Duplicates returns which calls are intentional duplicates.
func (s *Scenario) Duplicates() schedule.Duplicates {
	return schedule.Duplicates{Ratio: s.DuplicateRatio, Seed: s.Seed}
}

// guideMaximum is the largest number of uploaders of the guide's batches. The number of calls grows with its square.
const guideMaximum = 10_000
