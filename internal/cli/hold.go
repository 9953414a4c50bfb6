package cli

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"rdiostress/internal/capacity"
	"rdiostress/internal/measure"
	"rdiostress/internal/report"
	"rdiostress/internal/traffic"
)

// holder holds one rate after the other against a server, each as a run of its own with new connections, as when a server's
// receivers come back.
type holder struct {
	*capacityOptions
	watch    watcher
	began    time.Time
	slots    int
	verified string // how it is seen what is stored

	restingCPU float64 // processors that the server used before the search

	repeated []report.CapacityStep // that were held again

	dates   *traffic.Traffic // whose calendar the calls of all steps are dated in
	datesAt time.Time        // where that begins
	err     error            // why no run could be made
	steps   int
}

const (
	firstSlots = 64   // uploads in flight at most in the first step
	moreSlots  = 4    // times as many where all were busy
	slotLimitS = 1.0  // with a rate times this many slots, all are busy only if uploads take that long in the mean (Little's law)
	slotShare  = 0.01 // of the calls that waited for a slot show that all were busy
)

// Hold holds a rate. When it breaks while all slots were busy, and more could be, the slots and not the server may have been the
// limit: it is held again with more. When it breaks while the generator was at its limit, that may have been a moment's: it is held
// again too. With an error comes the step that broke before, if it was being repeated.
func (h *holder) Hold(ctx context.Context, rate float64, careful, long bool) (step report.CapacityStep, err error) {
	for tries := limitedTries; ; {
		if err := context.Cause(ctx); err != nil {
			return step, err
		}
		again, waited, err := h.once(ctx, rate, careful, long)
		if err != nil {
			h.err = err
			if n := len(h.repeated); step.RatePerS > 0 && n > 0 { // it was not held again after all
				h.repeated = h.repeated[:n-1]
			}
			return step, err
		}
		step = again
		h.tell(&step)
		most := min(h.capacityOptions.slots, int(math.Ceil(rate*slotLimitS)))
		switch {
		case step.OK:
			return step, nil
		case slow(step.Broke) && float64(waited) >= slotShare*float64(step.Attempted) && h.slots < most:
			h.slots = min(h.slots*moreSlots, most)
		case len(step.Limits) > 0 && tries > 1:
			tries--
		default:
			return step, nil
		}
		h.repeated = append(h.repeated, step)
	}
}

// limitedTries is how often a rate is held at most that breaks while the generator is at its limit.
const limitedTries = 3

// slow tells whether a step broke because things took too long, which more slots can change.
func slow(broke string) bool {
	return broke == report.BrokeRate || broke == report.BrokeSteady || strings.HasSuffix(broke, "_s")
}

// stepRun is one step while it is sent.
type stepRun struct {
	holder  *holder
	monitor capacity.Monitor
	least   float64 // seconds
	most    float64
	stop    context.CancelFunc
	sending context.Context // what is canceled is only the sending
	stage   atomic.Int64
	began   time.Duration // when its first call was due, since the start of the search
	stored  float64       // calls that were stored before, by the server's own count; negative where it shows none

	preparing func() // ends the line that says that it is being prepared
}

// ready is called right before a step is sent: what the server has stored by then is of other calls.
func (r *stepRun) ready(ctx context.Context) {
	if r != nil {
		r.stored = r.holder.awaitStored(ctx)
	}
}

// begin notes when a step begins, and dates its calls.
func (r *stepRun) begin(traffic *traffic.Traffic, start time.Time) {
	if r != nil {
		r.began = start.Sub(r.holder.began)
		r.holder.dateCalls(traffic, start)
	}
}

// once makes one run at a rate. Waited is how many calls waited for a slot.
func (h *holder) once(ctx context.Context, rate float64, careful, long bool) (step report.CapacityStep, waited uint64, err error) {
	h.rest(ctx)
	run := &stepRun{holder: h, monitor: capacity.Monitor{RatePerS: rate}, stored: -1}
	// What is stored is known to be seen once a step was made.
	run.least, run.most = capacity.Lengths(rate, long, careful, h.steps > 0 && h.verified != verifyNone, time.Duration(h.hold).Seconds())
	run.sending, run.stop = context.WithCancel(ctx)
	defer run.stop()
	s := &h.scenario
	s.Rate, s.Duration, s.MaxConcurrent = rate, time.Duration(run.most)*time.Second, h.slots
	h.step = run
	h.steps++
	run.preparing = sync.OnceFunc(follow(drainEvery, func(last bool) {
		if !last {
			h.showLine("preparing %.4g/s", rate)
		}
	}))
	res, err := drive(ctx, h.runOptions)
	run.preparing()
	h.step = nil
	h.findVerified()
	if err != nil {
		return step, 0, err
	}
	if err := context.Cause(ctx); err != nil && run.stage.Load() == int64(capacity.Settling) {
		return step, 0, err
	}
	step = h.sum(&res, run)
	h.drain(ctx, run, &step)
	capacity.Judge(&step, h.objectives, capacity.Stage(run.stage.Load()))
	if refused(&res) {
		step.Limits = nil
	}
	return step, res.Generator.SlotWaits, nil
}

// dateCalls dates the calls of a step so that they are no duplicates of those of any other step. Steps are made one right after the other,
// and at high rates each uses dates of the last days.
func (h *holder) dateCalls(calls *traffic.Traffic, start time.Time) {
	if h.dates == nil {
		all := h.scenario
		all.Duration = time.Duration(h.maxTime) + all.Duration
		h.dates, h.datesAt = traffic.New(&all, traffic.Options{Start: start}), start
	}
	calls.ShareCalendar(h.dates, start, h.datesAt)
}

// refused tells whether the server itself failed so many uploads that a generator that stalls and then sends calls in bunches cannot explain
// it: it would have to stall half of the time.
func refused(res *measure.Result) bool {
	const share = 0.5
	answered := res.Errors.Rejected
	for _, n := range res.Errors.HTTP {
		answered += n
	}
	return float64(answered) >= share*float64(res.Totals.Attempted)
}

// sum makes a step of what a run measured.
func (h *holder) sum(res *measure.Result, run *stepRun) report.CapacityStep {
	step := report.CapacityStep{
		RatePerS: run.monitor.RatePerS, StartS: run.began.Seconds(), DurationS: res.Run.SendingS, Slots: h.slots,
		Attempted: res.Totals.Attempted, Accepted: res.Totals.Accepted, Unsent: res.Totals.Unsent, SuccessRate: res.Totals.SuccessRate,
		Limits: res.Generator.Reasons,
	}
	h.delivered(&step, &res.Delivery, res.Run.DurationS)
	if step.SuccessRate != nil {
		step.AcceptedPerS = res.Totals.UploadsPerS * *step.SuccessRate
	}
	if f := res.Latency.Figures; f != nil {
		step.MeanS, step.P50S, step.P90S, step.P95S, step.P99S = &f.MeanS, &f.P50S, &f.P90S, &f.P95S, &f.P99S
		step.FewSamples = measure.FewSamples(res.Latency.Count, "p50_s", "p90_s", "p95_s", "p99_s")
	}
	if behind, ok := run.monitor.BehindPerS(); ok {
		stored := max(step.AcceptedPerS-max(behind, 0), 0)
		step.BehindPerS, step.StoredPerS = &behind, &stored
	}
	end := run.began + time.Duration(res.Run.SendingS*float64(time.Second))
	step.CPUSPerS, step.RSSBytes = h.most(measure.CPU, run.began, end), h.most(measure.RSS, run.began, end)
	if step.RSSBytes == nil { // Pss is read more rarely than a step is long
		const lately = 15 * time.Second
		step.RSSBytes = h.most(measure.RSS, max(run.began-lately, 0), end)
	}
	return step
}

// most is the highest reading of a signal in a stretch of the search; nil if there is none.
func (h *holder) most(sig measure.Signal, from, to time.Duration) *float64 {
	var most *float64
	for _, r := range h.watch.readings(sig, from, to) {
		if most == nil || r.Value > *most {
			most = &r.Value
		}
	}
	return most
}

// follow watches a step while it is sent, and stops it when it is decided.
func (r *stepRun) follow(rec *measure.Recorder) (done func()) {
	r.preparing()
	var last time.Duration
	return follow(100*time.Millisecond, func(bool) {
		now := rec.Snapshot()
		if now.Elapsed == last || r.sending.Err() != nil {
			return
		}
		last = now.Elapsed
		second := capacity.Second{
			AtS: now.Elapsed.Seconds(), Accepted: now.Accepted, ResponseSumS: now.ResponseSum.Seconds(), InFlight: now.InFlight,
			Backlog: r.backlog(&now),
		}
		r.monitor.Add(second)
		stage, over := r.monitor.Decide(second.AtS, r.least, r.most)
		r.stage.Store(int64(stage))
		r.holder.show(r.monitor.RatePerS, &now)
		if over {
			r.stop()
		}
	})
}

// show shows a step while it goes.
func (h *holder) show(rate float64, now *measure.Snapshot) {
	h.showLine("holding %.4g/s for %v: %d accepted, %d failed, p95 %s, %d in flight",
		rate, now.Elapsed.Round(time.Second), now.Accepted, now.Failed, p95Words(now.Last.P95, now.Last.Accepted), now.InFlight)
}

// tell tells of a step that is over.
func (h *holder) tell(s *report.CapacityStep) {
	if h.quiet {
		return
	}
	clear := ""
	if h.ios.ErrTerminal {
		clear = clearLine
	}
	words := "held"
	switch {
	case s.Broke == report.BrokeUnseen:
		words = "not known: " + s.BrokeWords
	case !s.OK:
		words = "broke: " + s.BrokeWords
	}
	if s.P95S != nil && !slices.Contains(s.FewSamples, "p95_s") {
		words += fmt.Sprintf("; p95 %v", roundTime(time.Duration(*s.P95S*float64(time.Second))))
	}
	fmt.Fprintf(h.ios.Err, "%s%v: %.4g/s for %.0f s: %s\n", clear, time.Since(h.began).Round(time.Second), s.RatePerS, s.DurationS, words)
}
