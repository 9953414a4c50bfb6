package capacity

import (
	"context"
	"math"
	"time"

	"rdiostress/internal/clock"
	"rdiostress/internal/measure"
	"rdiostress/internal/report"
	"rdiostress/internal/trial"
	"rdiostress/internal/trial/event"
)

const (
	drainEvery = 500 * time.Millisecond
	minPause   = time.Second     // between two steps
	blindPause = 5 * time.Second // if the server cannot be observed
	idlePolls  = 2               // polls in a row that must find the server idle
	maxAge     = 3 * time.Second // a reading of stored calls is stale after that
)

// noteVerified records how storage is verified, given the method by which single calls are looked up.
func (s *stepper) noteVerified(method string) {
	_, counted := s.storedSince(0)
	switch {
	case method != "":
		s.verified = method
	case counted:
		s.verified = VerifiedByMetrics
	default:
		s.verified = NotVerified
	}
}

// storedSince returns the server's own count of stored calls, if it was read after a time since the start of the
// search.
func (s *stepper) storedSince(since time.Duration) (float64, bool) {
	return s.env.Session.Watch.LatestOf(measure.StoredCalls, since)
}

// awaitCount returns the server's own count of stored calls, read after now, so that a step does not begin with a count
// from before the last backlog was stored. It is negative if the server shows none.
func (s *stepper) awaitCount(ctx context.Context) float64 {
	now := time.Since(s.began)
	if _, counts := s.storedSince(0); !counts {
		return -1
	}
	for ctx.Err() == nil && time.Since(s.began) < now+maxAge {
		if stored, ok := s.storedSince(now); ok {
			return stored
		}
		_ = clock.Sleep(ctx, drainEvery/10)
	}
	return -1
}

// measureIdleCPU waits, before the first step, until the server was read, and records its processor use without load.
func (s *stepper) measureIdleCPU(ctx context.Context) {
	const long = 2500 * time.Millisecond // two readings of processor time, each for the second before
	s.observer.Observe(AwaitingIdle{First: true})
	lowest := math.Inf(1)
	for began := time.Now(); ctx.Err() == nil && time.Since(began) < long; _ = clock.Sleep(ctx, drainEvery) {
		if cpu, ok := s.env.Session.Watch.LatestOf(measure.CPU, 0); ok {
			lowest = min(lowest, cpu)
		}
	}
	if !math.IsInf(lowest, 1) {
		s.env.Session.RestingCPU = lowest
	}
}

// backlog returns how many calls are accepted but not stored; NaN if that was not observed in the step, or not
// recently.
func (t *step) backlog(now *event.Second) float64 {
	if p := now.Storage; p != nil {
		if p.Err != nil || p.At == 0 || now.Elapsed-p.At > max(maxAge, 2*p.Every) {
			return math.NaN()
		}
		return float64(p.Backlog)
	}
	stored, ok := t.storedSince(max(t.began, time.Since(t.stepper.began)-maxAge))
	if !ok || t.before < 0 {
		return math.NaN()
	}
	return max(float64(now.Accepted)-(stored-t.before), 0)
}

// fillDelivery writes to a step what became of its calls. replyS is when its last reply came.
func (t *step) fillDelivery(done *report.CapacityStep, d *measure.Delivery, replyS float64) {
	if d.Method == "" {
		return
	}
	done.BacklogEnd, done.DrainS, done.Pending, done.Lost = d.BacklogEnd, d.DrainS, d.Pending, d.Lost
	if done.Pending == nil {
		done.Unseen = d.Absent
		return
	}
	if *done.Pending > 0 { // the wait ended before they were stored
		waited := max(time.Since(t.stepper.began).Seconds()-done.StartS-replyS, 0)
		done.DrainS = &waited
	}
}

// drain waits until the server has stored all accepted calls, by its own count, if the step's calls are not looked up
// one by one: until the backlog is gone, or has stood still for as long as the plan says. It writes the result to the
// step.
func (t *step) drain(ctx context.Context, done *report.CapacityStep) {
	if t.verified != VerifiedByMetrics {
		return
	}
	if t.before < 0 {
		done.Unseen = "the server's count of stored calls could not be read before the step"
		return
	}
	ended := time.Since(t.stepper.began)
	least, leastAt := math.Inf(1), ended
	for {
		now := time.Since(t.stepper.began)
		stored, seen := t.storedSince(ended)
		backlog := max(float64(done.Accepted)-(stored-t.before), 0)
		if seen {
			if done.BacklogEnd == nil {
				atEnd := uint64(backlog)
				done.BacklogEnd = &atEnd
			}
			if backlog < least {
				least, leastAt = backlog, now
			}
		}
		still := now-leastAt >= t.Trial.Verification.Timeout
		if ctx.Err() == nil && !still && (!seen || backlog > 0) {
			if !math.IsInf(least, 1) {
				t.observer.Observe(AwaitingCount{done.RatePerS, now - ended, uint64(least), done.Accepted})
			}
			_ = clock.Sleep(ctx, drainEvery)
			continue
		}
		if math.IsInf(least, 1) {
			done.Unseen = "the server's count of stored calls was not read after the step"
			return
		}
		pending, took := uint64(least), (now - ended).Seconds()
		if pending == 0 {
			took = (leastAt - ended).Seconds()
		}
		done.Pending, done.DrainS = &pending, &took
		return
	}
}

// awaitIdle waits between two steps: briefly if the last step's calls are known to be stored, otherwise until the
// server's queue is empty and its processor idle, as far as these are observed; or for a fixed time if neither is.
func (s *stepper) awaitIdle(ctx context.Context) {
	if s.steps == 0 {
		s.measureIdleCPU(ctx)
		return
	}
	began := time.Now()
	for idle := 0; ctx.Err() == nil; {
		_ = clock.Sleep(ctx, drainEvery)
		took := time.Since(began)
		seen := s.env.Session.Watch.Latest()
		_, hasQueue := seen.Get(measure.UploadQueue)
		_, hasCPU := seen.Get(measure.CPU)
		if idle++; trial.IsBusy(&seen, s.env.Session.RestingCPU) {
			idle = 0
		}
		switch {
		case took < minPause:
		case s.verified != NotVerified:
			return
		case !hasQueue && !hasCPU && took >= blindPause, (hasQueue || hasCPU) && idle >= idlePolls:
			return
		}
		s.observer.Observe(AwaitingIdle{})
	}
}
