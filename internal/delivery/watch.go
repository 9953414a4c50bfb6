package delivery

import (
	"context"
	"fmt"
	"sync"
	"time"

	"rdiostress/internal/measure"
)

// Options say how a Watch looks, and for how long.
type Options struct {
	Every   time.Duration // between two looks; 0 is a second
	Timeout time.Duration // how long after the run the backlog may stand still before what is missing is given up
	Max     time.Duration // how long to wait after the run in all
	Before  int64         // calls since the prober was opened that are none of the run's, where a server only counts them

	// Sent is what was sent as the audio of a call of the run; nil if the stored audio is not to be compared.
	Sent func(n uint64) (Sent, bool)
}

// Watch looks at what a server stores of a run while it goes, waits for the rest, and accounts.
type Watch struct {
	Options
	ledger *Ledger
	prober Prober
	match  matcher
	look   sync.Mutex // held while the prober looks

	mu      sync.Mutex
	samples []sample
	looks   int
	fault   error // of the last look
	crash   time.Duration
	pushed  bool // the prober is told of calls as they come, and never reads them again

	cancel context.CancelFunc
	looker sync.WaitGroup
}

// sample is how storing stood at a moment.
type sample struct {
	at time.Duration // since the start of the run
	counts
}

// Progress is how storing stands, for displays.
type Progress struct {
	Acknowledged, Stored, Backlog uint64
	PerS                          float64 // calls stored per second lately
	Err                           error   // why the last look failed
}

// Start begins to look until Finish is called, which must be.
func Start(ctx context.Context, l *Ledger, p Prober, o Options) *Watch {
	if o.Every <= 0 {
		o.Every = time.Second
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx)) // the run may be interrupted; what it stored still counts
	w := &Watch{Options: o, ledger: l, prober: p, match: matcher{ledger: l, sent: o.Sent}, cancel: cancel, crash: -1}
	w.samples = []sample{{}}
	if sink, ok := p.(*Sink); ok {
		w.pushed, w.Every = true, min(o.Every, time.Second)
		sink.follow(&w.match)
	}
	w.looker.Go(func() { w.run(ctx) })
	return w
}

// run looks again and again. A server whose calls take long to look at is looked at less often, so that looking is never more
// than a fraction of what it does.
func (w *Watch) run(ctx context.Context) {
	timer := time.NewTimer(w.Every)
	defer timer.Stop()
	for {
		select {
		case <-timer.C:
		case <-ctx.Done():
			return
		}
		began := time.Now()
		w.lookNow(ctx)
		const share = 4 // of the time, at most one in so many and one
		timer.Reset(max(w.Every-time.Since(began), share*time.Since(began)))
	}
}

// lookNow looks once and takes a sample.
func (w *Watch) lookNow(ctx context.Context) {
	w.look.Lock()
	defer w.look.Unlock()
	at, before := w.elapsed(), w.ledger.counts().acknowledged
	counted := int64(-1)
	err := w.prober.Look(ctx, &Told{
		Row:     func(r *Row) { w.match.look(r, at) },
		Dropped: w.match.dropped,
		Count:   func(n int64) { counted = n - w.Before },
	})
	s := sample{at: w.elapsed(), counts: w.ledger.counts()}
	if rows, named := w.match.strangers(); !named {
		// Others' calls may be among those that were only counted.
		s.stored = min(max(s.stored, rows, counted), s.acknowledged)
	}
	s.acknowledged = max(before, s.stored) // what was acknowledged while it looked cannot have been seen
	w.mu.Lock()
	defer w.mu.Unlock()
	w.looks++
	if w.fault = err; err != nil {
		return // such as while the server is down: what is not seen is no figure
	}
	w.samples = append(w.samples, s)
	if len(w.samples) > mostSamples {
		w.thin()
	}
}

// mostSamples are kept, a quarter of a megabyte: those of 2 h 16 min, a second apart; of a longer run, ever fewer.
const mostSamples = 8192

// thin leaves out every other sample but the latest ones.
func (w *Watch) thin() {
	kept := w.samples[:0]
	for i, s := range w.samples {
		if i%2 == 0 || i > len(w.samples)-recentSamples {
			kept = append(kept, s)
		}
	}
	w.samples = kept
}

// recentSamples are those that the present rate is told by.
const recentSamples = 30

func (w *Watch) elapsed() time.Duration { return time.Since(w.ledger.start) }

// Progress tells how storing stands. It is safe for concurrent use.
func (w *Watch) Progress() Progress {
	w.mu.Lock()
	defer w.mu.Unlock()
	s := w.samples[len(w.samples)-1]
	return Progress{
		Acknowledged: uint64(s.acknowledged), Stored: uint64(s.stored), Backlog: uint64(s.backlog()), PerS: w.recentRate(), Err: w.fault,
	}
}

// Crashed notes that the server was killed at a time since the start of the run: calls acknowledged before are accounted apart.
func (w *Watch) Crashed(at time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.crash = at
}

// recentRate is how many calls were stored per second lately.
func (w *Watch) recentRate() float64 {
	last := w.samples[len(w.samples)-1]
	first := w.samples[max(len(w.samples)-recentSamples, 0)]
	if took := (last.at - first.at).Seconds(); took > 0 {
		return float64(last.stored-first.stored) / took
	}
	return 0
}

// Finish waits until all acknowledged calls are stored, the backlog has stood still for Timeout, Max has passed or ctx ends;
// then it stops looking, accounts and closes nothing: the prober is the caller's. Ended is when the last reply came, since the
// start of the run.
func (w *Watch) Finish(ctx context.Context, ended time.Duration) measure.Delivery {
	d := measure.Delivery{Method: w.prober.Method(), Source: w.prober.Source()}
	w.lookNow(ctx)
	atEnd := w.last()
	a, how, err := w.conclude(ctx, ended)
	w.cancel()
	w.looker.Wait()
	if err != nil {
		d.Absent, d.Failed = fmt.Sprintf("looking at %s failed: %v", d.Source, err), true
		return d
	}
	a.fill(&d)
	w.rates(&d, a, atEnd, ended, how)
	if w.crash >= 0 {
		d.Crash = &measure.Crash{KilledS: w.crash.Seconds(), Acknowledged: a.beforeCrash, Lost: &a.crashLost}
	}
	return d
}

// conclude waits for the backlog and accounts. Where calls can only be counted while they come in, others' among them, the count
// can say that all are stored when they are not: then it goes on waiting for what is missing.
func (w *Watch) conclude(ctx context.Context, ended time.Duration) (*account, drained, error) {
	found, foundAt := uint64(0), w.elapsed()
	for {
		how := w.drain(ctx, ended)
		if err := w.account(ctx); err != nil {
			return nil, how, err
		}
		a := settle(w.ledger, how == stillComing, w.crashedAt())
		if how != allStored || a.missing == 0 {
			return a, how, nil
		}
		if n := a.stored + a.altered; n > found {
			found, foundAt = n, w.elapsed()
		}
		late := w.elapsed()-ended >= w.Max
		if w.elapsed()-foundAt >= w.Timeout || late || ctx.Err() != nil {
			how = stoodStill
			if late || ctx.Err() != nil {
				how = stillComing
			}
			return settle(w.ledger, how == stillComing, w.crashedAt()), how, nil
		}
		w.pause(ctx, recount)
	}
}

// recount is how long to wait before everything is read again.
const recount = 2 * time.Second

func (w *Watch) pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

func (w *Watch) crashedAt() time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.crash
}

// How long accounting may take: that of ten million calls, or of as many as somebody waits for who wants to leave.
const (
	accountLimit     = 30 * time.Minute
	interruptedLimit = 30 * time.Second
)

// drained is how the wait for the backlog ended.
type drained int

const (
	allStored drained = iota
	stoodStill
	stillComing // out of time, or interrupted
)

// drain waits for the backlog, and returns how the wait ended.
func (w *Watch) drain(ctx context.Context, ended time.Duration) drained {
	moved, movedAt, looks := w.last(), w.elapsed(), w.lookCount()
	for {
		now := w.last()
		switch {
		case now.backlog() == 0:
			return allStored
		case now.backlog() < moved.backlog():
			moved, movedAt, looks = now, w.elapsed(), w.lookCount()
		case w.elapsed()-movedAt >= w.Timeout && w.lookCount()-looks >= leastLooks:
			return stoodStill
		}
		if ctx.Err() != nil || w.elapsed()-ended >= w.Max {
			return stillComing
		}
		w.pause(ctx, min(w.Every, 100*time.Millisecond))
	}
}

// leastLooks must find the backlog unmoved before it stands still: on a busy machine looks can be far apart.
const leastLooks = 3

func (w *Watch) lookCount() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.looks
}

func (w *Watch) last() sample {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.samples[len(w.samples)-1]
}

// account reads everything that the server has of the run, and notes in the ledger what is there.
func (w *Watch) account(ctx context.Context) error {
	limit := accountLimit
	if ctx.Err() != nil { // interrupted, it still accounts with what can be read soon
		limit = interruptedLimit
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), limit)
	defer cancel()
	w.look.Lock()
	defer w.look.Unlock()
	if !w.pushed {
		w.ledger.all(func(_ uint64, r *receipt) { r.state.And(^mutable) })
	}
	from, to := w.ledger.span()
	return w.prober.All(ctx, &Told{Row: w.match.account, Dropped: w.match.dropped, From: from, To: to})
}

// rates says how fast calls were stored.
func (w *Watch) rates(d *measure.Delivery, a *account, atEnd sample, ended time.Duration, how drained) {
	most := int64(0)
	var last sample // when the last call was stored
	for _, s := range w.samples {
		most = max(most, s.backlog())
		if s.stored > last.stored {
			last = s
		}
	}
	backlogMax, backlogEnd, resolution := uint64(most), uint64(atEnd.backlog()), w.Every.Seconds()
	if w.pushed {
		resolution = 0 // calls were timed as they came
	}
	d.BacklogMax, d.BacklogEnd = &backlogMax, &backlogEnd
	if d.AckToStored != nil {
		d.ResolutionS = &resolution
	}
	if took := last.at.Seconds(); took > 0 && last.stored > 0 {
		rate := float64(last.stored) / took
		d.StoredPerS = &rate
	}
	switch how {
	case allStored:
		drain := max(last.at-ended, 0).Seconds()
		d.DrainS = &drain
	case stillComing:
		if rate := w.recentRate(); rate > 0 && a.pending > 0 {
			needs := float64(a.pending) / rate
			d.PendingS = &needs
		}
	case stoodStill:
	}
}

// Fill puts what was seen of storing into the points of a series, each by the last look at or before its end.
func (w *Watch) Fill(points []measure.Point) {
	w.mu.Lock()
	defer w.mu.Unlock()
	i := 0
	var before sample
	for p := range points {
		end := points[p].TS + points[p].WidthS
		for i+1 < len(w.samples) && w.samples[i+1].at.Seconds() <= end+w.Every.Seconds()/2 {
			i++
		}
		s := w.samples[i]
		if i == 0 { // not looked yet
			continue
		}
		stored, backlog := uint64(s.stored), uint64(s.backlog())
		points[p].Stored, points[p].Backlog = &stored, &backlog
		if took := (s.at - before.at).Seconds(); took > 0 {
			rate := float64(s.stored-before.stored) / took
			points[p].StoredPerS = &rate
		}
		before = s
	}
}
