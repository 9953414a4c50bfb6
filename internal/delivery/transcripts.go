package delivery

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"rdiostress/internal/clock"
	"rdiostress/internal/measure"
)

// TranscriptOptions say how transcripts are awaited.
type TranscriptOptions struct {
	Every    time.Duration // between two readings after the run; 0 means a second
	Timeout  time.Duration // longest wait after the last reply
	Still    time.Duration // how long there may be no new transcript until the rest is given up; 0 means 30 s
	Required bool          // wait even if the server may not transcribe at all

	// Clock bounds how far the clock of the server that answers uploads is ahead, better than before. It is nil if
	// that is not one clock, for the reason NoClock.
	Clock   func(ctx context.Context, before *Offset) (Offset, error)
	NoClock string
}

// Transcripts finds out when the calls of a Watch were transcribed. While the run goes, it only compares clocks, which
// costs the server next to nothing; it reads after the run, since servers keep when they made a transcript.
type Transcripts struct {
	TranscriptOptions
	watch  *Watch
	reader TranscriptReader // nil if there is none
	source TranscriptSource
	table  transcriptTable
	stored *measure.Histogram // from the call being stored to its transcript, by the server
	engine string

	offset   *Offset // of the clock that dates the transcripts, when compared; nil if not known
	compared time.Time
	clockErr error
	readErr  error // of the last reading
	readOnce bool

	mu       sync.Mutex
	progress TranscriptProgress

	cancel context.CancelFunc
	clocks sync.WaitGroup
}

// TranscriptProgress is how far the transcripts are, for displays.
type TranscriptProgress struct {
	Calls, Made, Waiting uint64
	GivesUp              time.Duration // until the wait ends if nothing changes
}

// defaultStill is how long no new transcript is awaited. Models on a processor take that long for a long call.
const defaultStill = 30 * time.Second

// FollowTranscripts begins to compare clocks. The caller must call Finish, after that of the Watch.
func FollowTranscripts(ctx context.Context, w *Watch, o TranscriptOptions) *Transcripts {
	if o.Every <= 0 {
		o.Every = time.Second
	}
	if o.Still <= 0 {
		o.Still = defaultStill
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	t := &Transcripts{TranscriptOptions: o, watch: w, stored: measure.NewHistogram(), cancel: cancel}
	t.reader, _ = w.place.(TranscriptReader)
	if t.reader != nil && o.Clock != nil {
		t.clocks.Go(func() { t.compareClocks(ctx) })
	}
	return t
}

const (
	clockEvery    = 900 * time.Millisecond // between two comparisons at first
	clockEnough   = 2 * time.Millisecond   // error that is small enough
	clockTries    = 20                     // comparisons until it is left at what it is
	clockAgain    = time.Minute            // between two comparisons later
	maxClockError = time.Second            // above which a delay is not known
	clockDrift    = 50e-6                  // by which clocks may run apart
)

// compareClocks compares the server's clock with ours, often until the bounds are narrow and rarely from then on.
func (t *Transcripts) compareClocks(ctx context.Context) {
	for try := 0; ctx.Err() == nil; try++ {
		before := t.knownOffset()
		o, err := t.Clock(ctx, before)
		if ctx.Err() != nil {
			return
		}
		if err == nil && before != nil {
			o = before.Narrow(o)
		}
		t.noteOffset(o, err)
		pause := clockEvery
		if try+1 >= clockTries || err == nil && o.Error() <= clockEnough {
			pause = clockAgain
		}
		if clock.Sleep(ctx, pause) != nil {
			return
		}
	}
}

func (t *Transcripts) noteOffset(o Offset, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.clockErr = err; err == nil {
		t.offset, t.compared = &o, time.Now()
	}
}

// knownOffset returns the bounds of the offset by now, as clocks run apart since they were compared; nil if not known.
func (t *Transcripts) knownOffset() *Offset {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.offset == nil {
		return nil
	}
	drift := time.Duration(clockDrift * float64(time.Since(t.compared)))
	return &Offset{t.offset.Low - drift, t.offset.High + drift}
}

// Progress returns how far the transcripts are. It is safe for concurrent use.
func (t *Transcripts) Progress() TranscriptProgress {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.progress
}

// Finish waits until no call of the run waits for its transcript, none was made for a while, Timeout has passed or ctx
// ends. ended is when the last reply came, since the start of the run.
func (t *Transcripts) Finish(ctx context.Context, ended time.Duration) measure.Transcription {
	m := measure.Transcription{Method: measure.MethodNone}
	if m.Absent = t.open(ctx); m.Absent != "" {
		t.stopClocks()
		return m
	}
	how := t.await(ctx, ended)
	t.stopClocks()
	switch {
	case !t.readOnce:
		m.Absent, m.ReadFailed = fmt.Sprintf("reading %s failed: %v", t.source.Words, t.readErr), true
		return m
	case !t.sees():
		m.Absent = t.whyNone()
		return m
	}
	t.readClock(ctx)
	m.Method, m.Source, m.Engine = t.watch.place.Method(), t.source.Words, t.engine
	waited := max(t.watch.elapsed()-ended, 0).Seconds()
	m.WaitEnd, m.WaitedS = how, &waited
	t.fill(&m, ended)
	return m
}

// Abandon ends the comparison of clocks, in place of Finish.
func (t *Transcripts) Abandon() { t.stopClocks() }

func (t *Transcripts) stopClocks() {
	t.cancel()
	t.clocks.Wait()
}

// open finds out how transcripts are read, or why they are not.
func (t *Transcripts) open(ctx context.Context) (absent string) {
	if t.reader == nil {
		return fmt.Sprintf("%s shows no transcripts", t.watch.place.Source())
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastReading)
	defer cancel()
	var err error
	if t.source, err = t.reader.OpenTranscripts(ctx); err != nil {
		return err.Error()
	}
	return ""
}

// sees reports whether the server is seen to transcribe: some of the run's calls have or await a transcript. Where it
// may not transcribe at all, waiting is no sign.
func (t *Transcripts) sees() bool {
	c := t.count()
	return c.made+c.failed > 0 || c.waiting+c.skipped > 0 && t.source.Doubtful == ""
}

// whyNone says why the run is taken to have no transcripts.
func (t *Transcripts) whyNone() string {
	if t.source.Doubtful != "" {
		return t.source.Doubtful
	}
	return fmt.Sprintf("no call of the run has a transcript in %s, or waits for one", t.source.Words)
}

const (
	lastReading  = 15 * time.Second // for what is read when the wait was interrupted
	readingShare = 9                // the wait between two readings is at least this many times as long as one
)

// await reads again and again until the wait is over, and returns how it ended.
func (t *Transcripts) await(ctx context.Context, ended time.Duration) measure.TranscriptsEnd {
	progressAt, before := t.watch.elapsed(), uint64(0)
	for {
		began := time.Now()
		t.read(ctx)
		took := time.Since(began)
		now, c := t.watch.elapsed(), t.count()
		if final := c.made + c.failed + c.skipped; final > before {
			progressAt, before = now, final
		}
		stillLeft, timeLeft := t.Still-(now-progressAt), t.Timeout-(now-ended)
		t.note(c, min(stillLeft, timeLeft))
		switch {
		case t.readOnce && t.isOver(c):
			return measure.TranscriptsDone
		case ctx.Err() != nil:
			return measure.TranscriptsStopped
		case timeLeft <= 0:
			return measure.TranscriptsTimeUp
		case stillLeft <= 0:
			return measure.TranscriptsStill
		}
		pause := max(t.Every, readingShare*took)
		_ = clock.Sleep(ctx, max(min(pause, stillLeft, timeLeft), time.Millisecond)) // ctx is checked above
	}
}

// isOver reports whether no call of the run waits.
func (t *Transcripts) isOver(c transcriptCounts) bool {
	if !t.Required && c.made+c.failed == 0 && t.source.Doubtful != "" {
		return true
	}
	return c.waiting == 0 && (c.unseen == 0 || !t.source.Silent)
}

func (t *Transcripts) note(c transcriptCounts, givesUp time.Duration) {
	waiting := c.waiting
	if t.source.Silent {
		waiting += c.unseen
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.progress = TranscriptProgress{Calls: c.calls, Made: c.made, Waiting: waiting, GivesUp: max(givesUp, 0)}
}

// read reads the transcripts once, even if ctx has ended.
func (t *Transcripts) read(ctx context.Context) {
	limit := max(t.Timeout, lastReading)
	if ctx.Err() != nil {
		limit = lastReading
	}
	limited, cancel := context.WithTimeout(context.WithoutCancel(ctx), limit)
	defer cancel()
	defer context.AfterFunc(ctx, func() {
		if clock.Sleep(limited, lastReading) == nil {
			cancel()
		}
	})()
	t.readErr = t.reader.ReadTranscripts(limited, t.visit)
	t.readOnce = t.readOnce || t.readErr == nil
	if errors.Is(t.readErr, ErrBegunAnew) { // the server has lost the calls
		t.table.clear()
		t.stored.Reset()
	}
}

// visit records what a server says of a call's transcript.
func (t *Transcripts) visit(r *Row, tr Transcript) {
	n, ok := t.watch.match.identify(r)
	if !ok {
		return
	}
	receipt := t.watch.ledger.known(n)
	if receipt == nil || !receipt.owed() || t.table.get(n).state.isFinal() {
		return
	}
	t.table.put(n, transcriptEntry{tr.State, tr.Made.Sub(t.watch.ledger.start.Round(0)), !tr.Made.IsZero()})
	if tr.State == TranscriptMade && tr.Delay >= 0 {
		t.stored.Record(tr.Delay)
	}
	if tr.Engine != "" {
		t.engine = tr.Engine
	}
}

// readClock asks a source that has a clock of its own how far that is ahead.
func (t *Transcripts) readClock(ctx context.Context) {
	if t.source.Clock == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastReading)
	defer cancel()
	t.offset, t.clockErr = nil, nil
	const tries = 5
	for range tries {
		o, err := t.source.Clock(ctx)
		if err == nil && t.offset != nil {
			o = t.knownOffset().Narrow(o)
		}
		t.noteOffset(o, err)
	}
}
