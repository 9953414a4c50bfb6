package delivery

import (
	"context"
	"errors"
	"fmt"
	"time"

	"rdiostress/internal/clock"
)

// reading is how far everything has been read, where that is known.
type reading struct {
	began, at   time.Duration // since the start of the run
	read, total int64
}

// left is how long the rest takes, at the rate until now; 0 where that is not known.
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

// How long the last account may take where the time is up, or somebody has ended the wait.
const (
	interruptedLimit = 30 * time.Second
	shortestReading  = 5 * time.Second // longer than a poll and then a reading wait for the lock of a database
)

// A wait of more than endless has no end of its own; then accounting takes no longer than that of ten million calls.
const (
	endless      = 24 * time.Hour
	accountLimit = 30 * time.Minute
)

// leastReading is how long everything may be read at least, however long the wait for calls to be stored was: without
// that, nothing would be known. It is no longer than that wait may be, except where a short wait leaves no time for it.
func (w *Watch) leastReading() time.Duration {
	return min(max(w.Max, shortestReading), interruptedLimit)
}

// errTimeUp says that not everything could be read in the time that there is.
var errTimeUp = errors.New("the time was up before everything was read")

// readStored reads everything that the server has of the run, and notes in the ledger what is there. It ends when Max
// has passed since the last reply; when ctx ends, it accounts with what can be read soon.
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
	defer context.AfterFunc(limited, w.interruptPoll)() // which the reading has to wait for
	w.polling.Lock()
	defer w.polling.Unlock()
	err := w.readAnew(limited)
	if err != nil && errors.Is(limited.Err(), context.DeadlineExceeded) {
		err = w.describeTimeUp(err)
	}
	w.match.checkAudio(limited, w.place, &w.AudioOptions, whyHurry(ctx, err))
	return err
}

// describeTimeUp is errTimeUp, with how far reading has come, and what it has last failed with.
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

// mostReadings are made at most where the server begins anew while everything is read.
const mostReadings = 3

// readAnew reads everything, from the beginning where the server has begun anew meanwhile.
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

// accountVisitor is called with everything that is stored.
func (w *Watch) accountVisitor() *Visitor {
	v := w.match.visitAll()
	began := w.elapsed()
	w.noteReading(reading{began: began})
	v.Progress = func(read, total int64) { w.noteReading(reading{began, w.elapsed(), read, total}) }
	return v
}

// timeLeft is how long it may still be waited and read.
func (w *Watch) timeLeft() time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.ended < 0 { // before the last reply
		return w.Max
	}
	return max(w.Max-(w.elapsed()-w.ended), 0)
}
