package generator

import (
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"rdiostress/internal/measure"
)

const (
	// MinStop is the length from which on a time in which the process did not run is a stop.
	MinStop = 50 * time.Millisecond

	tick       = 5 * time.Millisecond
	throttleIn = 20 // ticks between two readings of what throttles the process
	keptStops  = 64 // for calls that are recorded later; older calls that were under way in them were in later ones too
	listed     = 20 // stops that a report lists
)

// Watch watches the process for the length of a run. Its methods may be called by many goroutines at the same time. A
// nil Watch sees nothing.
type Watch struct {
	start  time.Time
	cpu    func() time.Duration                // processor time of the process, which tests replace
	asleep func(since time.Time) time.Duration // how long the machine was suspended

	seenAt  atomic.Int64 // when the process was last seen to run, since the start
	lastEnd atomic.Int64 // when the last stop ended; 0 without one

	mu       sync.Mutex
	last     reading
	recent   time.Duration // the most processor time lately used between two readings
	throttle []limit       // what may keep the process from running for a part of each period
	stops    []stop        // the last ones
	sum      measure.Stops // of all

	processors *processorTime
	limits     []limit
	delays     map[string]delay
	began      time.Time
	end        chan struct{}
	ticking    sync.WaitGroup
}

// reading is what the watch saw at a time.
type reading struct {
	at     time.Duration
	cpu    time.Duration
	asleep time.Duration
}

// stop is a time in which the process did not run.
type stop struct {
	from, to time.Duration
	slept    time.Duration // that the clock did not count
}

// Start begins to watch. Times are counted from start, the start of the run. Stop must be called.
func Start(start time.Time) *Watch {
	w := &Watch{start: start, cpu: CPUTime, asleep: suspended, began: time.Now(), end: make(chan struct{})}
	if system := systemFiles(); system != nil {
		w.processors = newProcessorTime(system)
		w.limits = w.processors.limits()
		for i := range w.limits {
			w.limits[i].advance(system)
		}
		w.throttle = slices.Clone(w.limits) // check and Stop advance them on their own
		w.delays, _ = w.processors.delays()
	}
	w.readFirst()
	w.ticking.Go(w.run)
	return w
}

// readFirst takes the first reading.
func (w *Watch) readFirst() {
	w.last = reading{time.Since(w.start), w.cpu(), w.asleep(w.start)}
	w.seenAt.Store(int64(w.last.at))
}

func (w *Watch) run() {
	ticks := time.NewTicker(tick)
	defer ticks.Stop()
	for n := 1; ; n++ {
		select {
		case <-ticks.C:
			w.check(time.Since(w.start), n%throttleIn == 0)
		case <-w.end:
			return
		}
	}
}

// check finds out whether the process has run since it was seen last.
//
// A goroutine that is late shows no stop: others may have had the processors. So a gap counts only where the whole
// process used hardly any processor time in it. It is no stop either where a quota held the process back, which the
// figures of throttling show: that can happen ten times a second.
func (w *Watch) check(now time.Duration, readThrottling bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	gap := now - w.last.at
	if gap <= 0 {
		return // somebody else has looked meanwhile
	}
	read := reading{now, w.cpu(), w.asleep(w.start)}
	used, slept := read.cpu-w.last.cpu, read.asleep-w.last.asleep
	isGap := gap > MinStop && used <= 2*w.recent+gap/10
	if slept <= leastSleep {
		slept = 0 // clocks are never read at the same moment
	}
	var throttled time.Duration
	if isGap || readThrottling {
		throttled = w.throttledFor()
	}
	if slept > 0 || isGap && throttled < gap {
		w.record(stop{w.last.at, now, slept})
	} else {
		w.recent = max(used, w.recent-w.recent/8)
	}
	w.last = read
	w.seenAt.Store(int64(now))
}

// throttledFor returns how long a quota may have held the process back since the last call: the periods in which it
// did, and one more, since a gap need not begin with a period.
func (w *Watch) throttledFor() (most time.Duration) {
	for i := range w.throttle {
		l := &w.throttle[i]
		if t := l.advance(w.processors.system); t.periods > 0 {
			most = max(most, span(*l, t)+l.period)
		}
	}
	return most
}

// record records a stop.
func (w *Watch) record(s stop) {
	if len(w.stops) == keptStops {
		w.stops = append(w.stops[:0], w.stops[1:]...)
	}
	w.stops = append(w.stops, s)
	w.lastEnd.Store(int64(s.to))
	length := (s.to - s.from + s.slept).Seconds()
	w.sum.Count++
	w.sum.StoppedS += length
	w.sum.SuspendedS += s.slept.Seconds()
	w.sum.LongestS = max(w.sum.LongestS, length)
	if len(w.sum.Times) < listed {
		w.sum.Times = append(w.sum.Times, measure.StopTime{
			FromS: s.from.Seconds(), ToS: s.to.Seconds(), SuspendedS: s.slept.Seconds(),
		})
	}
}

// Upload is when an upload was made, since the start of the run.
type Upload struct {
	Due  time.Duration
	Sent time.Duration // when its last byte was sent; equal to Done where that is not known

	Replied time.Duration // when its reply began; equal to Done where that is not known
	Done    time.Duration // which has just passed
}

const (
	// smallPart is the part of an upload's time under which a stop does not matter to it.
	smallPart = 20

	// afterStop is how long after a stop replies are read that came in it.
	afterStop = MinStop
)

// HeldUp reports whether an upload's times are longer, or shorter, since the process was stopped. Far from stops, that
// takes two atomic loads.
//
// An upload that waited for its reply all through a stop, and got it a while after, was not: to leave it out would hide
// times of the server's, as a long upload meets a stop more often than a short one.
func (w *Watch) HeldUp(u Upload) bool {
	if w == nil {
		return false
	}
	if u.Done-time.Duration(w.seenAt.Load()) > MinStop {
		w.check(time.Since(w.start), false) // the ticker may come to run only after its caller
	}
	if u.Due >= time.Duration(w.lastEnd.Load()) {
		return false
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	var stopped time.Duration
	for i := len(w.stops) - 1; i >= 0 && w.stops[i].to > u.Due; i-- {
		s := w.stops[i]
		waited := u.Sent <= s.from && u.Replied >= s.to+afterStop && s.slept == 0
		if s.from < u.Done && !waited {
			stopped += min(s.to, u.Done) - max(s.from, u.Due) + s.slept
		}
	}
	return stopped > (u.Done-u.Due)/smallPart
}

// LastStop returns the end of the last stop, and its length. The end is 0 without a stop.
func (w *Watch) LastStop() (end, length time.Duration) {
	if w == nil || w.lastEnd.Load() == 0 {
		return 0, 0
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	last := w.stops[len(w.stops)-1]
	return last.to, last.to - last.from
}

// StopEnd returns the end of the last stop, or 0 without one. It takes one atomic load.
func (w *Watch) StopEnd() time.Duration {
	if w == nil {
		return 0
	}
	return time.Duration(w.lastEnd.Load())
}

// Stop ends the watch and puts what was seen into g.
func (w *Watch) Stop(g *measure.Generator) {
	if w == nil {
		return
	}
	close(w.end)
	w.ticking.Wait()
	stops := w.sum
	g.Stops = &stops
	took := time.Since(w.began)
	g.Absent = make(map[string]string)
	w.fillThrottling(g, took)
	w.fillDelay(g)
}

// fillThrottling says which quota there was, and how much it held the process back.
func (w *Watch) fillThrottling(g *measure.Generator, took time.Duration) {
	if len(w.limits) == 0 {
		reason := noSystemFiles
		if w.processors != nil {
			reason = "its control groups set no quota"
			if w.processors.absent != nil {
				reason = w.processors.absent.Error()
			}
		}
		for _, name := range []string{"quota_processors", "throttled_s", "throttled_share"} {
			g.Absent[name] = reason
		}
		return
	}
	if n, ok := w.processors.quota(); ok {
		g.QuotaProcessors = &n
	} else {
		g.Absent["quota_processors"] = "its quota was lifted during the run"
	}
	since := make([]throttling, len(w.limits))
	for i := range w.limits {
		since[i] = w.limits[i].advance(w.processors.system)
	}
	worst := mostThrottled(w.limits, since)
	seconds := since[worst].time.Seconds()
	part := min(1, span(w.limits[worst], since[worst]).Seconds()/took.Seconds())
	g.ThrottledS, g.ThrottledShare = &seconds, &part
}

// fillDelay says how long threads have waited for a processor.
func (w *Watch) fillDelay(g *measure.Generator) {
	if w.processors == nil {
		g.Absent["run_delay_s"], g.Absent["run_delay_mean_s"] = noSystemFiles, noSystemFiles
		return
	}
	now, ok := w.processors.delays()
	if !ok || w.delays == nil {
		const why = "this kernel does not say how long threads wait for a processor"
		g.Absent["run_delay_s"], g.Absent["run_delay_mean_s"] = why, why
		return
	}
	since := delaySince(w.delays, now)
	waited, each := since.waited.Seconds(), 0.0
	if since.runs > 0 {
		each = waited / float64(since.runs)
	}
	g.RunDelayS, g.RunDelayMeanS = &waited, &each
}
