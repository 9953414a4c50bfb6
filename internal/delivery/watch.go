package delivery

import (
	"context"
	"sync"
	"time"

	"rdiostress/internal/clock"
	"rdiostress/internal/measure"
	"rdiostress/internal/secret"
)

// Options say how a Watch looks, and for how long.
type Options struct {
	Every   time.Duration // between two looks; 0 is a second
	Timeout time.Duration // how long after the run the backlog may stand still before what is missing is given up
	Max     time.Duration // how long to wait after the run in all, and to read what is stored
	Before  int64         // calls since the prober was opened that are not the run's, where they are only counted

	AudioOptions

	// Busy reports whether the server is seen at work, by its processor time or its queue: then calls may still be
	// stored. It is nil where that cannot be seen.
	Busy func() bool

	// Log is the server's log as it grows; nil without one.
	Log LogReader

	// Redactor hides what must not be told of the log's lines.
	Redactor *secret.Redactor
}

// Watch looks at what a server stores of a run while it goes, waits for the rest, and accounts.
type Watch struct {
	Options
	ledger   *Ledger
	place    Place
	prober   Prober // place, where it is asked; else nil
	feed     Feed   // place, where it tells of calls as they come, and is never read again; else nil
	match    *matcher
	polling  sync.Mutex // held while the prober looks
	logLines int64      // of the server's log that were about calls; looking holds it

	mu      sync.Mutex
	samples []sample
	idle    idleness
	pollErr error // of the last look
	crash   time.Duration
	ended   time.Duration // when the last reply came; negative before
	stage   Stage
	counted bool // the prober only counts calls until it accounts
	reading reading

	interrupt context.CancelFunc // of the look under way; nil if there is none

	cancel context.CancelFunc
	poller sync.WaitGroup
}

// sample is how storing stood at a moment.
type sample struct {
	at time.Duration // since the start of the run
	counts
	activity int64         // grows with whatever the server stores or logs, for calls of any run
	answered time.Duration // when the latest call was acknowledged of those that were stored by then
}

// Start begins to look until Finish is called, which must be.
func Start(ctx context.Context, l *Ledger, p Place, o Options) *Watch {
	if o.Every <= 0 {
		o.Every = time.Second
	}
	// The run may be interrupted; what is stored of it still counts.
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	w := &Watch{Options: o, ledger: l, place: p, match: newMatcher(l, &o.AudioOptions), cancel: cancel}
	w.match.redactor = o.Redactor
	w.crash, w.ended = -1, -1
	w.samples = []sample{{}}
	w.prober, _ = p.(Prober)
	if feed, ok := p.(Feed); ok {
		w.feed, w.Every = feed, min(o.Every, time.Second)
		feed.Follow(w.match.accountArrival)
	}
	if slow, ok := p.(interface{ Every() time.Duration }); ok {
		w.Every = max(w.Every, slow.Every())
	}
	w.poller.Go(func() { w.pollRepeatedly(ctx) })
	return w
}

// pollRepeatedly looks again and again. A server whose calls take long to look at is looked at less often, so that
// looking is never more than a fraction of what it does.
func (w *Watch) pollRepeatedly(ctx context.Context) {
	for pause := w.Every; clock.Sleep(ctx, pause) == nil; {
		began := time.Now()
		w.poll(ctx)
		const share = 4 // looking is at most 1/(1+share) of the time
		took := time.Since(began)
		pause = max(w.Every-took, share*took)
	}
}

// pollLimit is how long a look may take. The next one goes on where it has come to.
const pollLimit = 30 * time.Second

// poll looks once and takes a sample.
func (w *Watch) poll(ctx context.Context) {
	w.polling.Lock()
	defer w.polling.Unlock()
	ctx, cancel := context.WithTimeout(ctx, pollLimit)
	defer cancel()
	w.setInterrupt(cancel)
	defer w.setInterrupt(nil)
	at, before := w.elapsed(), w.ledger.counts().acknowledged
	counted := int64(-1)
	hear := func(line string) {
		if isAboutCall(line) {
			w.logLines++
		}
		w.match.readLogLine(line)
	}
	var err error
	if w.prober != nil {
		err = w.prober.Poll(ctx, &Visitor{
			Row:    func(r *Row) { w.match.markStored(r, at) },
			Logged: hear,
			Count:  func(n int64) { counted = n - w.Before },
		})
	}
	w.readLog(hear)
	s := sample{at: w.elapsed(), counts: w.ledger.counts()}
	if rows, named := w.match.unnamedRows(); !named {
		// Others' calls may be among those that were only counted.
		s.stored = min(max(s.stored, rows, counted), s.acknowledged)
	}
	s.acknowledged = max(before, s.stored) // what was acknowledged while it looked cannot have been seen
	newest, answered := w.match.progress()
	s.activity, s.answered = newest+max(counted, 0)+w.logLines, answered
	busy := w.Busy != nil && w.Busy()
	w.mu.Lock()
	defer w.mu.Unlock()
	w.counted = w.counted || counted >= 0
	if w.pollErr = err; err != nil {
		w.idle.addFailed()
		return // such as while the server is down: what is not seen is no figure
	}
	w.idle.add(w.samples[len(w.samples)-1], s, busy)
	w.samples = append(w.samples, s)
	if len(w.samples) > maxSamples {
		w.thinSamples()
	}
}

func (w *Watch) setInterrupt(cancel context.CancelFunc) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.interrupt = cancel
}

// interruptPoll ends the look under way.
func (w *Watch) interruptPoll() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.interrupt != nil {
		w.interrupt()
	}
}

// readLog reads what the server's log says, where there is one. That it cannot be read only takes reasons away.
func (w *Watch) readLog(hear func(line string)) {
	if w.Log != nil {
		_ = w.Log.Read(hear)
	}
}

// maxSamples are kept, a quarter of a megabyte: those of 2 h 16 min, a second apart; of a longer run, ever fewer.
const maxSamples = 8192

// thinSamples leaves out every other sample but the latest ones.
func (w *Watch) thinSamples() {
	kept := w.samples[:0]
	for i, s := range w.samples {
		if i%2 == 0 || i > len(w.samples)-recentSamples {
			kept = append(kept, s)
		}
	}
	w.samples = kept
}

// recentSamples are kept one by one: those of the last minute, a second apart, by which the present rate is told.
const recentSamples = 64

func (w *Watch) elapsed() time.Duration { return time.Since(w.ledger.start) }

// Crashed notes that the server was killed at a time since the start of the run: calls acknowledged before are
// accounted apart.
func (w *Watch) Crashed(at time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.crash = at
}

// FillSeries puts what was seen of storing into the points of a series, each by the last look at or before its end.
func (w *Watch) FillSeries(points []measure.Point) {
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
			rate := storedSince(before, s) / took
			points[p].StoredPerS = &rate
		}
		before = s
	}
}
