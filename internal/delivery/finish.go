package delivery

import (
	"context"
	"fmt"
	"math"
	"time"

	"rdiostress/internal/clock"
	"rdiostress/internal/measure"
)

// Finish waits until all acknowledged calls are stored, the server has been idle for Timeout, Max has passed or ctx
// ends. Then it stops polling and makes the account. It does not close the prober, which is the caller's. ended is when
// the last reply came, since the start of the run.
func (w *Watch) Finish(ctx context.Context, ended time.Duration) measure.Delivery {
	d := measure.Delivery{Method: w.place.Method(), Source: w.place.Source()}
	soon, cancel := context.WithTimeout(context.WithoutCancel(ctx), w.leastReading())
	w.poll(soon)
	cancel()
	w.startWaiting(ended)
	c := w.conclude(ctx)
	waited := max(c.at-ended, 0).Seconds()
	w.setStage(Concluded)
	w.cancel()
	w.poller.Wait()
	if c.err != nil {
		d.Absent, d.Failed = fmt.Sprintf("looking at %s failed: %v", d.Source, c.err), true
		return d
	}
	if why := w.whyNothingForwarded(c.account); why != "" {
		d.Absent, d.Failed = why, true
		return d
	}
	c.fillDelivery(&d)
	w.match.describeAudio(&d, &w.AudioOptions)
	d.WaitEnd, d.WaitedS = c.how, &waited
	if c.readErr != nil {
		asOf, age := c.readAt.Seconds(), max(w.elapsed()-c.readAt, 0).Seconds()
		d.AsOfS, d.AgeS, d.Unread = &asOf, &age, c.readErr.Error()
	}
	w.fillRates(&d, &c)
	if w.crash >= 0 {
		d.Crash = &measure.Crash{KilledS: w.crash.Seconds(), Acknowledged: c.beforeCrash, Lost: &c.crashLost}
	}
	return d
}

// startWaiting begins the wait for unstored calls when the last reply has come.
func (w *Watch) startWaiting(ended time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ended, w.stage = ended, Waiting
	w.idle.restart(w.elapsed())
}

func (w *Watch) setStage(s Stage) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.stage = s
}

// whyNothingForwarded says why storage is not known if a sink got no call at all: then there is no sign that the server
// forwards to it.
func (w *Watch) whyNothingForwarded(a *account) string {
	if w.feed == nil || a.acknowledged == 0 || w.feed.Received() > 0 {
		return ""
	}
	return fmt.Sprintf("nothing at all was forwarded to %s: check whether the server has it as a downstream, "+
		"with all systems", w.feed.Address())
}

// conclusion is the result of the wait for storage.
type conclusion struct {
	*account
	how     measure.WaitEnd // how the wait ended, as in measure.Delivery
	at      time.Duration   // when it ended, since the start of the run
	readAt  time.Duration   // when storage was last read, if that failed later
	readErr error           // why it could not be read at the end
	err     error           // why there is no account
}

// conclude waits for the backlog and makes the account. If calls can only be counted while they come in, together with
// other clients' calls, the count may say that all are stored when they are not. Then conclude goes on waiting for the
// missing ones.
func (w *Watch) conclude(ctx context.Context) conclusion {
	accounted := time.Duration(-1)
	for {
		how := w.drain(ctx)
		at, moved := w.elapsed(), w.last().activity
		w.setStage(Accounting)
		err := w.readStored(ctx)
		w.setStage(Waiting)
		if err != nil {
			return w.accountStale(accounted, how, at, err)
		}
		accounted = w.elapsed()
		c := conclusion{account: w.accountAfter(how, accounted), how: how, at: at}
		if how != measure.WaitStored {
			return c
		}
		if c.missing == c.refused {
			if c.refused+c.dropped == 0 || !w.awaitLastVerdict(ctx) {
				return c
			}
			if c.at = w.elapsed(); w.last().activity == moved {
				return c
			}
			continue
		}
		if how = w.awaitActivity(ctx, moved, accounted-at); how != measure.WaitStored {
			return conclusion{account: w.accountAfter(how, accounted), how: how, at: w.elapsed()}
		}
	}
}

// accountAfter reads the ledger as of a given time, after a wait that ended in a given way. A call without a trace is
// missing if the server is done, or if it had by then stored calls that it acknowledged later; otherwise it is pending.
func (w *Watch) accountAfter(how measure.WaitEnd, at time.Duration) *account {
	before := w.overtaken(at)
	switch how {
	case measure.WaitStored, measure.WaitIdle, measure.WaitOvertaken:
		before = forever
	}
	return w.readLedger(before)
}

// readLedger reads the ledger while no poll runs, since a poll adds log reasons and calls that have them.
func (w *Watch) readLedger(before time.Duration) *account {
	w.polling.Lock()
	defer w.polling.Unlock()
	return newAccount(w.ledger, before, w.crashedAt(), w.match.copyReasons())
}

// forever is later than any time.
const forever time.Duration = math.MaxInt64

// accountStale is the conclusion if the last account could not be made: it uses what polls and earlier accounts found.
// A call that was not found is pending. accounted is when the last account was made; negative if there was none.
func (w *Watch) accountStale(accounted time.Duration, how measure.WaitEnd, at time.Duration, err error) conclusion {
	looked := w.last().at
	if w.onlyCounts() {
		looked = 0
	}
	if w.match.foundAny() && accounted < 0 { // by the account that failed
		accounted = at
	}
	readAt := max(looked, accounted)
	if readAt <= 0 {
		return conclusion{at: at, err: err}
	}
	if how != measure.WaitTimeUp && how != measure.WaitStopped {
		how = measure.WaitUnread
	}
	w.ledger.each(func(_ uint64, r *receipt) {
		if _, seen := r.seenAt(); seen || r.state.Load()&wasFound != 0 {
			r.state.Or(once)
		}
	})
	return conclusion{account: w.readLedger(0), how: how, at: at, readAt: readAt, readErr: err}
}

// recount is the shortest wait before everything is read again; recountShare is the shortest wait as a multiple of the
// time that reading takes.
const (
	recount      = 2 * time.Second
	recountShare = 4
)

// awaitActivity waits for new activity if the count says that all calls are stored although some were not found. Then
// everything is to be read again; the last reading took the given time. If the wait ends first, it returns how.
func (w *Watch) awaitActivity(ctx context.Context, moved int64, took time.Duration) measure.WaitEnd {
	for {
		if how := w.waitEnd(ctx); how != "" {
			return how
		}
		if w.last().activity != moved {
			w.pause(ctx, min(max(recount, recountShare*took), w.timeLeft()))
			return measure.WaitStored
		}
		w.pause(ctx, w.checkEvery())
	}
}

// verdictMargin is how long a call may still be stored after the server's log said that it is not: some log lines are
// followed by the call after all.
const verdictMargin = 10 * time.Second

// awaitLastVerdict waits until the log's last line about a call that is not stored is old enough to be trusted, or the
// wait is over. It reports whether it had to wait.
func (w *Watch) awaitLastVerdict(ctx context.Context) (waited bool) {
	for w.elapsed()-w.lastVerdict() < verdictMargin && w.waitEnd(ctx) == "" {
		w.pause(ctx, w.checkEvery())
		waited = true
	}
	return waited
}

// lastVerdict returns when the server's log was last found to say that a call is not stored, since the start of the
// run.
func (w *Watch) lastVerdict() time.Duration {
	dropped := w.ledger.counts().dropped
	w.mu.Lock()
	defer w.mu.Unlock()
	for i := len(w.samples) - 1; i >= 0; i-- {
		if w.samples[i].dropped < dropped {
			return w.samples[min(i+1, len(w.samples)-1)].at
		}
	}
	return -verdictMargin // no log line so far
}

// drain waits for the backlog, and returns how the wait ended.
func (w *Watch) drain(ctx context.Context) measure.WaitEnd {
	for judged := 0; ; {
		if w.backlog() == 0 {
			return measure.WaitStored
		}
		if how := w.waitEnd(ctx); how != "" {
			return how
		}
		// judging reads the whole ledger, so do it once after each poll.
		if still, look := w.ownIdle(); still && look != judged {
			judged = look
			if w.allOvertaken() {
				return measure.WaitOvertaken
			}
		}
		w.pause(ctx, w.checkEvery())
	}
}

// waitEnd returns how the wait ended, whatever is not stored; empty if it goes on.
func (w *Watch) waitEnd(ctx context.Context) measure.WaitEnd {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case ctx.Err() != nil:
		return measure.WaitStopped
	case w.idle.isIdle(w.Timeout):
		return measure.WaitIdle
	case w.elapsed()-w.ended >= w.Max:
		return measure.WaitTimeUp
	default:
		return ""
	}
}

// ownIdle reports whether no call of the run has been stored for Timeout, and as of which poll.
func (w *Watch) ownIdle() (still bool, look int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.idle.isOwnIdle(w.Timeout, w.samples[len(w.samples)-1].at), w.idle.ownPolls
}

// backlog returns how many acknowledged calls were not stored at the last successful poll.
func (w *Watch) backlog() int64 {
	now := w.last().counts
	now.acknowledged = max(now.acknowledged, w.ledger.counts().acknowledged)
	return now.backlog()
}

// checkEvery is how often to check whether the wait is over.
func (w *Watch) checkEvery() time.Duration { return min(w.Every, 100*time.Millisecond) }

func (w *Watch) pause(ctx context.Context, d time.Duration) {
	_ = clock.Sleep(ctx, d) // the caller checks ctx
}

func (w *Watch) crashedAt() time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.crash
}

func (w *Watch) onlyCounts() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.counted
}

func (w *Watch) last() sample {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.samples[len(w.samples)-1]
}

// fillRates writes to d how fast calls were stored.
func (w *Watch) fillRates(d *measure.Delivery, c *conclusion) {
	most := int64(0)
	var last sample // when the last call was stored
	for _, s := range w.samples {
		most = max(most, s.backlog())
		if s.stored > last.stored {
			last = s
		}
	}
	atEnd := w.backlogAtEnd()
	backlogMax, backlogEnd, resolution := uint64(max(most, atEnd)), uint64(atEnd), w.Every.Seconds()
	if w.feed != nil {
		resolution = 0 // calls were timed on arrival
	}
	d.BacklogMax, d.BacklogEnd = &backlogMax, &backlogEnd
	if d.AckToStored != nil {
		d.ResolutionS = &resolution
	}
	if took := last.at.Seconds(); took > 0 && last.stored > 0 {
		rate := float64(last.stored) / took
		d.StoredPerS = &rate
	}
	if c.how == measure.WaitStored && c.missing == 0 {
		drain := max(last.at-w.ended, 0).Seconds()
		d.DrainS = &drain
	}
	if rate := w.recentRate(); rate > 0 && c.pending > 0 {
		needs := float64(c.pending) / rate
		d.PendingS = &needs
	}
}

// backlogAtEnd returns how many acknowledged calls were not stored when the last reply came, by the first poll after
// it, or else the last one.
func (w *Watch) backlogAtEnd() int64 {
	for _, s := range w.samples {
		if s.at >= w.ended && s.acknowledged == w.ledger.counts().acknowledged {
			return s.backlog()
		}
	}
	return w.backlog()
}
