package load

import (
	"context"
	"net/http"
	"sync"
	"time"

	"rdiostress/internal/load/feed"
	"rdiostress/internal/load/ring"
	"rdiostress/internal/measure"
	"rdiostress/internal/rdio"
	"rdiostress/internal/upload"
)

// ConnectionTest makes the connection test of SDRTrunk for a system. It reports whether the program would send calls
// after it, and what was answered.
type ConnectionTest func(ctx context.Context, system int64) (passed bool, answer string)

// realClients sends the calls of an open model as the programs do that are imitated. One goroutine makes each call when
// it is due and gives it to the queue of its program, if the program has one. What a program sends goes into a common
// queue, from which the workers take it. A nil realClients does nothing.
type realClients struct {
	*sender
	sleep sleeper
	tests sync.WaitGroup

	mu      sync.Mutex
	streams map[int64]*stream // programs with a queue, by system
	polls   timerHeap[*stream]
	ready   ring.Queue[*offer] // calls to send
	more    sync.Cond          // there is another one, or never again
	idle    int                // workers that wait for one
	closed  bool
	queued  int      // calls in all queues
	audio   int      // bytes of audio that only these need
	free    []*offer // unused memory
	counts  [rdio.NumClients]behaviorCount
}

// stream is a program with a queue, and the calls of one system that it uploads.
type stream struct {
	*feed.Feed[*offer]
	client rdio.Client
	system int64
}

// offer is a call on its way from its due time to a worker.
type offer struct {
	call     upload.Request
	from     *stream       // its program; nil for one without a queue
	due      time.Duration // when the program sends it unless an upload has failed: response times count from then
	released time.Duration // when the program has sent it
	awaited  bool          // a worker waited for it then
}

// Limits of the calls in all queues; each takes some 2 kB, and a recorded one has its audio in memory too.
const (
	maxQueued      = 1 << 17
	maxQueuedAudio = 512 << 20
)

// pollStagger is how far apart the polls of two programs are, and pollSlots how many different times there are.
const (
	pollStagger = 10 * time.Millisecond
	pollSlots   = 50
)

// newRealClients returns nil unless the scenario asks for clients that behave as real ones.
func newRealClients(s *sender) *realClients {
	if !s.Scenario.RealClients {
		return nil
	}
	c := &realClients{sender: s, streams: make(map[int64]*stream)}
	c.more.L = &c.mu
	return c
}

// run makes calls until the end of the shape, and has each program look at its queue once more after it.
func (c *realClients) run() {
	defer c.tests.Wait()
	defer c.close()
	if !c.Scenario.Replay.On() { // whose systems show as their calls come
		for _, client := range c.Scenario.Clients.Clients() {
			for _, system := range c.Scenario.Systems {
				c.streamOf(client, system)
			}
		}
	}
	n, due, ok := c.nextArrival()
	for {
		if !ok {
			due = never
		}
		at := min(due, c.polls.first())
		if !ok && at > c.end+c.longestPoll() {
			return
		}
		if c.elapsed() < at && !c.sleep.until(at-c.origin) || c.interrupted() {
			return
		}
		if due > c.polls.first() {
			c.poll()
			continue
		}
		if !c.offer(n, due) {
			return
		}
		n, due, ok = c.nextArrival()
	}
}

// stop ends sending if the run was interrupted. At its regular end, programs look at their queues once more.
func (c *realClients) stop() {
	if c.interrupted() {
		c.sleep.stop()
	}
}

// longestPoll is how long a call may wait in the queue of a program that is connected.
func (c *realClients) longestPoll() (longest time.Duration) {
	for _, s := range c.streams {
		longest = max(longest, s.client.Habits().Poll)
	}
	return longest
}

// offer makes call n, which is due at a time, and gives it to its program. It reports false if the run is over.
func (c *realClients) offer(n uint64, due time.Duration) bool {
	o := c.memory()
	at := due
	for !c.Traffic.Next(n, at, &o.call) {
		c.starved.Store(true)
		if !c.sleep.until(c.nextSecond() - c.origin) {
			return false
		}
		at = c.elapsed()
	}
	if o.call.Skip {
		c.skipped.Add(1)
		c.putBack(o)
		return true
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	client := o.call.Client
	count := &c.counts[client]
	count.due++
	if o.from = c.streamOf(client, o.call.System); o.from == nil {
		o.due = due
		c.release(o, c.elapsed())
		return true
	}
	if audio := o.call.RecordingBytes(); c.queued < maxQueued && c.audio+audio <= maxQueuedAudio {
		c.queued++
		c.audio += audio
		o.from.Offer(o, due-o.call.Duration, due)
		return true
	}
	count.notKept++
	c.free = append(c.free, o)
	return true
}

// streamOf returns the program of a client that uploads the calls of a system, or nil if the client has no queue.
func (c *realClients) streamOf(client rdio.Client, system int64) *stream {
	habits := client.Habits()
	if habits.Poll == 0 {
		return nil
	}
	s := c.streams[system]
	if s == nil {
		offset := c.origin + time.Duration(len(c.streams)%pollSlots)*pollStagger
		s = &stream{feed.New[*offer](habits, offset), client, system}
		c.streams[system] = s
		c.polls.push(s.NextPoll(c.origin), s)
	}
	return s
}

// poll has the program look at its queue whose time has come.
func (c *realClients) poll() {
	c.mu.Lock()
	defer c.mu.Unlock()
	at := c.polls.first()
	s := c.polls.pop()
	if now := c.elapsed(); s.Poll(now) {
		c.tests.Go(func() { c.test(s) })
	} else {
		c.take(s, now)
	}
	c.polls.push(s.NextPoll(at+1), s)
}

// test makes the connection test of a program.
func (c *realClients) test(s *stream) {
	passed, answer := true, ""
	if c.Test != nil {
		passed, answer = c.Test(c.uploads, s.system)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.elapsed()
	s.Tested(now, passed)
	if !passed {
		c.counts[s.client].answer = answer
	}
	if !c.closed {
		c.take(s, now)
	}
}

// take releases the calls that a program sends now, and drops those that are too old.
func (c *realClients) take(s *stream, now time.Duration) {
	poll := s.client.Habits().Poll
	s.Take(now, func(call feed.Call[*offer], send bool) {
		o, count := call.Value, &c.counts[s.client]
		c.queued--
		c.audio -= o.call.RecordingBytes()
		if !send {
			c.free = append(c.free, o)
			return
		}
		o.due = call.Ready
		count.queue.Add((call.Ready - call.Due).Seconds())
		if late := now - call.Ready; late >= poll {
			count.late.Add(late.Seconds())
		}
		c.release(o, now)
	})
}

// release hands a call to the workers.
func (c *realClients) release(o *offer, now time.Duration) {
	o.released, o.awaited = now, c.idle > c.ready.Len()
	c.ready.Push(o)
	c.more.Signal()
}

// pop returns the next call to send, and waits until there is one. It returns nil if there will be none.
func (c *realClients) pop() *offer {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.idle++
	for c.ready.Len() == 0 && !c.closed {
		c.more.Wait()
	}
	c.idle--
	if c.ready.Len() == 0 {
		return nil
	}
	return c.ready.Pop()
}

// close ends sending: calls for which no worker is free any more are not sent.
func (c *realClients) close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed = true
	c.ready.Keep(c.idle)
	c.more.Broadcast()
}

// memory returns memory for a call.
func (c *realClients) memory() *offer {
	c.mu.Lock()
	defer c.mu.Unlock()
	if last := len(c.free) - 1; last >= 0 {
		o := c.free[last]
		c.free = c.free[:last]
		return o
	}
	return &offer{}
}

func (c *realClients) putBack(o *offer) {
	c.mu.Lock()
	c.free = append(c.free, o)
	c.mu.Unlock()
}

// runReal sends what the programs release.
func (w *worker) runReal() {
	for o := w.real.pop(); o != nil; o = w.real.pop() {
		now := w.elapsed()
		o.call.MoveTo(&w.call)
		w.number = w.call.Number
		w.outcome = measure.Outcome{Due: o.due, Lag: lagOf(o.awaited, o.released, now)}
		w.phase = w.phaseOf(o.due)
		w.describeOutcome()
		a := w.up.Upload(w.uploads, &w.call)
		waits := w.record(&a, w.elapsed())
		if w.call.Recording != nil { // its memory is used again
			o.call.Recording, w.call.Recording = w.call.Recording, nil
		}
		w.real.uploaded(o, &w.outcome, waits)
	}
}

// uploaded says how the upload of a call went. Waits says that the call will be sent again.
func (c *realClients) uploaded(o *offer, out *measure.Outcome, waits bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	count := &c.counts[o.call.Client]
	count.sent++
	count.redirects += uint64(out.Redirects)
	taken := out.Class == measure.Accepted || out.Class == measure.Duplicate
	if !taken && !waits {
		count.givenUp++
	}
	if o.from != nil && (!taken || out.Status != http.StatusOK) { // SDRTrunk takes 200 alone for success
		o.from.Failed(c.elapsed())
	}
	c.free = append(c.free, o)
}

// phaseOf returns the phase of a call that is due at a time, also where calls are not sent in order.
func (s *sender) phaseOf(due time.Duration) int {
	at, phase := s.origin, 0
	for i := range s.phases[:s.lastShaped()+1] {
		if len(s.phases[i].Shape) == 0 {
			continue
		}
		if phase = i; due < at+s.phases[i].Shape.Length() {
			break
		}
		at += s.phases[i].Shape.Length()
	}
	return phase
}
