package delivery

import (
	"context"
	"errors"
	"fmt"
	"time"

	"rdiostress/internal/clock"
)

// reading is how far reading everything has come, if known.
type reading struct {
	began, at   time.Duration // since the start of the run
	read, total int64
}

// left returns how long the rest takes, at the rate so far; 0 if not known.
func (r *reading) left() time.Duration {
	if r.read <= 0 || r.total <= r.read {
		return 0
	}
	return time.Duration(float64(r.at-r.began) * float64(r.total-r.read) / float64(r.read))
}

func (w *Watch) noteReading(r reading) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.reading = r
}

// How long the last account may take if the time is up, or the user ended the wait.
const (
	interruptedLimit = 30 * time.Second
	shortestReading  = 5 * time.Second // longer than a poll plus a reading waits for a database lock
)

// A wait longer than endless has no end of its own; then the account may take as long as that of ten million calls.
const (
	endless      = 24 * time.Hour
	accountLimit = 30 * time.Minute
)

// leastReading returns the minimum time for reading everything, however long the wait for calls to be stored was:
// without it, nothing would be known. It does not exceed the longest wait, unless a short wait leaves no time for it.
func (w *Watch) leastReading() time.Duration {
	return min(max(w.Max, shortestReading), interruptedLimit)
}

// errTimeUp means that not everything could be read in the available time.
var errTimeUp = errors.New("the time was up before everything was read")

// readStored reads everything that the server has stored of the run, and records it in the ledger. It ends when Max has
// passed since the last reply. When ctx ends, it continues with what can be read soon.
func (w *Watch) readStored(ctx context.Context) error {
	limit := max(w.timeLeft(), w.leastReading())
	if w.Max > endless {
		limit = accountLimit
	}
	limited, cancel := context.WithTimeout(context.WithoutCancel(ctx), limit)
	defer cancel()
	defer context.AfterFunc(ctx, func() {
		if clock.Sleep(limited, w.leastReading()) == nil {
			cancel()
		}
	})()
	defer context.AfterFunc(limited, w.interruptPoll)() // since reading must wait for the poll
	w.polling.Lock()
	defer w.polling.Unlock()
	err := w.readAnew(limited)
	if err != nil && errors.Is(limited.Err(), context.DeadlineExceeded) {
		err = w.describeTimeUp(err)
	}
	w.match.checkAudio(limited, w.place, &w.AudioOptions, whyHurry(ctx, err))
	return err
}

// describeTimeUp returns errTimeUp with how far reading has come, and the last error.
func (w *Watch) describeTimeUp(last error) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	err := errTimeUp
	if w.reading.total > 0 {
		err = fmt.Errorf("%w: %d of %d calls", err, w.reading.read, w.reading.total)
	}
	if errors.Is(last, context.DeadlineExceeded) {
		return err
	}
	return fmt.Errorf("%w: %w", err, last)
}

// mostReadings is the maximum number of readings if the server starts again while everything is read.
const mostReadings = 3

// readAnew reads everything, and starts over if the server has started again meanwhile.
func (w *Watch) readAnew(ctx context.Context) (err error) {
	for range mostReadings {
		if w.feed == nil {
			w.ledger.each(func(_ uint64, r *receipt) { r.state.And(^mutable) })
			w.match.resetAudio()
		}
		w.match.askSettings(ctx, w.place)
		w.readLog(w.match.readLogLine)
		if w.feed != nil {
			w.feed.VisitEarly(w.match.accountRow)
			return nil
		}
		if err = w.prober.ReadAll(ctx, w.accountVisitor()); !errors.Is(err, ErrBegunAnew) {
			return err
		}
	}
	return err
}

// accountVisitor returns the visitor for everything that is stored.
func (w *Watch) accountVisitor() *Visitor {
	v := w.match.visitAll()
	began := w.elapsed()
	w.noteReading(reading{began: began})
	v.Progress = func(read, total int64) { w.noteReading(reading{began, w.elapsed(), read, total}) }
	return v
}

// timeLeft returns how long waiting and reading may still take.
func (w *Watch) timeLeft() time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.ended < 0 { // before the last reply
		return w.Max
	}
	return max(w.Max-(w.elapsed()-w.ended), 0)
}
