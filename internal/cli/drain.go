package cli

import (
	"context"
	"fmt"
	"math"
	"time"

	"rdiostress/internal/clock"
	"rdiostress/internal/delivery"
	"rdiostress/internal/measure"
	"rdiostress/internal/report"
)

// verifiedByMetrics says that the server's own count of stored calls was looked at.
const verifiedByMetrics = "metrics"

const (
	drainEvery = 500 * time.Millisecond
	restLeast  = time.Second     // between two steps
	restBlind  = 5 * time.Second // where nothing of the server is seen
	calmLooks  = 2               // looks in a row that must find the server done
	fresh      = 3 * time.Second // after which a reading of what is stored says nothing about now
)

// findVerified finds out how it is seen what the server stores.
func (h *holder) findVerified() {
	_, counted := h.storedSince(0)
	switch c := h.verify.check; {
	case c != nil && c.prober != nil:
		h.verified = c.prober.Method()
	case counted:
		h.verified = verifiedByMetrics
	default:
		h.verified = verifyNone
	}
}

// storedSince is how many calls the server has stored by its own count, if that was read after a time since the start of the search.
func (h *holder) storedSince(since time.Duration) (float64, bool) {
	return h.watch.latestOf(measure.StoredCalls, since)
}

// awaitStored is how many calls the server has stored by its own count, read after now, so that a step does not begin with a count from
// before the last backlog was stored; negative where the server shows none.
func (h *holder) awaitStored(ctx context.Context) float64 {
	now := time.Since(h.began)
	if _, counts := h.storedSince(0); !counts {
		return -1
	}
	for ctx.Err() == nil && time.Since(h.began) < now+fresh {
		if stored, ok := h.storedSince(now); ok {
			return stored
		}
		_ = clock.Sleep(ctx, drainEvery/10)
	}
	return -1
}

// lookAtRest waits, before the first step, until the server was looked at, and notes how busy it is without the search.
func (h *holder) lookAtRest(ctx context.Context) {
	const long = 2500 * time.Millisecond // two looks at processor time, which each tell of the second before them
	lowest := math.Inf(1)
	for began := time.Now(); ctx.Err() == nil && time.Since(began) < long; _ = clock.Sleep(ctx, drainEvery) {
		h.showLine("looking at the server before the first rate")
		if cpu, ok := h.watch.latestOf(measure.CPU, 0); ok {
			lowest = min(lowest, cpu)
		}
	}
	if !math.IsInf(lowest, 1) {
		h.restingCPU = lowest
	}
}

// backlog is how many calls are accepted and not stored; NaN where that was not seen within the step, or not lately.
func (r *stepRun) backlog(now *measure.Snapshot) float64 {
	if c := r.holder.verify.check; c != nil && c.watch != nil {
		p := c.watch.Progress()
		if p.Err != nil || p.At == 0 || now.Elapsed-p.At > max(fresh, 2*c.watch.Every) {
			return math.NaN()
		}
		return float64(p.Backlog)
	}
	stored, ok := r.holder.storedSince(max(r.began, time.Since(r.holder.began)-fresh))
	if !ok || r.stored < 0 {
		return math.NaN()
	}
	return max(float64(now.Accepted)-(stored-r.stored), 0)
}

// delivered puts into a step what became of its calls, by their numbers. ReplyS is when its last reply came.
func (h *holder) delivered(step *report.CapacityStep, d *measure.Delivery, replyS float64) {
	if c := h.verify.check; c == nil || c.watch == nil {
		return
	}
	step.BacklogEnd, step.DrainS, step.Pending, step.Lost = d.BacklogEnd, d.DrainS, d.Pending, d.Lost
	if step.Pending == nil {
		step.Unseen = d.Absent
		return
	}
	if *step.Pending > 0 { // the wait has ended before them
		waited := max(time.Since(h.began).Seconds()-step.StartS-replyS, 0)
		step.DrainS = &waited
	}
}

// drain waits until the server has stored what it has accepted, by its own count, where the step's calls were not looked for one by one:
// until the backlog is gone, or stands still for as long as --verify-timeout says. What it finds goes into the step.
func (h *holder) drain(ctx context.Context, run *stepRun, step *report.CapacityStep) {
	if h.verified != verifiedByMetrics {
		return
	}
	if run.stored < 0 {
		step.Unseen = "the server's count of stored calls could not be read before the step"
		return
	}
	ended := time.Since(h.began)
	least, leastAt := math.Inf(1), ended
	for {
		now := time.Since(h.began)
		stored, seen := h.storedSince(ended)
		backlog := max(float64(step.Accepted)-(stored-run.stored), 0)
		if seen {
			if step.BacklogEnd == nil {
				atEnd := uint64(backlog)
				step.BacklogEnd = &atEnd
			}
			if backlog < least {
				least, leastAt = backlog, now
			}
		}
		still := now-leastAt >= time.Duration(h.verify.timeout)
		if ctx.Err() == nil && !still && (!seen || backlog > 0) {
			h.showDrain(step, least, now-ended)
			_ = clock.Sleep(ctx, drainEvery)
			continue
		}
		if math.IsInf(least, 1) {
			step.Unseen = "the server's count of stored calls was not read after the step"
			return
		}
		pending, took := uint64(least), (now - ended).Seconds()
		if pending == 0 {
			took = (leastAt - ended).Seconds()
		}
		step.Pending, step.DrainS = &pending, &took
		return
	}
}

// rest waits between two steps: a moment where the last step's calls are known to be stored, else until the server's queue is empty and
// its processor idle, as far as these are seen; and for a while where nothing is.
func (h *holder) rest(ctx context.Context) {
	if h.steps == 0 {
		h.lookAtRest(ctx)
		return
	}
	began := time.Now()
	for calm := 0; ctx.Err() == nil; {
		_ = clock.Sleep(ctx, drainEvery)
		took := time.Since(began)
		seen := h.watch.latest()
		_, hasQueue := seen.Get(measure.UploadQueue)
		_, hasCPU := seen.Get(measure.CPU)
		if calm++; isBusy(&seen, h.restingCPU) {
			calm = 0
		}
		switch {
		case took < restLeast:
		case h.verified != verifyNone:
			return
		case !hasQueue && !hasCPU && took >= restBlind, (hasQueue || hasCPU) && calm >= calmLooks:
			return
		}
		h.showLine("waiting until the server is idle")
	}
}

// followStoring shows how storing stands while a step's calls are looked for one by one, until the returned function is called. It gives
// up when none was stored for long: on a server that stores others' calls all the time, one that is lost could be waited for till the end of
// the search.
func (h *holder) followStoring(w *delivery.Watch, giveUp func()) (done func()) {
	stored, storedAt := uint64(0), time.Now()
	return follow(drainEvery, func(last bool) {
		p := w.Progress()
		if p.Stored != stored {
			stored, storedAt = p.Stored, time.Now()
		}
		if time.Since(storedAt) > 2*time.Duration(h.verify.timeout) {
			giveUp()
		}
		if !last {
			h.showLine("%.4g/s: waiting for storage: %d of %d calls stored, %.3g/s", h.scenario.Rate, p.Stored, p.Acknowledged, p.PerS)
		}
	})
}

// showDrain shows how storing stands by the server's own count.
func (h *holder) showDrain(step *report.CapacityStep, backlog float64, waited time.Duration) {
	if math.IsInf(backlog, 1) {
		return
	}
	h.showLine("%.4g/s: waiting for storage, %v so far: %.0f of %d calls not stored", step.RatePerS, waited.Round(time.Second), backlog, step.Accepted)
}

// showLine shows on a terminal how the search stands, in a line that the next one overwrites.
func (h *holder) showLine(format string, args ...any) {
	if h.quiet || !h.ios.ErrTerminal {
		return
	}
	line := fmt.Sprintf("%v: "+format, append([]any{time.Since(h.began).Round(time.Second)}, args...)...)
	fmt.Fprint(h.ios.Err, clearLine+fit(line, terminalWidth(h.ios.Err)))
}
