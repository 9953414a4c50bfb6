package load

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"rdiostress/internal/measure"
	"rdiostress/internal/rdio"
	"rdiostress/internal/scenario"
	"rdiostress/internal/schedule"
	"rdiostress/internal/traffic"
	"rdiostress/internal/upload"
)

// Runner makes one run. Its fields are set before Run and not touched after.
type Runner struct {
	Scenario *scenario.Scenario
	Traffic  *traffic.Traffic
	Uploader func() upload.Uploader // called once for each goroutine that uploads; nil if there is a Target
	// what is uploaded to, over a connection for each slot, in the cheapest way that it has
	Target   upload.Target
	Recorder *measure.Recorder
	Receipts Receipts  // told what became of each call; may be nil
	Start    time.Time // start of the run, with its monotonic reading

	sleeper func(start time.Time) (sleeper, error) // newSleeper, but for tests on a fake clock
}

// Receipts keeps what became of each call, so that it can be looked up later whether the server has it. Uploaders call
// it at the same time; it holds none of them up and allocates next to nothing.
type Receipts interface {
	// Record takes the outcome of call n of the run. The call is the uploader's again afterwards.
	Record(n uint64, c *rdio.Call, o *measure.Outcome)
}

// Sending is how the run went, apart from the outcomes, which are in the Recorder.
type Sending struct {
	Sending  time.Duration      // from the start until no more calls were sent
	Took     time.Duration      // from the start until the last reply
	Phases   []measure.TimeSpan // when each phase was sent
	Due      uint64             // calls that were due while sending; open model only
	Guide    *measure.Guide     // what the guide's batches showed, if they were asked for
	Skipped  uint64             // recordings among them that could not be sent
	Starved  bool               // at some time the closed model had to wait for a unique call
	Canceled bool               // the run was stopped before its time
	Aborted  string             // the rule that stopped it
	Retries  *measure.Retries   // what came of sending failed calls again; nil if no client does
	self     selfUse
}

// Run sends calls until the scenario is over or ctx is canceled, waits for the uploads under way, and returns when all
// its goroutines have.
//
// Uploads are not canceled with ctx, since a call that is cut off tells nothing; each ends within the scenario's
// timeout.
func (r *Runner) Run(ctx context.Context) Sending {
	self := watchSelf()
	sending, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	s := &sender{
		Runner: r, phases: r.Scenario.Phases(), interrupt: sending.Done(), uploads: context.WithoutCancel(ctx),
		end: never,
	}
	s.spent = make(chan struct{})
	for _, p := range s.phases {
		r.Recorder.AddPhase(measure.Phase{
			Name: p.Name, Scored: p.Scored, Load: p.Describe(r.Scenario),
			Separate: p.Separate,
		})
	}
	s.startWorkers()
	s.retrier = newRetrier(s)
	drained := make(chan struct{})
	var roller sync.WaitGroup
	roller.Go(func() { s.roll(drained, stop) })

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
	out.self = self.stop()
	return out
}

// sender is what the workers of a run share.
type sender struct {
	*Runner
	phases    []scenario.Phase
	shape     schedule.Shape     // of all phases
	before    []measure.TimeSpan // when each phase was that came before the shape
	origin    time.Duration      // where in the run the shape begins
	end       time.Duration      // where it ends
	retrier   *retrier           // nil if failed calls are not sent again
	schedule  schedule.Schedule  // of the open model; nil in the closed one
	pacer     *pacer             // of the open model, where workers have goroutines
	workers   []*worker
	groups    []*loopGroup // that the workers are in; nil if each has a goroutine
	interrupt <-chan struct{}
	uploads   context.Context

	next     atomic.Uint64 // number of the next call
	inFlight atomic.Int64
	starved  atomic.Bool
	skipped  atomic.Uint64 // recordings that could not be sent
	spent    chan struct{} // closed when the scenario's total of calls is reached
	once     sync.Once
}

// startWorkers makes the workers, on loops if the target has them, else for a goroutine each.
func (s *sender) startWorkers() {
	n := s.Scenario.MaxConcurrent
	for i := range n {
		s.workers = append(s.workers, &worker{sender: s, index: i, shard: s.Recorder.Shard(i)})
	}
	open := s.Uploader
	if open == nil {
		if !s.Traffic.Waits() {
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

// closeWorkers closes what the workers have open.
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

// runShape sends the load of all phases from now on.
func (s *sender) runShape(out *Sending) {
	s.shape, s.origin = scenario.ShapeOf(s.phases), s.elapsed() // no call is due before there is somebody to send it
	length := s.shape.Length()
	if s.Scenario.Open() {
		arrivals := s.Traffic.Schedule(s.Scenario)
		if total := s.Scenario.Total; total > 0 {
			// Just so long that so many are due, though a duplicate may be due with its original.
			length = min(length, max(arrivals.Due(total), arrivals.Due(total-1)+1))
		}
		s.schedule = arrivals
	}
	s.end = s.origin + length
	s.retrier.until(s.end)
	var uploaders sync.WaitGroup
	stop := s.start(&uploaders, length)
	timer := time.NewTimer(s.end - s.elapsed())
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-s.interrupt:
	case <-s.spent:
	}
	out.Sending = min(s.elapsed(), s.end)
	stop()
	s.retrier.close()
	uploaders.Wait()
	out.Retries = s.retrier.wait()
	out.Phases = s.sentPhases(out.Sending)
	if s.schedule != nil {
		out.Due = s.schedule.Count(out.Sending - s.origin)
		if total := s.Scenario.Total; total > 0 {
			out.Due = min(out.Due, total)
		}
	}
}

// start sets the workers to work. The returned function wakes those that wait for something to send.
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
	stop = func() {} // the closed model waits for the interruption itself
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

// sentPhases is when each phase was sent, given when sending ended.
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

// over tells whether sending has ended at t.
func (s *sender) over(t time.Duration) bool { return t >= s.end || s.interrupted() }

// missed tells whether an arrival that is taken now is not sent any more: the run is over. What was due in its last
// moment is, since an uploader was there for it, if only a moment later.
func (s *sender) missed(due, now time.Duration) bool {
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

// claim takes the number of the next call; false if the scenario's total is reached.
func (s *sender) claim() (n uint64, ok bool) {
	n = s.next.Add(1) - 1
	if total := s.Scenario.Total; total > 0 && n >= total {
		if s.schedule == nil { // in the open model, the last calls have been claimed but need not be due
			s.once.Do(func() { close(s.spent) })
		}
		return 0, false
	}
	return n, true
}

// roll rolls the recorder up every second of the run, and a last time when the uploads have drained.
func (s *sender) roll(drained <-chan struct{}, stop context.CancelCauseFunc) {
	rules := newAbortWatch(s.Scenario.AbortOn)
	for second := time.Second; ; second += time.Second {
		timer := time.NewTimer(second - s.elapsed())
		select {
		case <-timer.C:
			s.Recorder.Roll(s.elapsed(), int(s.inFlight.Load()), s.retrier.kept())
			if err := rules.check(s.Recorder.Snapshot().Last); err != nil {
				stop(err)
			}
		case <-drained:
			timer.Stop()
			s.Recorder.Roll(s.elapsed(), 0, 0)
			return
		}
	}
}

// newSleeper returns the best sleeper that can be had.
func (s *sender) newSleeper() sleeper {
	make, start := s.sleeper, s.Start.Add(s.origin)
	if make == nil {
		make = newSleeper
	}
	sleep, err := make(start)
	if err != nil {
		return newTimerSleeper(start) // coarser, and the lag in the result says how coarse
	}
	return sleep
}

// The recorder has a place for each client.
var _ [measure.MaxClients - rdio.NumClients]struct{}

// Fill puts the run into res, after Run.
func (r *Runner) Fill(res *measure.Result, sent Sending) {
	r.Recorder.FillResult(res, sent.Phases)
	res.Run.DurationS, res.Run.SendingS = sent.Took.Seconds(), sent.Sending.Seconds()
	res.Run.Interrupted, res.Run.Aborted = sent.Canceled, sent.Aborted
	res.Guide, res.Retries, res.Clients = sent.Guide, sent.Retries, r.Recorder.Clients(rdio.ClientNames())
	gone := sent.Skipped
	for _, p := range res.Phases {
		gone += p.Totals.Attempted
	}
	if sent.Due > gone {
		res.Totals.Unsent = sent.Due - gone
	}
	r.Traffic.Record(res, r.Recorder)
	// nothing was recorded twice
	if last := len(res.Phases) - 1; res.Phases[last].Separate && res.Traffic.Duplicates == nil {
		res.Phases = res.Phases[:last]
	}
	r.judgeSelf(res, sent)
}
