package load

import (
	"fmt"
	"sync"
	"time"

	"rdiostress/internal/measure"
)

// Phase is a part of a run with a load of its own.
type Phase struct {
	Name    string
	Scored  bool  // whether it counts in the score
	Shape   Shape // calls per second in the open model, uploaders in the closed
	batches bool  // the guide's batches instead of a shape
	apart   bool  // intentional duplicates, sent among the calls of the others
}

// maxOtherPhases is how many phases there are beside stages at most.
const maxOtherPhases = 4

// load is the phase's load in words.
func (p *Phase) load(s *Scenario) string {
	switch {
	case p.apart && s.Replay.Archive != nil:
		return "calls that were recorded twice"
	case p.apart:
		return fmt.Sprintf("%.4g %% of the calls", s.DuplicateRatio*100)
	case s.Replay.Archive != nil:
		return fmt.Sprintf("as recorded, in the mean %.3g calls/s", s.Replay.rate())
	case len(p.Shape) > 1:
		return fmt.Sprintf("a day's curve up to %.6g calls/s", p.Shape.Max())
	case p.batches:
		return fmt.Sprintf("batches of 1, 6, 11 … up to %d uploads at once", s.MaxConcurrent)
	}
	unit := "uploaders"
	if s.Open() {
		unit = "calls/s"
	}
	g := p.Shape[0]
	if g.From == g.To {
		return fmt.Sprintf("%.6g %s", g.To, unit)
	}
	return fmt.Sprintf("%.6g to %.6g %s", g.From, g.To, unit)
}

// phases are the parts of the run in order: the guide's batches, the ramp and the warm-up, which do not count, and then
// either the stages or the sustained part.
func (s *Scenario) phases() (all []Phase) {
	var phases []Phase
	add := func(name string, scored bool, length time.Duration, from, to float64) {
		if length > 0 {
			phases = append(phases, Phase{Name: name, Scored: scored, Shape: Shape{{length, from, to}}})
		}
	}
	if s.Guide {
		phases = append(phases, Phase{Name: "batches", batches: true})
	}
	if s.DuplicateRatio > 0 || s.Replay.Archive != nil {
		defer func() { all = append(all, Phase{Name: "duplicates", apart: true}) }()
	}
	level := s.level()
	add("ramp-up", false, s.RampUp, 0, level)
	add("warm-up", false, s.WarmUp, level, level)
	if s.Day.On && s.Duration > 0 {
		return append(phases, Phase{Name: "sustained", Scored: true, Shape: s.Day.shape(s.Rate, s.Duration)})
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

// level is the load that the run is at before its stages, or that it sustains.
func (s *Scenario) level() float64 {
	switch {
	case len(s.Stages) > 0:
		return s.Stages[0].From
	case s.Replay.Archive != nil:
		return s.Replay.rate()
	case s.Open():
		return s.Rate
	default:
		return float64(s.MaxConcurrent)
	}
}

// Length is how long calls are sent in all, but for the guide's batches, whose length depends on the server.
func (s *Scenario) Length() time.Duration { return shapeOf(s.phases()).Length() }

// leadIn is how long what comes before the shape may take, on a slow server.
func (s *Scenario) leadIn() time.Duration {
	if s.Guide {
		return 10 * time.Minute
	}
	return 0
}

// shapeOf strings the phases' shapes together.
func shapeOf(phases []Phase) (shape Shape) {
	for _, p := range phases {
		shape = append(shape, p.Shape...)
	}
	return shape
}

// arrivals says when the open model's calls are due.
func (s *Scenario) arrivals(shape Shape) Schedule {
	if s.Replay.Archive != nil {
		return &s.Replay
	}
	arrivals := NewArrivals(shape)
	if s.Arrival == Poisson {
		arrivals = NewPoissonArrivals(shape, s.Seed)
	}
	arrivals.echo = Echo{s.DuplicateRatio, s.Seed}
	return arrivals
}

const (
	guideStep    = 5               // by which the guide's batches grow
	guideBroken  = 0.8             // success rate under which it takes the server for broken
	guidePause   = 5 * time.Second // between the batches and the sustained part
	guideMaximum = 10_000          // uploaders; the batches grow with the square
)

// runGuide runs the batches of the guide's original script: 1, 6, 11 … uploads at once, until fewer than 80 % of a batch
// succeed or the largest number of uploaders is reached; then a pause.
func (s *sender) runGuide() *measure.Guide {
	guide := &measure.Guide{}
	began := s.beginBatches()
	for n := 1; n <= len(s.workers) && !s.interrupted(); n += guideStep {
		batch := s.runBatch(n)
		guide.Batches = append(guide.Batches, batch)
		if float64(batch.Accepted) < guideBroken*float64(batch.Attempted) {
			guide.BreakingPoint = &batch.Concurrent
			break
		}
	}
	s.before[s.workers[0].phase].Length = s.elapsed() - began
	select {
	case <-time.After(guidePause):
	case <-s.interrupt:
	}
	return guide
}

// beginBatches puts all workers into the phase of the batches, which comes before the shape, and returns when it begins.
func (s *sender) beginBatches() time.Duration {
	s.before = make([]measure.TimeSpan, len(s.phases))
	began := s.elapsed()
	for i, p := range s.phases {
		if !p.batches {
			continue
		}
		s.before[i].Start = began
		for _, w := range s.workers {
			w.phase = i
		}
	}
	return began
}

// runBatch has n workers send one call each, all at once.
func (s *sender) runBatch(n int) measure.Batch {
	began := s.elapsed()
	var sending sync.WaitGroup
	for _, c := range s.crews {
		sending.Go(func() { c.runBatch(n) })
	}
	for _, w := range s.workers[:n] {
		if s.crews == nil {
			sending.Go(func() { w.sendOne() })
		}
	}
	sending.Wait()
	b := measure.Batch{Concurrent: n}
	for _, w := range s.workers[:n] {
		if w.outcome.Done < began {
			continue // interrupted before there was a unique call
		}
		b.Attempted++
		if w.outcome.Class == measure.Accepted {
			b.Accepted++
		}
	}
	b.DurationS = (s.elapsed() - began).Seconds()
	return b
}

// sendOne sends a call that is due now.
func (w *worker) sendOne() {
	w.send(w.next.Add(1)-1, w.elapsed(), measure.NoLag)
}
