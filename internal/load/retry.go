package load

import (
	"net/http"
	"sync"
	"time"

	"rdiostress/internal/clock"
	"rdiostress/internal/measure"
	"rdiostress/internal/random"
	"rdiostress/internal/rdio"
	"rdiostress/internal/upload"
)

// retrier sends failed calls again. It has uploaders of its own: the run's uploaders continue with other calls
// meanwhile, as a client continues with its other recordings. It records each call once, when its last attempt has
// ended.
//
// Waiting calls use a bounded amount of memory. If it is full, further calls stay failed, and are counted.
//
// A nil retrier never sends a call again.
type retrier struct {
	*sender
	shard  *measure.Shard
	open   func() upload.Uploader
	pauses [rdio.NumClients][]rdio.Pause
	room   int // number of calls that may wait

	mu      sync.Mutex
	waiting timerHeap[*retry]
	audio   int      // bytes of audio that only waiting calls need
	free    []*retry // unused memory
	closed  bool     // no more calls are sent
	end     time.Duration
	count   measure.RetryCount
	by      [rdio.NumClients]repeatCount

	wake      chan struct{} // another call has become the first one to wait for
	stopped   chan struct{}
	work      chan *retry
	uploaders int // number of uploaders
	running   sync.WaitGroup
}

// Limits of the waiting calls. A call takes some 2 kB, and a recorded one has its audio in memory too.
const (
	maxWaiting      = 1 << 14
	maxWaitingAudio = 256 << 20
)

// retry is a call that is to be sent again.
type retry struct {
	call    upload.Request
	outcome measure.Outcome // of the last attempt, with the due time of the call
	tries   int             // number of attempts
	arrived bool            // one of the attempts may have stored the call
}

// newRetrier returns nil if no client sends failed calls again. Its wait must be called.
func newRetrier(s *sender) *retrier {
	r := s.Scenario.Repeats()
	if r.Shortest(s.Scenario.Clients.Clients()) == 0 {
		return nil
	}
	t := &retrier{
		sender: s, shard: s.Recorder.Shard(len(s.workers)), open: s.Uploader, room: maxWaiting, end: never,
		wake: make(chan struct{}, 1), stopped: make(chan struct{}), work: make(chan *retry),
	}
	if s.Target != nil {
		t.open = s.Target.Uploader
	}
	for c := range t.pauses {
		t.pauses[c] = r.Pauses(rdio.Client(c))
	}
	t.running.Go(t.dispatch)
	return t
}

// setEnd sets when sending ends. Later retries are not waited for.
func (t *retrier) setEnd(end time.Duration) {
	if t == nil {
		return
	}
	t.mu.Lock()
	t.end = end
	t.mu.Unlock()
}

// accept takes a call whose first attempt has failed, to send it again. It reports false if the call will not be sent
// again.
func (t *retrier) accept(call *upload.Request, o *measure.Outcome) bool {
	if t == nil || o.Class == measure.Duplicate || len(t.pauses[call.Client]) == 0 {
		return false
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.count.Calls++
	t.count.Failed(o)
	at, _ := t.nextTime(call, o, 1)
	audio := call.RecordingBytes()
	switch {
	case t.closed || at >= t.end:
		t.count.Pending++
		return false
	case len(t.waiting) >= t.room || t.audio+audio > maxWaitingAudio:
		t.count.NotKept++
		return false
	}
	r := &retry{}
	if last := len(t.free) - 1; last >= 0 {
		r, t.free = t.free[last], t.free[:last]
	}
	call.MoveTo(&r.call)
	r.outcome, r.tries, r.arrived = *o, 1, mayBeStored(o)
	t.audio += audio
	t.push(at, r)
	return true
}

// waitingCalls returns how many calls wait to be sent again.
func (t *retrier) waitingCalls() int {
	if t == nil {
		return 0
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.waiting)
}

// nextTime returns when a call is sent again after a number of tries, given the outcome of the last one. It reports
// false if it is not sent again.
func (t *retrier) nextTime(r *upload.Request, o *measure.Outcome, tries int) (time.Duration, bool) {
	pauses := t.pauses[r.Client]
	if tries > len(pauses) {
		return 0, false
	}
	p := pauses[tries-1]
	steps := uint32((p.Most-p.Least)/time.Millisecond) + 1
	jitter := random.Below(random.Hash(r.Random, retrySeed+uint64(tries)), steps)
	return o.Done + p.Least + time.Duration(jitter)*time.Millisecond, true
}

// retrySeed makes the pauses independent of the other draws of a call.
const retrySeed = 0x4e7e47

func (t *retrier) push(at time.Duration, r *retry) {
	first := at < t.waiting.first()
	t.waiting.push(at, r)
	if first {
		select {
		case t.wake <- struct{}{}:
		default:
		}
	}
}

// dispatch hands out calls at their times, until no more are sent.
func (t *retrier) dispatch() {
	var timer clock.Timer
	for {
		r, pause := t.next()
		if r != nil {
			if !t.handOut(r) {
				return
			}
			continue
		}
		timer.Wait(pause, t.wake, t.stopped)
		select {
		case <-t.stopped:
			return
		default:
		}
	}
}

// next returns the call whose time has come, or how long to wait until there may be one.
func (t *retrier) next() (*retry, time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if pause := t.waiting.first() - t.elapsed(); t.closed || pause > 0 {
		return nil, pause
	}
	return t.waiting.pop(), 0
}

// handOut gives a call to an uploader. If there are as many as allowed, it waits for a free one. It reports false if no
// more calls are sent.
func (t *retrier) handOut(r *retry) bool {
	select {
	case t.work <- r:
		return true
	default:
	}
	if t.uploaders < t.Scenario.MaxConcurrent {
		t.uploaders++
		t.running.Go(func() { t.send(r) })
		return true
	}
	select {
	case t.work <- r:
		return true
	case <-t.stopped:
		t.mu.Lock()
		t.push(t.elapsed(), r) // it waits again
		t.mu.Unlock()
		return false
	}
}

// send uploads a call, and then others.
func (t *retrier) send(r *retry) {
	up := t.open()
	defer up.Close()
	for {
		r.call.Server = t.spread.Server(r.call.Number, r.call.System, r.tries)
		r.outcome.Server = r.call.Server
		t.inFlight.Add(1)
		a := up.Upload(t.uploads, &r.call)
		done := t.elapsed()
		t.inFlight.Add(-1)
		t.recordAttempt(&r.outcome, &a, done)
		t.recordTry(r)
		select {
		case r = <-t.work:
		case <-t.stopped:
			return
		}
	}
}

// recordTry counts an attempt. The call then waits for its next attempt, or is recorded.
func (t *retrier) recordTry(r *retry) {
	o := &r.outcome
	r.tries++
	t.mu.Lock()
	defer t.mu.Unlock()
	there := o.Class == measure.Duplicate && (r.arrived || r.call.Duplicate || r.call.HasDuplicate)
	t.count.Repeat(r.tries, o.Class == measure.Accepted, there)
	by := &t.by[r.call.Client]
	by.sent++
	switch {
	case o.Class == measure.Accepted:
		t.count.Recovered++
		by.late.Add((o.Sent - o.Due).Seconds())
		if r.arrived {
			by.mayBeDoubled++
		}
	case there:
		t.count.Recovered++
		t.count.AlreadyThere++
		by.alreadyThere++
		by.late.Add((o.Sent - o.Due).Seconds())
	case o.Class == measure.Duplicate: // of a call that the server cannot have; the client gives up
		t.count.Failed(o)
		t.count.GivenUp++
		by.givenUp++
	default:
		t.count.Failed(o)
		r.arrived = r.arrived || mayBeStored(o)
		at, ok := t.nextTime(&r.call, o, r.tries)
		if ok && !t.closed && at < t.end {
			t.shard.RecordRetry(o)
			t.push(at, r)
			return
		}
		if ok {
			t.count.Pending++
		} else {
			t.count.GivenUp++
			by.givenUp++
		}
	}
	t.recordLast(r)
}

// mayBeStored reports whether the server may have stored the call of a failed attempt: it got the whole call and did
// not refuse it.
func mayBeStored(o *measure.Outcome) bool {
	switch o.Class {
	case measure.Timeout, measure.Reset, measure.Malformed, measure.Rejected:
		return true
	case measure.Status:
		refused := o.Status == http.StatusServiceUnavailable || o.Status == http.StatusInsufficientStorage
		return o.Status >= 500 && !refused
	default:
		return false
	}
}

// recordLast records a call after its last attempt. If the server says that it has the call already, from an attempt
// whose reply was lost, the call counts as accepted.
func (t *retrier) recordLast(r *retry) {
	o := &r.outcome
	switch {
	case o.Class != measure.Duplicate || r.call.Duplicate:
	case r.call.HasDuplicate:
		t.swapWithDuplicate(o)
	case r.arrived:
		o.Class, o.Detail = measure.Accepted, ""
	}
	t.recordOutcome(t.shard, &r.call, o)
	t.audio -= r.call.RecordingBytes()
	r.call.Recording = nil
	t.free = append(t.free, r)
}

// close stops sending. Calls that still wait are recorded with their last outcome.
func (t *retrier) close() {
	if t == nil {
		return
	}
	t.mu.Lock()
	t.closed = true
	t.mu.Unlock()
	close(t.stopped)
}

// wait waits for uploads under way, after close and after the last call was accepted, and returns the result of all
// retries.
func (t *retrier) wait() *measure.Retries {
	if t == nil {
		return nil
	}
	t.running.Wait()
	t.mu.Lock()
	defer t.mu.Unlock()
	for len(t.waiting) > 0 {
		t.count.Pending++
		r := t.waiting.pop()
		t.recordLast(r)
		t.shard.RecordAbandoned(&r.outcome)
	}
	return t.count.Report()
}
