package load

import (
	"net/http"
	"sync"
	"time"

	"rdiostress/internal/measure"
	"rdiostress/internal/random"
	"rdiostress/internal/rdio"
	"rdiostress/internal/upload"
)

// retrier sends failed calls again, with uploaders of its own: the run's own go on with other calls meanwhile, as a
// client's other recordings do. It has each call recorded once, when its last attempt has ended.
//
// Calls wait in memory of a bounded size. When that is full, further ones stay failed, and are counted.
//
// A nil retrier sends nothing again.
type retrier struct {
	*sender
	shard  *measure.Shard
	open   func() upload.Uploader
	pauses [rdio.NumClients][]rdio.Pause
	room   int // calls that may wait

	mu      sync.Mutex
	waiting timerHeap[*retry]
	audio   int      // bytes of audio that is kept for those waiting alone
	free    []*retry // not in use
	closed  bool     // no more is sent
	end     time.Duration
	count   measure.RetryCount

	wake      chan struct{} // another call is the first of those waiting
	stopped   chan struct{}
	work      chan *retry
	uploaders int // uploaders that there are
	running   sync.WaitGroup
}

// What may wait for its time. A call takes some 2 kB; that of a recorded one is in memory for it alone.
const (
	maxWaiting      = 1 << 14
	maxWaitingAudio = 256 << 20
)

// retry is a call that is to be sent again.
type retry struct {
	slip    upload.Request
	outcome measure.Outcome // of the last attempt, but for when it was due
	tries   int             // made
	arrived bool            // the server may have stored the call at one of them
}

// newRetrier returns nil if no client sends anything again. Its wait must be called.
func newRetrier(s *sender) *retrier {
	r := s.Scenario.Retries
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

// until says when sending ends: a repeat that would come after that is not waited for.
func (t *retrier) until(end time.Duration) {
	if t == nil {
		return
	}
	t.mu.Lock()
	t.end = end
	t.mu.Unlock()
}

// take takes over the call of a worker's failed attempt, to be sent again. It is false if that will not be: the attempt
// was the call's last.
func (t *retrier) take(s *upload.Request, o *measure.Outcome) bool {
	if t == nil || o.Class == measure.Duplicate || len(t.pauses[s.Client]) == 0 {
		return false
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.count.Calls++
	t.count.Failed(o)
	at, _ := t.again(s, o, 1)
	audio := s.RecordingBytes()
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
	s.MoveTo(&r.slip)
	r.outcome, r.tries, r.arrived = *o, 1, mayBeStored(o)
	t.audio += audio
	t.push(at, r)
	return true
}

// kept is how many calls wait to be sent again.
func (t *retrier) kept() int {
	if t == nil {
		return 0
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.waiting)
}

// again is when a call is sent again after so many tries, the last of which went that way; false if it is not.
func (t *retrier) again(s *upload.Request, o *measure.Outcome, tries int) (time.Duration, bool) {
	pauses := t.pauses[s.Client]
	if tries > len(pauses) {
		return 0, false
	}
	p := pauses[tries-1]
	steps := uint32((p.Most-p.Least)/time.Millisecond) + 1
	jitter := random.Below(random.Hash(s.Random, repeatSeed+uint64(tries)), steps)
	return o.Done + p.Least + time.Duration(jitter)*time.Millisecond, true
}

// repeatSeed makes pauses that have nothing to do with what else is drawn for a call.
const repeatSeed = 0x4e7e47

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

// dispatch hands out calls when their time has come, until no more are sent.
func (t *retrier) dispatch() {
	for {
		r, pause := t.next()
		if r != nil {
			if !t.hand(r) {
				return
			}
			continue
		}
		timer := time.NewTimer(pause)
		select {
		case <-timer.C:
		case <-t.wake:
		case <-t.stopped:
			timer.Stop()
			return
		}
		timer.Stop()
	}
}

// next is the call whose time has come, or how long it is until there may be one.
func (t *retrier) next() (*retry, time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if pause := t.waiting.first() - t.elapsed(); t.closed || pause > 0 {
		return nil, pause
	}
	return t.waiting.pop(), 0
}

// hand gives a call to an uploader, and waits for one if there are as many as there may be. It is false when no more is
// sent.
func (t *retrier) hand(r *retry) bool {
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
		t.push(t.elapsed(), r) // back to those that wait
		t.mu.Unlock()
		return false
	}
}

// send uploads a call and then others.
func (t *retrier) send(r *retry) {
	up := t.open()
	defer up.Close()
	for {
		t.inFlight.Add(1)
		a := up.Upload(t.uploads, &r.slip)
		done := t.elapsed()
		t.inFlight.Add(-1)
		t.note(&r.outcome, &a, done)
		t.tried(r)
		select {
		case r = <-t.work:
		case <-t.stopped:
			return
		}
	}
}

// tried counts a repeat, and has the call wait for the next or recorded.
func (t *retrier) tried(r *retry) {
	o := &r.outcome
	r.tries++
	t.mu.Lock()
	defer t.mu.Unlock()
	there := o.Class == measure.Duplicate && (r.arrived || r.slip.Duplicate || r.slip.HasDuplicate)
	t.count.Repeat(r.tries, o.Class == measure.Accepted, there)
	switch {
	case o.Class == measure.Accepted:
		t.count.Recovered++
	case there:
		t.count.Recovered++
		t.count.AlreadyThere++
	case o.Class == measure.Duplicate: // of nothing that the server can have; the client takes it for done
		t.count.Failed(o)
		t.count.GivenUp++
	default:
		t.count.Failed(o)
		r.arrived = r.arrived || mayBeStored(o)
		at, ok := t.again(&r.slip, o, r.tries)
		if ok && !t.closed && at < t.end {
			t.shard.RecordRetry(o)
			t.push(at, r)
			return
		}
		if ok {
			t.count.Pending++
		} else {
			t.count.GivenUp++
		}
	}
	t.settle(r)
}

// mayBeStored tells whether the server may have stored the call of a failed attempt: it had all of it, and did not
// refuse it.
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

// settle records a call whose last attempt has ended. The server's word that it has it already, from an attempt whose
// answer was lost, is as good as its acceptance.
func (t *retrier) settle(r *retry) {
	o := &r.outcome
	switch {
	case o.Class != measure.Duplicate || r.slip.Duplicate:
	case r.slip.HasDuplicate:
		t.overtaken(o)
	case r.arrived:
		o.Class, o.Detail = measure.Accepted, ""
	}
	t.file(t.shard, &r.slip, o)
	t.audio -= r.slip.RecordingBytes()
	r.slip.Recording = nil
	t.free = append(t.free, r)
}

// close has no more calls sent. Those whose time has not come will be recorded by how they ended.
func (t *retrier) close() {
	if t == nil {
		return
	}
	t.mu.Lock()
	t.closed = true
	t.mu.Unlock()
	close(t.stopped)
}

// wait waits for what is under way, after close and when no worker takes calls any more, and returns what came of all
// repeats.
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
		t.settle(r)
		t.shard.RecordAbandoned(&r.outcome)
	}
	return t.count.Report()
}
