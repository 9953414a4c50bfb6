package capacity

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"rdiostress/internal/field"
	"rdiostress/internal/measure"
	"rdiostress/internal/report"
	"rdiostress/internal/trial"
	"rdiostress/internal/trial/event"
)

// Plan is a complete description of a search.
type Plan struct {
	// Trial is the plan of each step, without its load: MaxConcurrent is the maximum number of uploads in flight in a
	// step.
	Trial trial.Plan

	Objectives  []report.Objective
	StartPerS   float64 // the first rate
	MaxPerS     float64 // the maximum; 0: limited by the number of unique calls
	Precision   float64 // the search ends when the highest good and lowest bad rate are this close, as a share
	MaxTime     time.Duration
	MaxTimeText string        // how the reason describes MaxTime if it ends the search; empty: as a duration
	ConfirmFor  time.Duration // how long the answer is held for confirmation
}

// The values of report.CapacityResult.Verified that are no delivery method.
const (
	VerifiedByMetrics = "metrics" // by the server's own count of stored calls
	NotVerified       = "none"
)

// Outcome is the outcome of a search.
type Outcome struct {
	report.Capacity         // without its tool and exit code
	TimeUp          bool    // the time was up before the search was complete
	MostPerS        float64 // the highest rate that a step could have sent
	CallsLeft       uint64  // calls that the server has of the search, with those before the first step
	CallsLeftAtMost bool    // it may have fewer: what is stored was not always seen
	CallsWereLimit  bool    // no rate broke, and there are too few unique calls for a higher one
}

// ErrTimeUp means that a search has reached its time limit.
var ErrTimeUp = errors.New("the time was up")

// Run makes a search. When ctx ends, the answer is what is known so far; the error says why nothing is. The environment
// says how the bundled server is started, or has a running one, which the search leaves running. The search itself sets
// everything else that trials share.
func Run(ctx context.Context, p Plan, env trial.Environment, observer Observer) (Outcome, error) {
	began := time.Now()
	out := Outcome{Capacity: report.Capacity{
		Schema: report.CapacitySchema, Run: report.CapacityRun{ID: trial.NewRunID(), StartedAt: began.UTC()},
		Objectives: p.Objectives, Search: &report.CapacitySearch{
			StartPerS: p.StartPerS, MaxPerS: p.MaxPerS, MaxTimeS: p.MaxTime.Seconds(), HoldS: p.ConfirmFor.Seconds(),
			Precision: p.Precision, MaxConcurrent: p.Trial.Scenario.MaxConcurrent,
		},
	}}
	s := &stepper{
		Plan: p, env: env, observer: observer, began: began,
		slots: min(firstSlots, p.Trial.Scenario.MaxConcurrent),
	}
	s.Trial.Verification = stepVerification(p.Trial.Verification)
	defer s.stopServer()
	if err := s.prepare(ctx, &out); err != nil {
		return out, err
	}
	defer s.env.Session.Watch.Stop()
	limited, cancel := context.WithTimeoutCause(ctx, p.MaxTime,
		fmt.Errorf("%w (%s)", ErrTimeUp, cmp.Or(p.MaxTimeText, p.MaxTime.String())))
	defer cancel()
	out.Result, out.Steps = Search(limited, s, Options{
		StartPerS: p.StartPerS, MaxPerS: out.MostPerS, Precision: p.Precision,
	})
	out.Run.RunIDs = append([]string{out.Run.ID}, s.runIDs...)
	out.CallsLeft, out.CallsLeftAtMost = s.left+out.Target.CallsBefore, s.leftAtMost
	if p := out.Priming; p != nil {
		out.CallsLeft += p.Accepted
	}
	if s.err != nil && limited.Err() == nil { // if out of time or interrupted, report what is known
		return out, s.err
	}
	out.TimeUp = limited.Err() != nil
	s.env.Session.Watch.Stop()
	out.Run.DurationS, out.Run.Interrupted = time.Since(began).Seconds(), ctx.Err() != nil
	s.fillReport(&out)
	return out, nil
}

// prepare starts the server if requested, learns its settings and opens the watch.
func (s *stepper) prepare(ctx context.Context, out *Outcome) error {
	if s.started = s.Trial.Bundled != nil && s.env.Server == nil; s.started {
		s.observer.Observe(Preparation{event.Preparing{Activity: event.StartingServer}})
	}
	if err := s.env.StartServer(ctx, &s.Trial); err != nil {
		return err
	}
	s.checkMachine()
	if s.env.Server != nil {
		s.Trial.Scenario.URL = s.env.Server.URL()
	}
	out.Target.URLs = s.Trial.Scenario.PublicURLs()
	out.Target.URL, out.Target.Bundled = s.Trial.Scenario.PublicURL(), s.Trial.Bundled != nil
	plan := s.Trial
	plan.Scenario.Rate, plan.Scenario.Duration = 0, s.MaxTime // the number of calls is not known
	session, err := s.env.Prepare(ctx, plan, out.Run.ID, trial.ObserverFunc(func(e event.Event) {
		if found, ok := e.(event.StorageFound); ok {
			s.found = found
		}
		s.observer.Observe(Preparation{e})
	}))
	if err != nil {
		return err
	}
	s.env.Session, out.Priming = session, session.Learned.Priming
	session.Learned.Fill(&out.Target)
	out.MostPerS = s.mostPerS()
	session.Watch.Start(ctx, s.began)
	s.noteVerified(session.Learned.Storage)
	return nil
}

// stopServer stops the bundled server if the search has started it.
func (s *stepper) stopServer() {
	if !s.started || s.env.Server == nil {
		return
	}
	for _, problem := range s.env.Server.Stop() {
		s.observer.Observe(Preparation{event.Warning{Text: field.Messagef("%s", problem)}})
	}
}

// mostPerS returns how many calls per second a step can send without duplicates.
func (s *stepper) mostPerS() float64 {
	scenario := s.env.Session.Learned.Apply(s.Trial.Scenario)
	// The steps share one calendar, made for the whole search.
	scenario.Rate, scenario.Duration = s.StartPerS, s.MaxTime+s.ConfirmFor
	most := scenario.MostPerSecond()
	if s.MaxPerS > 0 {
		most = min(most, s.MaxPerS)
	}
	return most
}

// fillReport writes what was requested and observed to the report.
func (s *stepper) fillReport(out *Outcome) {
	if s.verified == NotVerified && s.env.Session.Learned.AcknowledgesFirst {
		out.Result.Queues()
	}
	scenario := s.env.Session.Learned.Apply(s.Trial.Scenario)
	scenario.Rate, scenario.MaxConcurrent = s.StartPerS, s.slots
	out.Scenario, out.Result.Verified = scenario.Record(), s.verified
	out.Scenario.RatePerS, out.Scenario.DurationS = 0, 0 // each step has its own
	s.Trial.Verification.Record(&out.Scenario)
	out.Scenario.VerifyMaxS = 0 // the time of the search is the limit
	var seen measure.Result
	s.env.Session.Watch.Fill(&seen)
	out.Watch = seen.Watch
	out.Steps, out.Warnings = withRepeated(out.Steps, s.repeated), s.machine.warnings()
	last := out.Result.AtLeastPerS
	out.CallsWereLimit = out.Result.CapacityPerS == nil && last != nil && *last >= out.MostPerS && s.MaxPerS == 0
}

// withRepeated returns all steps in the order in which they were made, including those that were repeated.
func withRepeated(counted, repeated []report.CapacityStep) []report.CapacityStep {
	steps := slices.Concat([]report.CapacityStep{}, counted)
	for _, s := range repeated {
		s.Repeated = true
		steps = append(steps, s)
	}
	slices.SortStableFunc(steps, func(a, b report.CapacityStep) int { return cmp.Compare(a.StartS, b.StartS) })
	return steps
}
