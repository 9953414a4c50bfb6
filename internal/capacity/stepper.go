package capacity

import (
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"rdiostress/internal/measure"
	"rdiostress/internal/report"
	"rdiostress/internal/stat"
	"rdiostress/internal/trial"
	"rdiostress/internal/trial/event"
	"rdiostress/internal/trial/verification"
	"rdiostress/internal/units"
)

// stepper holds one rate after another against a server.
type stepper struct {
	Plan
	env      trial.Environment
	observer Observer
	started  bool // the search has started the bundled server, and stops it
	began    time.Time
	slots    int                // maximum uploads in flight in a step
	verified string             // how storage is verified
	found    event.StorageFound // the last StorageFound event

	repeated []report.CapacityStep // steps that were repeated
	err      error                 // why no trial could be made
	steps    int
	machine  machine
	runIDs   []string // of the steps' trials

	left       uint64 // calls of the steps that the server has
	leftAtMost bool   // it may have fewer
}

const (
	firstSlots = 64 // maximum uploads in flight in the first step
	moreSlots  = 4  // growth of the slots if all were busy
	// with a rate times this many slots, all are busy only if uploads take that long in the mean (Little's law)
	slotLimitS = 1.0
	slotShare  = 0.01 // of the calls had to wait for a slot: all were busy
)

// limitedTries is how often a rate is held at most if it breaks while the generator is at its limit.
const limitedTries = 3

// stepVerification returns how storage is verified in a step.
func stepVerification(p verification.Plan) verification.Plan {
	p.Max = math.MaxInt64 // the next step needs an empty queue: the search's own time is the limit
	// On a server that always stores other clients' calls, the wait for a lost call could last until the end of the
	// search.
	p.Standstill = 2 * p.Timeout
	p.NotDecoded = "a search decodes nothing between its steps"
	return p
}

// RunStep implements [StepRunner]. If a rate breaks while all slots were busy, and there could be more, the slots may
// have been the limit and not the server: the rate is held again with more slots. If it breaks while the generator was
// at its limit, that may have been temporary: the rate is held again too. If a repeated step returns an error, the step
// that broke before comes with it.
func (s *stepper) RunStep(ctx context.Context, rate float64, careful, long bool) (done report.CapacityStep, err error) {
	for tries := limitedTries; ; {
		if err := context.Cause(ctx); err != nil {
			return done, err
		}
		again, waited, err := s.runOnce(ctx, rate, careful, long)
		if err != nil {
			s.err = err
			if n := len(s.repeated); done.RatePerS > 0 && n > 0 { // the repetition did not happen
				s.repeated = s.repeated[:n-1]
			}
			return done, err
		}
		done = again
		s.observer.Observe(Ended{done})
		most := min(s.Trial.Scenario.MaxConcurrent, int(math.Ceil(rate*slotLimitS)))
		switch {
		case done.OK:
			return done, nil
		case s.isSlow(done.Broke) && float64(waited) >= slotShare*float64(done.Attempted) && s.slots < most:
			s.slots = min(s.slots*moreSlots, most)
		case len(done.Limits) > 0 && tries > 1:
			tries--
		default:
			return done, nil
		}
		s.repeated = append(s.repeated, done)
	}
}

// isSlow reports whether a step broke because of slowness, which more slots can change.
func (s *stepper) isSlow(broke string) bool {
	return broke == report.BrokeRate || broke == report.BrokeSteady ||
		slices.ContainsFunc(s.Objectives, func(o report.Objective) bool {
			return o.Name == broke && o.Unit == units.InSeconds
		})
}

// blameStops makes the generator the limit of a step that broke since uploads failed around stops of the generator, and
// for nothing else.
func (s *stepper) blameStops(done *report.CapacityStep, stops *measure.Stops) {
	if !done.OK && stops != nil && stops.Failed > 0 && s.brokeByFailures(done, stops.Failed) {
		done.Limits = append(slices.Clip(done.Limits), stopsText(stops))
	}
}

// brokeByFailures reports whether a step broke since a number of its uploads failed, and for nothing else.
func (s *stepper) brokeByFailures(done *report.CapacityStep, failed uint64) bool {
	n := done.Attempted - min(failed, done.Attempted)
	if n == 0 {
		return true
	}
	for _, broke := range done.AllBroke {
		i := slices.IndexFunc(s.Objectives, func(o report.Objective) bool { return o.Name == broke })
		if i < 0 || s.Objectives[i].Unit != units.InRatio {
			return false
		}
	}
	rate, without := stat.Share(done.Accepted, n), *done
	without.SuccessRate = &rate
	return !slices.ContainsFunc(s.Objectives, func(o report.Objective) bool {
		v := valueOf(o, &without)
		return o.Unit == units.InRatio && (v == nil || misses(o, *v))
	})
}

// stopsText says which failures were around stops of the generator.
func stopsText(s *measure.Stops) string {
	return fmt.Sprintf("the generator itself was stopped for %s in all, and %s around that failed without an answer",
		units.Trim(units.Seconds(s.StoppedS)), units.Plural(s.Failed, "upload"))
}

// step is one trial that holds a rate.
type step struct {
	*stepper
	monitor     Monitor
	least, most float64       // seconds
	enough      chan struct{} // closed when the step is decided
	decided     bool
	draining    bool // sending has ended: later seconds say nothing about the rate
	stage       Stage
	began       time.Duration // when its first call was due, since the start of the search
	missed      missedSince
	before      float64 // calls stored before, by the server's own count; negative if it shows none
	runID       string
}

// runOnce makes one trial at a rate. waited is how many calls waited for a slot.
func (s *stepper) runOnce(
	ctx context.Context, rate float64, careful, long bool,
) (done report.CapacityStep, waited uint64, err error) {
	s.awaitIdle(ctx)
	t := &step{
		stepper: s, monitor: Monitor{RatePerS: rate}, enough: make(chan struct{}), missed: missedSince{}, before: -1,
	}
	// Whether storage is observed is known after the first step.
	seen := s.steps > 0 && s.verified != NotVerified
	t.least, t.most = Lengths(rate, long, careful, seen, s.ConfirmFor.Seconds())
	plan, env := s.Trial, s.env
	plan.Scenario.Rate, plan.Scenario.MaxConcurrent = rate, s.slots
	plan.Scenario.Duration = time.Duration(t.most) * time.Second
	if session := s.env.Session; session.Calendar == nil {
		session.Calendar = trial.NewCalendar(session.Learned.Apply(plan.Scenario), s.MaxTime+plan.Scenario.Duration)
	}
	env.Enough = t.enough
	// Calls that the server stores while the step is prepared are not the step's.
	env.Ready = func(ctx context.Context) { t.before = s.awaitCount(ctx) }
	s.steps++
	s.observer.Observe(Preparing{rate})
	res, err := env.Run(ctx, plan, t)
	if err != nil {
		return done, 0, err
	}
	n, exact := res.CallsLeft()
	s.left, s.leftAtMost = s.left+n, s.leftAtMost || !exact
	s.noteVerified(res.Delivery.Method)
	s.machine.add(rate, &res)
	if err := context.Cause(ctx); err != nil && t.stage == Settling {
		return done, 0, err
	}
	done = t.summarize(&res)
	t.drain(ctx, &done)
	Judge(&done, t.missed.order(s.Objectives), t.stage)
	s.blameStops(&done, res.Generator.Stops)
	if wasRefused(&res) {
		done.Limits = nil
	}
	return done, res.Generator.SlotWaits, nil
}

// Observe implements [trial.Observer]: it decides when enough was sent.
func (t *step) Observe(e event.Event) {
	t.observer.Observe(Step{t.monitor.RatePerS, e})
	switch e := e.(type) {
	case event.StorageFound:
		if e != t.found { // the database is opened for each step
			t.found = e
			t.observer.Observe(StorageFound{e})
		}
	case event.Started:
		t.began, t.runID = e.At.Sub(t.stepper.began), e.RunID
		t.runIDs = append(t.runIDs, e.RunID)
	case event.Second:
		t.second(&e)
	case event.Draining:
		t.draining = true
	case event.AwaitingStorage:
		t.observer.Observe(AwaitingStorage{t.monitor.RatePerS, e.Progress})
	}
}

// second handles a second of the step.
func (t *step) second(now *event.Second) {
	if t.decided || t.draining {
		return
	}
	second := Second{
		AtS: now.Elapsed.Seconds(), Accepted: now.Accepted - now.LeftOut, ResponseSumS: now.ResponseSum.Seconds(),
		InFlight: now.InFlight,
		Backlog:  t.backlog(now),
	}
	t.monitor.Add(second)
	t.stage, t.decided = t.monitor.Decide(second.AtS, t.least, t.most)
	t.missed.add(second.AtS, figuresOf(&now.Snapshot), t.Objectives)
	t.observer.Observe(Holding{
		RatePerS: t.monitor.RatePerS, Snapshot: now.Snapshot, Slots: t.slots, Server: now.Server, Storage: now.Storage,
	})
	if t.decided {
		close(t.enough)
	}
}

// figuresOf returns the step's values for the objectives, by its seconds so far.
func figuresOf(now *measure.Snapshot) *report.CapacityStep {
	var so report.CapacityStep
	if done := now.Accepted + now.Failed; done > 0 {
		rate := stat.Share(now.Accepted, done)
		so.SuccessRate = &rate
	}
	if timed := now.Accepted - now.LeftOut; timed > 0 {
		mean, p95 := now.ResponseSum.Seconds()/float64(timed), now.P95.Seconds()
		so.MeanS, so.P95S = &mean, &p95
	}
	return &so
}

// wasRefused reports whether the server itself failed so many uploads that a generator that stalls and then sends calls
// in bursts cannot explain it: it would have to stall half of the time.
func wasRefused(res *measure.Result) bool {
	const share = 0.5
	answered := res.Errors.Rejected
	for _, n := range res.Errors.HTTP {
		answered += n
	}
	return float64(answered) >= share*float64(res.Totals.Attempted)
}

// summarize makes a report.CapacityStep of a trial's result.
func (t *step) summarize(res *measure.Result) report.CapacityStep {
	done := report.CapacityStep{
		RunID:    t.runID,
		RatePerS: t.monitor.RatePerS, StartS: t.began.Seconds(), DurationS: res.Run.SendingS, Slots: t.slots,
		Attempted: res.Totals.Attempted, Accepted: res.Totals.Accepted, Unsent: res.Totals.Unsent,
		SuccessRate: res.Totals.SuccessRate, Limits: res.Generator.Reasons,
	}
	done.LeftOut = res.Latency.LeftOut
	t.fillDelivery(&done, &res.Delivery, res.Run.DurationS)
	if done.SuccessRate != nil {
		done.AcceptedPerS = res.Totals.UploadsPerS * *done.SuccessRate
	}
	if f := res.Latency.Figures; f != nil {
		done.MeanS, done.P50S, done.P90S, done.P95S, done.P99S = &f.MeanS, &f.P50S, &f.P90S, &f.P95S, &f.P99S
		done.FewSamples = measure.FewSamples(res.Latency.Count, "p50_s", "p90_s", "p95_s", "p99_s")
		done.Histogram, done.ServiceHistogram = res.Latency.Histogram, res.ServiceTime.Histogram
	}
	if behind, ok := t.monitor.BehindPerS(); ok {
		stored := max(done.AcceptedPerS-max(behind, 0), 0)
		done.BehindPerS, done.StoredPerS = &behind, &stored
	}
	end := t.began + time.Duration(res.Run.SendingS*float64(time.Second))
	done.CPUSPerS, done.RSSBytes = t.highest(measure.CPU, t.began, end), t.highest(measure.RSS, t.began, end)
	if done.RSSBytes == nil { // PSS is read less often than a step is long
		const lately = 15 * time.Second
		done.RSSBytes = t.highest(measure.RSS, max(t.began-lately, 0), end)
	}
	return done
}

// highest returns the highest value of a signal in a time span of the search; nil if there is none.
func (s *stepper) highest(sig measure.Signal, from, to time.Duration) *float64 {
	var most *float64
	for _, r := range s.env.Session.Watch.Readings(sig, from, to) {
		if most == nil || r.Value > *most {
			most = &r.Value
		}
	}
	return most
}
