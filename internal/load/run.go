package load

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"rdiostress/internal/measure"
)

// Runner makes one run. Its fields are set before Run and not touched after.
type Runner struct {
	Scenario *Scenario
	Traffic  *Traffic
	Uploader func() Uploader // called once for each goroutine that uploads
	Recorder *measure.Recorder
	Start    time.Time // start of the run, with its monotonic reading

	sleeper func(start time.Time) (sleeper, error) // newSleeper, but for tests on a fake clock
}

// Sending is how the run went, apart from the outcomes, which are in the Recorder.
type Sending struct {
	Sending  time.Duration // from the start until no more calls were sent
	Took     time.Duration // from the start until the last reply
	Due      uint64        // calls that were due while sending; open model only
	Starved  bool          // at some time the closed model had to wait for a unique call
	Canceled bool          // the run was stopped before its time
}

// Run sends calls until the scenario's duration is over or ctx is canceled, waits for the uploads under way, and returns when
// all its goroutines have.
//
// Uploads are not canceled with ctx, since a call that is cut off tells nothing; each ends within the scenario's timeout.
func (r *Runner) Run(ctx context.Context) Sending {
	s := &sender{Runner: r, interrupt: ctx.Done(), uploads: context.WithoutCancel(ctx)}
	var pacing, uploaders, roller sync.WaitGroup
	stopPacing := func() {}
	if r.Scenario.Open() {
		s.pacer = newPacer(r.Scenario, Steady(r.Scenario.Rate), r.Start)
		sleep := r.newSleeper()
		defer sleep.close()
		stopPacing = sleep.stop
		pacing.Go(func() { s.pacer.run(sleep) })
	}
	for i := range r.Scenario.MaxConcurrent {
		w := &worker{sender: s, shard: r.Recorder.Shard(i), up: r.Uploader()}
		uploaders.Go(w.run)
	}
	drained := make(chan struct{})
	roller.Go(func() { s.roll(drained) })

	end := time.NewTimer(time.Until(r.Start.Add(r.Scenario.Duration)))
	defer end.Stop()
	select {
	case <-end.C:
	case <-ctx.Done():
	}
	out := Sending{Sending: min(s.elapsed(), r.Scenario.Duration)}
	out.Canceled = out.Sending < r.Scenario.Duration
	stopPacing()
	pacing.Wait()
	uploaders.Wait()
	out.Took = s.elapsed()
	close(drained)
	roller.Wait()
	out.Starved = s.starved.Load()
	if s.pacer != nil {
		out.Due = s.pacer.schedule.Count(out.Sending)
	}
	return out
}

// newSleeper returns the best sleeper that can be had.
func (r *Runner) newSleeper() sleeper {
	if r.sleeper == nil {
		r.sleeper = newSleeper
	}
	s, err := r.sleeper(r.Start)
	if err != nil {
		return newTimerSleeper(r.Start) // coarser, and the lag in the result says how coarse
	}
	return s
}

// sender is what the workers of a run share.
type sender struct {
	*Runner
	pacer     *pacer // nil in the closed model
	interrupt <-chan struct{}
	uploads   context.Context

	next     atomic.Uint64 // number of the next call
	inFlight atomic.Int64
	starved  atomic.Bool
}

func (s *sender) elapsed() time.Duration { return time.Since(s.Start) }

// over tells whether sending has ended at t.
func (s *sender) over(t time.Duration) bool {
	if t >= s.Scenario.Duration {
		return true
	}
	select {
	case <-s.interrupt:
		return true
	default:
		return false
	}
}

// roll rolls the recorder up every second of the run, and a last time when the uploads have drained.
func (s *sender) roll(drained <-chan struct{}) {
	for second := time.Second; ; second += time.Second {
		timer := time.NewTimer(second - s.elapsed())
		select {
		case <-timer.C:
			s.Recorder.Roll(s.elapsed(), int(s.inFlight.Load()))
		case <-drained:
			timer.Stop()
			s.Recorder.Roll(s.elapsed(), 0)
			return
		}
	}
}

// Fill puts the run into res, after Run.
func (r *Runner) Fill(res *measure.Result, sent Sending) {
	r.Recorder.Fill(res, sent.Sending)
	res.Run.DurationS, res.Run.SendingS = sent.Took.Seconds(), sent.Sending.Seconds()
	res.Run.Interrupted = sent.Canceled
	if attempted := res.Totals.Attempted; sent.Due > attempted {
		res.Totals.Unsent = sent.Due - attempted
	}
	r.judgeSelf(res, sent)
}
