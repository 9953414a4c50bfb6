package main

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"strings"
	"sync/atomic"
	"time"

	"rdiostress/internal/capacity"
	"rdiostress/internal/measure"
)

// holder holds one rate after the other against a server, each as a run of its own with new connections, as when a server's
// receivers come back.
type holder struct {
	*capacityOptions
	watch    watcher
	began    time.Time
	slots    int
	verified string // how it is seen what is stored
	err      error  // why no run could be made
	steps    int
	priming  *measure.Priming // before the first step
}

const (
	firstSlots = 64   // uploads in flight at most in the first step
	moreSlots  = 4    // times as many where all were busy
	slotLimitS = 1.0  // with a rate times this many slots, all are busy only if uploads take that long in the mean (Little's law)
	slotShare  = 0.01 // of the calls that waited for a slot show that all were busy
)

// Hold holds a rate. When it breaks while all slots were busy, and more could be, the slots and not the server may have been the
// limit: it is held again with more. When it breaks while the generator was at its limit, that may have been a moment's: it is held
// again too.
func (h *holder) Hold(ctx context.Context, rate float64, careful, long bool) (capacity.Step, error) {
	for tries := limitedTries; ; {
		if err := context.Cause(ctx); err != nil {
			return capacity.Step{}, err
		}
		step, waited, err := h.once(ctx, rate, careful, long)
		if err != nil {
			h.err = err
			return step, err
		}
		h.tell(&step)
		h.drain(ctx)
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
	}
}

// limitedTries is how often a rate is held at most that breaks while the generator is at its limit.
const limitedTries = 3

// slow tells whether a step broke because things took too long, which more slots can change.
func slow(broke string) bool {
	return broke == capacity.BrokeRate || broke == capacity.BrokeSteady || strings.HasSuffix(broke, "_s")
}

// stepRun is one step while it is sent.
type stepRun struct {
	holder  *holder
	monitor capacity.Monitor
	least   float64 // seconds
	most    float64
	first   bool
	stop    context.CancelFunc
	sending context.Context // what is canceled is only the sending
	stage   atomic.Int64
	stored  float64 // calls that were stored before, by the server's own count; negative where it shows none
}

// once makes one run at a rate. Waited is how many calls waited for a slot.
func (h *holder) once(ctx context.Context, rate float64, careful, long bool) (step capacity.Step, waited uint64, err error) {
	run := &stepRun{holder: h, monitor: capacity.Monitor{RatePerS: rate}, first: h.steps == 0, stored: h.storedNow()}
	// What is stored is known to be seen once a step was made.
	run.least, run.most = capacity.Lengths(rate, long, careful, h.steps > 0 && h.verified != verifyNone, time.Duration(h.hold).Seconds())
	run.sending, run.stop = context.WithCancel(ctx)
	defer run.stop()
	s := &h.scenario
	s.Rate, s.Duration, s.MaxConcurrent = rate, time.Duration(run.most)*time.Second, h.slots
	h.step = run
	h.steps++
	began := time.Since(h.began)
	res, err := drive(ctx, h.runOptions)
	h.step = nil
	h.priming = cmp.Or(h.priming, res.Priming)
	h.findVerified()
	if err != nil {
		return step, 0, err
	}
	if err := context.Cause(ctx); err != nil && run.stage.Load() == int64(capacity.Settling) {
		return step, 0, err
	}
	step = h.sum(&res, run, began)
	capacity.Judge(&step, h.objectives, capacity.Stage(run.stage.Load()))
	if refused(&res) {
		step.Limits = nil
	}
	return step, res.Generator.SlotWaits, nil
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
func (h *holder) sum(res *measure.Result, run *stepRun, began time.Duration) capacity.Step {
	step := capacity.Step{
		RatePerS: run.monitor.RatePerS, StartS: began.Seconds(), DurationS: res.Run.SendingS, Slots: h.slots,
		Attempted: res.Totals.Attempted, Accepted: res.Totals.Accepted, Unsent: res.Totals.Unsent, SuccessRate: res.Totals.SuccessRate,
		DrainS: res.Delivery.DrainS, Lost: res.Delivery.Lost, Limits: res.Generator.Reasons,
	}
	if step.SuccessRate != nil {
		step.AcceptedPerS = res.Totals.UploadsPerS * *step.SuccessRate
	}
	if f := res.Latency.Figures; f != nil {
		step.MeanS, step.P50S, step.P90S, step.P95S, step.P99S = &f.MeanS, &f.P50S, &f.P90S, &f.P95S, &f.P99S
	}
	if behind, ok := run.monitor.BehindPerS(); ok {
		stored := max(step.AcceptedPerS-max(behind, 0), 0)
		step.BehindPerS, step.StoredPerS = &behind, &stored
	}
	end := began + time.Duration(res.Run.SendingS*float64(time.Second))
	step.CPUSPerS, step.RSSBytes = h.most(measure.CPU, began, end), h.most(measure.RSS, began, end)
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

// findVerified finds out how it is seen what the server stores.
func (h *holder) findVerified() {
	switch c := h.verify.check; {
	case c != nil && c.prober != nil:
		h.verified = c.prober.Method()
	case h.storedNow() >= 0:
		h.verified = verifiedByMetrics
	default:
		h.verified = verifyNone
	}
}

// verifiedByMetrics says that the server's own count of stored calls was looked at.
const verifiedByMetrics = "metrics"

// storedNow is how many calls the server has stored by its own count; negative where it shows none.
func (h *holder) storedNow() float64 {
	seen := h.watch.latest()
	if v, ok := seen.Get(measure.StoredCalls); ok {
		return v
	}
	return -1
}

// follow watches a step while it is sent, and stops it when it is decided.
func (r *stepRun) follow(rec *measure.Recorder) (done func()) {
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

// backlog is how many calls are accepted and not stored; NaN where that is not seen.
func (r *stepRun) backlog(now *measure.Snapshot) float64 {
	if c := r.holder.verify.check; c != nil && c.watch != nil {
		if p := c.watch.Progress(); p.Err == nil {
			return float64(p.Backlog)
		}
		return math.NaN()
	}
	if stored := r.holder.storedNow(); stored >= 0 && r.stored >= 0 {
		return float64(now.Accepted) - (stored - r.stored)
	}
	return math.NaN()
}

const (
	drainEvery = 500 * time.Millisecond
	drainLeast = time.Second      // between two steps at least
	drainMost  = 60 * time.Second // and at most
	restBlind  = 5 * time.Second  // where nothing of the server is seen
	idleCPU    = 0.1              // processors, under which a server is taken to be done
)

// drain waits until the server is done with what it has accepted: until its queue is empty, as many calls are stored as a moment
// ago, and its processor is idle, as far as each is seen; and for a while where nothing is.
func (h *holder) drain(ctx context.Context) {
	began := time.Now()
	calm, stored := 0, h.storedNow()
	for ctx.Err() == nil && time.Since(began) < drainMost {
		select {
		case <-time.After(drainEvery):
		case <-ctx.Done():
			return
		}
		seen := h.watch.latest()
		queued, hasQueue := seen.Get(measure.UploadQueue)
		cpu, hasCPU := seen.Get(measure.CPU)
		now := h.storedNow()
		busy := hasQueue && queued >= 1 || hasCPU && cpu > idleCPU || now >= 0 && now != stored
		stored = now
		if calm++; busy {
			calm = 0
		}
		const enough = 2
		if !hasQueue && !hasCPU && now < 0 {
			if time.Since(began) >= restBlind {
				return
			}
		} else if calm >= enough && time.Since(began) >= drainLeast {
			return
		}
	}
}

// show shows a step while it goes, in a line that the next one overwrites.
func (h *holder) show(rate float64, now *measure.Snapshot) {
	if h.quiet || !h.ios.ErrTerminal {
		return
	}
	fmt.Fprintf(h.ios.Err, "\r\x1b[K%v: holding %.4g/s for %v: %d accepted, %d failed, p95 %v, %d in flight",
		time.Since(h.began).Round(time.Second), rate, now.Elapsed.Round(time.Second), now.Accepted, now.Failed, roundTime(now.Last.P95), now.InFlight)
}

// tell tells of a step that is over.
func (h *holder) tell(s *capacity.Step) {
	if h.quiet {
		return
	}
	clear := ""
	if h.ios.ErrTerminal {
		clear = "\r\x1b[K"
	}
	words := "held"
	if !s.OK {
		words = "broke: " + s.BrokeWords
	}
	if s.P95S != nil {
		words += fmt.Sprintf("; p95 %v", roundTime(time.Duration(*s.P95S*float64(time.Second))))
	}
	fmt.Fprintf(h.ios.Err, "%s%v: %.4g/s for %.0f s: %s\n", clear, time.Since(h.began).Round(time.Second), s.RatePerS, s.DurationS, words)
}
