package load

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"rdiostress/internal/clock"
	"rdiostress/internal/generator"
	"rdiostress/internal/measure"
	"rdiostress/internal/rdio"
	"rdiostress/internal/scenario"
	"rdiostress/internal/schedule"
	"rdiostress/internal/traffic"
	"rdiostress/internal/upload"
)

// Runner makes one run. Its fields are set before Run and not changed afterwards.
type Runner struct {
	Scenario *scenario.Scenario
	Traffic  *traffic.Traffic
	Uploader func() upload.Uploader // called once for each goroutine that uploads; nil if there is a Target
	// uploads over one connection for each worker, by loops if it has them
	Target   upload.Target
	Test     ConnectionTest // of clients that behave as real ones; without one, all tests pass
	Recorder *measure.Recorder
	Receipts Receipts // gets the outcome of each call; may be nil
	// Cumulative makes the recorder keep cumulative figures, for monitoring the run.
	Cumulative bool
	Start      time.Time // start of the run, with a monotonic reading

	sleeper   func(start time.Time) (sleeper, error) // newSleeper, except in tests with a fake clock
	watchSelf func(start time.Time) *generator.Watch // generator.Start, except in tests
}

// Receipts keeps the outcome of each call, so that a later check can tell whether the server has the call. It is called
// by all uploaders at the same time, does not block and hardly allocates.
type Receipts interface {
	// Record takes the outcome of call n of the run. It must not keep the call.
	Record(n uint64, c *rdio.Call, o *measure.Outcome)
}

// Sending is how the run went, apart from the outcomes, which are in the Recorder.
type Sending struct {
	Sending  time.Duration      // from the start until no more calls were sent
	Took     time.Duration      // from the start until the last reply
	Phases   []measure.TimeSpan // when each phase was sent
	Due      uint64             // calls that were due; open model only
	Guide    *measure.Guide     // result of the guide's batches, if there were any
	Skipped  uint64             // recordings among the calls that could not be sent
	Starved  bool               // the closed model had to wait for unique calls
	Canceled bool               // the run was interrupted
	Aborted  string             // the rule that ended the run early
	Retries  *measure.Retries   // result of sending failed calls again; nil if no client does
	Behavior []measure.ClientBehavior
	used     usageFigures
	seen     measure.Generator // what the watch over this process has seen
}

// Run sends calls until the scenario is over or ctx is canceled, waits for the uploads under way, and returns after all
// its goroutines.
//
// Uploads are not canceled with ctx, as a call that is cut off measures nothing. They end within the scenario's
// timeout.
func (r *Runner) Run(ctx context.Context) Sending {
	self, watch := startUsageWatch(), r.startWatch()
	sending, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	s := &sender{
		Runner: r, phases: r.Scenario.Phases(), interrupt: sending.Done(), uploads: context.WithoutCancel(ctx),
		end: never, watch: watch, spread: r.Scenario.Spread(),
	}
	s.spent = make(chan struct{})
	for _, p := range s.phases {
		r.Recorder.AddPhase(measure.Phase{
			Name: p.Name, Scored: p.Scored, Load: p.Describe(r.Scenario),
			Separate: p.Separate,
		})
	}
	if n := len(r.Scenario.MoreURLs); n > 0 {
		r.Recorder.CountServers(n + 1)
	}
	if r.Cumulative {
		r.Recorder.Accumulate(measure.Sending{Due: s.due, InFlight: func() int { return int(s.inFlight.Load()) }})
	}
	s.real = newRealClients(s)
	s.startWorkers()
	s.retrier = newRetrier(s)
	drained := make(chan struct{})
	var roller sync.WaitGroup
	roller.Go(func() { s.rollUp(drained, stop) })

	out := Sending{}
	defer r.Traffic.Start()()
	if r.Scenario.Guide {
		out.Guide = s.runGuide()
	}
	s.runShape(&out)
	out.Took = s.elapsed()
	s.closeWorkers()
	close(drained)
	roller.Wait()
	out.Starved, out.Skipped = s.starved.Load(), s.skipped.Load()
	out.Canceled = ctx.Err() != nil
	if rule := (*abortError)(nil); errors.As(context.Cause(sending), &rule) {
		out.Aborted = rule.Error()
	}
	out.used = self.stop()
	watch.Stop(&out.seen)
	return out
}

// sender is the state that the workers of a run share.
type sender struct {
	*Runner
	phases    []scenario.Phase
	spread    scenario.Spread    // of the calls among servers
	shape     schedule.Shape     // of all phases
	before    []measure.TimeSpan // when each phase before the shape was sent
	origin    time.Duration      // start of the shape in the run
	end       time.Duration      // end of the shape in the run
	retrier   *retrier           // nil if failed calls are not sent again
	real      *realClients       // nil unless the clients behave as real ones
	schedule  schedule.Schedule  // of the open model; nil in the closed model
	pacer     *pacer             // of the open model with workers on goroutines
	workers   []*worker
	groups    []*loopGroup             // groups of the workers; nil if each has a goroutine
	arrivals  atomic.Pointer[arrivals] // of the open model, once it has begun
	interrupt <-chan struct{}
	uploads   context.Context
	watch     *generator.Watch // nil in tests with a fake clock
	caughtUp  atomic.Int64     // end of the last stop of the generator whose backlog was sent

	next     atomic.Uint64 // number of the next call
	inFlight atomic.Int64
	starved  atomic.Bool
	skipped  atomic.Uint64 // recordings that could not be sent
	spent    chan struct{} // closed when the scenario's total of calls is reached
	once     sync.Once
}

// startWorkers makes the workers, on loops if the target has them, otherwise with a goroutine each.
func (s *sender) startWorkers() {
	n := s.Scenario.MaxConcurrent
	for i := range n {
		s.workers = append(s.workers, &worker{sender: s, index: i, shard: s.Recorder.Shard(i)})
	}
	open := s.Uploader
	if open == nil {
		if !s.Traffic.Waits() && s.real == nil {
			s.groups = newLoopGroups(s)
		}
		if s.groups != nil {
			return
		}
		open = s.Target.Uploader
	}
	for _, w := range s.workers {
		w.up, w.wake = open(), make(chan struct{}, 1)
	}
}

// closeWorkers closes the connections of the workers.
func (s *sender) closeWorkers() {
	for _, c := range s.groups {
		c.close()
	}
	for _, w := range s.workers {
		if w.up != nil {
			w.up.Close()
		}
	}
}

// runShape sends the load of the shape, which starts now.
func (s *sender) runShape(out *Sending) {
	s.shape, s.origin = scenario.ShapeOf(s.phases), s.elapsed() // no call is due before the workers are ready
	length := s.shape.Length()
	if s.Scenario.Open() {
		arrivals := s.Traffic.Schedule(s.Scenario)
		if total := s.Scenario.Total; total > 0 {
			// So long that exactly this many are due, even if the last of them and its duplicate are due at the same
			// time.
			length = min(length, max(arrivals.Due(total), arrivals.Due(total-1)+1))
		}
		s.schedule = arrivals
	}
	s.end = s.origin + length
	s.publishArrivals(s.end)
	s.retrier.setEnd(s.end)
	var uploaders sync.WaitGroup
	stop := s.start(&uploaders, length)
	clock.Wait(s.end-s.elapsed(), s.interrupt, s.spent)
	out.Sending = min(s.elapsed(), s.end)
	s.publishArrivals(out.Sending)
	stop()
	s.retrier.close()
	uploaders.Wait()
	out.Retries = s.retrier.wait()
	out.Behavior = s.real.report()
	out.Phases = s.sentPhases(out.Sending)
	if s.schedule != nil {
		out.Due = s.countDue(s.schedule, out.Sending-s.origin)
	}
}

// countDue returns how many calls of a schedule are due in a time.
func (s *sender) countDue(calls schedule.Schedule, took time.Duration) uint64 {
	n := calls.Count(max(took, 0))
	if total := s.Scenario.Total; total > 0 {
		n = min(n, total)
	}
	return n
}

// arrivals are the calls that are due in the open model.
type arrivals struct {
	schedule.Schedule
	origin, end time.Duration // in the run
}

// publishArrivals lets the roller know until when calls are due. It does not for a replay, which would have to read its
// recordings ahead to count them.
func (s *sender) publishArrivals(end time.Duration) {
	if s.schedule != nil && !s.Scenario.Replay.On() {
		s.arrivals.Store(&arrivals{s.schedule, s.origin, end})
	}
}

// due returns how many calls were due until a time of the run; nil if no arrivals were published. It is safe for
// concurrent use.
func (s *sender) due(at time.Duration) *uint64 {
	a := s.arrivals.Load()
	if a == nil {
		return nil
	}
	n := s.countDue(a, min(at, a.end)-a.origin)
	return &n
}

// start starts the workers. The returned function wakes those that wait.
func (s *sender) start(uploaders *sync.WaitGroup, length time.Duration) (stop func()) {
	if s.groups != nil {
		for _, c := range s.groups {
			uploaders.Go(c.run)
		}
		return func() {
			for _, c := range s.groups {
				c.wake()
			}
		}
	}
	if s.real != nil {
		s.real.sleep = s.newSleeper()
		uploaders.Go(func() {
			s.real.run()
			s.real.sleep.close()
		})
		for _, w := range s.workers {
			uploaders.Go(w.run)
		}
		return s.real.stop
	}
	stop = func() {} // in the closed model, workers wait for the interruption themselves
	if s.schedule != nil {
		s.pacer = newPacer(len(s.workers), s.schedule, s.Start.Add(s.origin), length)
		sleep := s.newSleeper()
		stop = sleep.stop
		uploaders.Go(func() {
			s.pacer.run(sleep)
			sleep.close()
		})
	}
	for _, w := range s.workers {
		uploaders.Go(w.run)
	}
	return stop
}

// sentPhases returns when each phase was sent, given the end of sending.
func (s *sender) sentPhases(end time.Duration) []measure.TimeSpan {
	sent := make([]measure.TimeSpan, len(s.phases))
	at := s.origin
	for i, p := range s.phases {
		switch {
		case p.Separate:
			sent[i] = measure.TimeSpan{Start: s.origin, Length: max(end-s.origin, 0)}
			continue
		case len(p.Shape) == 0:
			sent[i] = s.before[i]
			continue
		}
		length := p.Shape.Length()
		sent[i] = measure.TimeSpan{Start: at, Length: min(max(end-at, 0), length)}
		at += length
	}
	return sent
}

func (s *sender) elapsed() time.Duration { return time.Since(s.Start) }

// over reports whether sending has ended at t.
func (s *sender) over(t time.Duration) bool { return t >= s.end || s.interrupted() }

// tooLate reports whether an arrival that is claimed now is no longer sent, as the run is over. An arrival that was due
// in the last moment is sent, as a worker was there for it.
func (s *sender) tooLate(due, now time.Duration) bool {
	const moment = 5 * time.Millisecond
	return due >= s.end || now >= s.end && now-due > moment || s.interrupted()
}

func (s *sender) interrupted() bool {
	select {
	case <-s.interrupt:
		return true
	default:
		return false
	}
}

// claimNumber returns the number of the next call. It reports false if the scenario has a total and it is reached.
func (s *sender) claimNumber() (n uint64, ok bool) {
	n = s.next.Add(1) - 1
	if total := s.Scenario.Total; total > 0 && n >= total {
		if s.schedule == nil { // in the open model, the last calls were claimed but may not be due yet
			s.once.Do(func() { close(s.spent) })
		}
		return 0, false
	}
	return n, true
}

// rollUp rolls up the recorder at every second of the run, and after the last upload.
func (s *sender) rollUp(drained <-chan struct{}, stop context.CancelCauseFunc) {
	rules := newAbortWatch(s.Scenario.AbortOn)
	var timer clock.Timer
	for second := time.Second; timer.Wait(second-s.elapsed(), drained, nil); second += time.Second {
		s.Recorder.Roll(s.elapsed(), int(s.inFlight.Load()), s.retrier.waitingCalls())
		if err := rules.check(s.Recorder.Snapshot().Last); err != nil {
			stop(err)
		}
	}
	s.Recorder.Roll(s.elapsed(), 0, 0)
}

// startWatch starts to watch this process, except by a fake clock.
func (r *Runner) startWatch() *generator.Watch {
	switch {
	case r.watchSelf != nil:
		return r.watchSelf(r.Start)
	case r.sleeper != nil:
		return nil
	default:
		return generator.Start(r.Start)
	}
}

// newSleeper returns the most exact sleeper that works.
func (s *sender) newSleeper() sleeper {
	make, start := s.sleeper, s.Start.Add(s.origin)
	if make == nil {
		make = newSleeper
	}
	sleep, err := make(start)
	if err != nil {
		return newTimerSleeper(start) // it is less exact, which the lag in the result shows
	}
	return sleep
}

// The recorder must have a place for each client.
var _ [measure.MaxClients - rdio.NumClients]struct{}

// Fill describes the run in a result, after Run.
func (r *Runner) Fill(res *measure.Result, sent Sending) {
	res.Generator = sent.seen
	r.Recorder.FillResult(res, sent.Phases)
	for i, u := range r.Scenario.PublicURLs() {
		res.Servers[i].URL = u
	}
	res.Run.DurationS, res.Run.SendingS = sent.Took.Seconds(), sent.Sending.Seconds()
	res.Run.Interrupted, res.Run.Aborted = sent.Canceled, sent.Aborted
	res.Guide, res.Retries, res.Clients = sent.Guide, sent.Retries, r.Recorder.Clients(rdio.ClientNames())
	res.ClientBehavior = sent.Behavior
	gone := sent.Skipped
	for _, p := range res.Phases {
		gone += p.Totals.Attempted
	}
	if sent.Due > gone {
		res.Totals.Unsent = sent.Due - gone
	}
	r.Traffic.Record(res, r.Recorder)
	// no call was recorded twice
	if last := len(res.Phases) - 1; res.Phases[last].Separate && res.Traffic.Duplicates == nil {
		res.Phases = res.Phases[:last]
	}
	r.judgeGenerator(res, sent)
}
