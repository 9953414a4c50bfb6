package mischief

import (
	"context"
	"slices"
	"time"

	"rdiostress/internal/clock"
	"rdiostress/internal/measure"
	"rdiostress/internal/scenario"
	"rdiostress/internal/schedule"
)

// plan is when mischief is on during the run.
type plan struct {
	shape    schedule.Shape
	open     bool
	scored   time.Duration // where the scored part begins
	from, to time.Duration
	absent   string // why good calls cannot be compared
}

const (
	// quietShare is the share of the scored part at either end that is without mischief. There is one at both ends, so
	// that a server that slows down as it fills up affects both sides of the comparison.
	quietShare = 0.15
	mostQuiet  = 30 * time.Second
	// leastCompared is the shortest scored part that has some whole seconds with and without mischief.
	leastCompared = 20 * time.Second
)

func newPlan(s *scenario.Scenario) plan {
	p := plan{shape: s.Shape(), open: s.Open(), scored: s.RampUp + s.WarmUp}
	p.from, p.to = p.scored, p.shape.Length()
	switch length := p.to - p.from; {
	case len(s.Stages) > 0:
		p.absent = "the load changes with the stages, and good calls with it"
	case s.Retries.On, s.RealClients:
		p.absent = "the response times of calls that are sent again or late have the pauses in them"
	case s.Total > 0:
		p.absent = "the run ends after a number of calls, so that its end is not known beforehand"
	case length < leastCompared:
		p.absent = "the run is too short to leave some of it without mischief: 20 s are enough"
	default:
		quiet := min(time.Duration(quietShare*float64(length)), mostQuiet)
		p.from, p.to = p.from+quiet, p.to-quiet
	}
	return p
}

// poll is how often the closed model is asked for its progress.
const poll = 50 * time.Millisecond

// waitFor waits until a number of good calls since mischief began were due, or in the closed model were sent. It
// returns false if mischief ends before.
func (s *sender) waitFor(ctx context.Context, calls float64) bool {
	if s.plan.open {
		due := s.plan.shape.Time(s.plan.shape.Area(s.plan.from) + calls)
		return due < s.plan.to && clock.Wait(time.Until(s.Start.Add(due)), ctx.Done(), s.stopping)
	}
	for s.sentSince(s.plan.from) < calls {
		if !clock.Wait(poll, ctx.Done(), s.stopping) {
			return false
		}
	}
	select {
	case <-s.stopping:
		return false
	default:
		return ctx.Err() == nil
	}
}

// sentSince estimates how many good uploads were sent since a time. It extrapolates the last second of the run.
func (s *sender) sentSince(from time.Duration) float64 {
	now := s.Calls()
	perSecond := now.Last.PerSecond
	ahead := min(time.Since(s.Start)-now.Elapsed, time.Second).Seconds() * perSecond
	if now.Elapsed < from {
		return 0
	}
	before := now.Attempts
	if from == 0 {
		before = 0
	}
	s.before.CompareAndSwap(nil, &before)
	return float64(now.Attempts) + ahead - float64(*s.before.Load())
}

// moment is how many seconds late one of the run's seconds may end and still count as that second.
const moment = 0.25

// leastSeconds is how many seconds with and without mischief a comparison needs.
const leastSeconds = 3

// compareGoodCalls compares the run's good calls without and with mischief, which ended at a given time.
func (p *plan) compareGoodCalls(series []measure.Point, ended time.Duration) measure.GoodCalls {
	if p.absent != "" {
		return measure.GoodCalls{Absent: p.absent}
	}
	// The first second includes the cost of opening all connections. Seconds end slightly late, and the second after
	// the last misbehaving upload includes the good calls that it held up.
	begin, from, end := p.scored.Seconds()+1, p.from.Seconds()+moment, p.shape.Length().Seconds()+moment
	after := max(p.to, ended).Seconds() + 1
	var without, with []measure.Point
	for _, point := range series {
		start, over := point.TS, point.TS+point.WidthS
		switch {
		case silent(point) && point.InFlight == 0:
		case start >= begin && over <= from, start >= after && over <= end:
			without = append(without, point)
		case start >= p.from.Seconds() && start < after:
			with = append(with, point)
		}
	}
	if len(without) < leastSeconds || len(with) < leastSeconds {
		return measure.GoodCalls{
			Absent: "the run ended before there were some seconds of good calls without mischief and some with it",
		}
	}
	return measure.GoodCalls{Without: sum(without), With: sum(with)}
}

// silent reports whether no upload ended in a second.
func silent(p measure.Point) bool { return p.Attempted+p.FailedAttempts == 0 }

// sum summarises seconds of a run.
func sum(points []measure.Point) *measure.GoodSeconds {
	g := &measure.GoodSeconds{}
	var means []float64
	for _, p := range points {
		if silent(p) {
			g.Silent++
			continue
		}
		g.Seconds++
		g.Attempted += p.Attempted
		g.Accepted += p.Accepted
		if p.MeanS != nil {
			means = append(means, *p.MeanS)
			g.MeanS += *p.MeanS * float64(p.Accepted)
		}
	}
	if g.Accepted > 0 {
		g.MeanS /= float64(g.Accepted)
	}
	if g.Attempted > 0 {
		share := float64(g.Accepted) / float64(g.Attempted)
		g.SuccessRate = &share
	}
	if len(means) > 0 {
		g.MedianS, g.HighestS = measure.Quantile(means, 0.5), slices.Max(means)
		g.MeanS = min(g.MeanS, g.HighestS) // a rounding error may lift it
	}
	return g
}
