package delivery

import (
	"context"
	"sync"
	"time"

	"rdiostress/internal/clock"
	"rdiostress/internal/measure"
	"rdiostress/internal/secret"
)

// Options say how a Watch polls, and for how long.
type Options struct {
	Every   time.Duration // between two polls; 0 means a second
	Timeout time.Duration // how long the backlog may stand still after the run before the rest is given up
	Max     time.Duration // limit for waiting after the run and reading what is stored
	Before  int64         // calls since the prober was opened that are not the run's, if calls are only counted

	AudioOptions

	// Busy reports whether the server is seen to work, by its processor time or its queue: then calls may still be
	// stored. It is nil if that cannot be observed.
	Busy func() bool

	// Log is the server's log as it grows; may be nil.
	Log LogReader

	// Redactor hides secrets in the log's lines.
	Redactor *secret.Redactor
}

// Watch polls what a server stores of a run while it goes, waits for the rest, and makes an account.
type Watch struct {
	Options
	ledger   *Ledger
	place    Place
	prober   Prober // the place if it is polled; else nil
	feed     Feed   // the place if it pushes calls; else nil
	match    *matcher
	polling  sync.Mutex // held during a poll
	logLines int64      // log lines about calls; guarded by polling

	mu      sync.Mutex
	samples []sample
	idle    idleness
	pollErr error // of the last poll
	crash   time.Duration
	ended   time.Duration // when the last reply came; negative before
	stage   Stage
	counted bool // the prober only counts calls until it accounts
	reading reading

	interrupt context.CancelFunc // of the poll under way; nil if there is none

	cancel context.CancelFunc
	poller sync.WaitGroup
}

// sample is how storing stood at a moment.
type sample struct {
	at time.Duration // since the start of the run
	counts
	activity int64         // grows with everything that the server stores or logs, for calls of any run
	answered time.Duration // when the latest stored call was acknowledged
}

// Start begins to poll. The caller must call Finish.
func Start(ctx context.Context, l *Ledger, p Place, o Options) *Watch {
	if o.Every <= 0 {
		o.Every = time.Second
	}
	// The run may be interrupted; its stored calls still count.
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

// pollRepeatedly polls again and again. It polls a slow server less often, so that polling stays a small share of the
// server's work.
func (w *Watch) pollRepeatedly(ctx context.Context) {
	for pause := w.Every; clock.Sleep(ctx, pause) == nil; {
		began := time.Now()
		w.poll(ctx)
		const share = 4 // polling takes at most 1/(1+share) of the time
		took := time.Since(began)
		pause = max(w.Every-took, share*took)
	}
}

// pollLimit is how long a poll may take. The next one continues where it stopped.
const pollLimit = 30 * time.Second

// poll polls once and takes a sample.
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
		// Foreign calls may be among those that were only counted.
		s.stored = min(max(s.stored, rows, counted), s.acknowledged)
	}
	s.acknowledged = max(before, s.stored) // calls acknowledged during the poll cannot have been seen
	newest, answered := w.match.progress()
	s.activity, s.answered = newest+max(counted, 0)+w.logLines, answered
	busy := w.Busy != nil && w.Busy()
	w.mu.Lock()
	defer w.mu.Unlock()
	w.counted = w.counted || counted >= 0
	if w.pollErr = err; err != nil {
		w.idle.addFailed()
		return // such as while the server is down: no value without an observation
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

// interruptPoll ends the poll under way.
func (w *Watch) interruptPoll() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.interrupt != nil {
		w.interrupt()
	}
}

// readLog reads the server's log, if there is one. If that fails, only reasons are missing.
func (w *Watch) readLog(hear func(line string)) {
	if w.Log != nil {
		_ = w.Log.Read(hear)
	}
}

// maxSamples is how many samples are kept, a quarter of a megabyte: 2 h 16 min at one a second; in a longer run they
// get sparser.
const maxSamples = 8192

// thinSamples drops every other sample except the latest ones.
func (w *Watch) thinSamples() {
	kept := w.samples[:0]
	for i, s := range w.samples {
		if i%2 == 0 || i > len(w.samples)-recentSamples {
			kept = append(kept, s)
		}
	}
	w.samples = kept
}

// recentSamples is how many of the latest samples are all kept: the last minute at one a second, for the current rate.
const recentSamples = 64

func (w *Watch) elapsed() time.Duration { return time.Since(w.ledger.start) }

// Crashed records that the server was killed at a time since the start of the run: calls acknowledged before are
// accounted separately.
func (w *Watch) Crashed(at time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.crash = at
}

// FillSeries writes the storage samples to the points of a series: for each point, the last sample at or before its
// end.
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
		if i == 0 { // not polled yet
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
