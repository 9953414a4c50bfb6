package load

import (
	"runtime"
	"time"

	"rdiostress/internal/measure"
	"rdiostress/internal/upload"
	"rdiostress/internal/upload/wire"
)

// workersPerLoop is how many workers a processor has before another one is used too: a loop that has little to do
// sleeps after each upload, and waking is what costs.
const workersPerLoop = 8

// newLoopGroups returns the run's workers in crews, at most one for each processor; nil if the calls cannot be sent by
// loops.
func newLoopGroups(s *sender) []*loopGroup {
	target, ok := s.Target.(*wire.Target)
	if !ok || !target.Loops() || s.Scenario.KeepsConnections() && s.Scenario.ConnectsPerCall() {
		// a loop has one connection for each worker, and such a mix keeps one beside those that it does not keep
		return nil
	}
	var crews []*loopGroup
	n := min((len(s.workers)+workersPerLoop-1)/workersPerLoop, runtime.GOMAXPROCS(0))
	for i := range n {
		c := &loopGroup{sender: s}
		for j := i; j < len(s.workers); j += n {
			w := s.workers[j]
			w.place, w.shard = len(c.workers), s.Recorder.Shard(i) // they never record at the same time
			c.workers = append(c.workers, w)
		}
		var err error
		if c.loop, err = wire.NewLoop(target, len(c.workers), c); err != nil {
			for _, other := range crews {
				other.close()
			}
			return nil // without file descriptors, goroutines will not get far either, but they say so for each upload
		}
		c.free.ring = make([]*worker, len(c.workers))
		c.behind = s.Start.Sub(target.Start())
		crews = append(crews, c)
	}
	return crews
}

// loopGroup is the workers that share a loop. Worker i of it has the loop's connection i.
type loopGroup struct {
	*sender
	loop    *wire.Loop
	workers []*worker
	behind  time.Duration // what the loop's clock showed at the start of the run

	batched bool               // workers send one call each
	busy    int                // workers that are not done with what they do
	ready   []*worker          // that are to work on
	timers  timerHeap[*worker] // workers that wait for a time

	// of the open model
	free      queue         // workers that wait for an arrival
	freeSince time.Duration // since when there are some
	arrival   uint64        // the next to send, if there is one
	due       time.Duration // when it is; never without one
	closed    bool          // there are no more
}

func (c *loopGroup) wake() { c.loop.Wake() }

func (c *loopGroup) close() { c.loop.Close() }

// now is the time since the start of the run.
func (c *loopGroup) now() time.Duration { return c.loop.Now() - c.behind }

// run sends the load of the run's shape.
func (c *loopGroup) run() {
	c.batched, c.due, c.closed = false, never, false
	c.freeSince = c.origin // a call due before the workers were here is late, but for no want of them
	began := c.now()
	for _, w := range c.workers {
		w.enterPhases()
		if c.schedule != nil {
			c.free.push(w)
			continue
		}
		c.busy++
		w.outcome.Done = began
		c.ready = append(c.ready, w)
	}
	c.work()
}

// runBatch has those among the run's first n workers that are here send one call each.
func (c *loopGroup) runBatch(n int) {
	c.batched, c.due = true, never
	for _, w := range c.workers {
		if w.index < n {
			c.busy++
			now := c.now()
			c.start(w, w.next.Add(1)-1, now, measure.NoLag, now)
		}
	}
	c.work()
}

// work goes on until no worker has anything to do.
func (c *loopGroup) work() {
	for c.next(); c.busy > 0 || c.due != never; c.next() {
		until := min(c.due, c.timers.first())
		if len(c.ready) > 0 {
			until = 0
		}
		if until != never {
			until += c.behind
		}
		c.loop.Wait(until)
	}
}

// next begins what can be begun.
func (c *loopGroup) next() {
	if c.interrupted() {
		c.busy -= len(c.timers)
		c.timers = c.timers[:0]
	}
	if c.timers.first() != never {
		for now := c.now(); c.timers.first() <= now; {
			c.resume(c.timers.pop(), now)
		}
	}
	n := len(c.ready) // those that come meanwhile have failed at once, and wait for the next time
	for _, w := range c.ready[:n] {
		c.workOn(w, w.outcome.Done)
	}
	c.ready = c.ready[:copy(c.ready, c.ready[n:])]
	if c.schedule != nil && !c.batched {
		for sent := 0; c.claimArrival() && sent < maxBurst && c.sendArrival(); sent++ {
		}
	}
}

// maxBurst is how many arrivals are sent before it is looked for replies again: with a backlog, replies that are there
// would else be timed when all of it is sent.
const maxBurst = 32

// workOn has a worker of the closed model send its next call.
func (c *loopGroup) workOn(w *worker, now time.Duration) {
	switch what, n, at := w.nextStep(now); what {
	case finish:
		c.busy--
	case rest:
		c.timers.push(at, w)
	case send:
		c.start(w, n, now, measure.NoLag, now)
	}
}

// claimArrival takes the next arrival of the open model, if there is a worker for it. It is false without one.
func (c *loopGroup) claimArrival() bool {
	if c.due == never {
		if c.closed || c.free.empty() {
			return false
		}
		var ok bool
		c.arrival, c.due, ok = c.nextArrival()
		c.closed = !ok
	}
	if c.closed = c.closed || c.interrupted(); c.closed {
		c.due = never
	}
	return !c.closed
}

// sendArrival sends the arrival that was taken if it is due.
func (c *loopGroup) sendArrival() bool {
	now := c.now()
	if now < c.due {
		return false
	}
	due := c.due
	c.due = never
	c.busy++
	c.start(c.free.pop(), c.arrival, due, lagOf(c.freeSince <= due, due, now), now)
	return true
}

// start sends call n, due at a given time, as soon as it can be made.
func (c *loopGroup) start(w *worker, n uint64, due, lag, now time.Duration) {
	if !w.prepare(n, due, lag) {
		c.timers.push(c.nextSecond(), w)
		return
	}
	c.loop.Begin(w.place, &w.call, now+c.behind)
}

// resume has a worker go on for whom a time has come.
func (c *loopGroup) resume(w *worker, now time.Duration) {
	if !w.starving {
		c.workOn(w, now)
		return
	}
	due, ok := c.dueAgain(w.outcome.Due, now, true)
	if !ok {
		w.starving = false
		c.busy--
		return
	}
	c.start(w, w.number, due, w.outcome.Lag, now)
}

// UploadDone records how an upload went.
func (c *loopGroup) UploadDone(index int, a *upload.Attempt, at time.Duration) {
	w := c.workers[index]
	now := at - c.behind
	w.record(a, now)
	switch {
	case c.batched:
		c.busy--
	case c.schedule != nil:
		c.busy--
		if c.free.empty() {
			c.freeSince = now
		}
		c.free.push(w)
	default:
		if until := c.restUntil(a.Class, now); until > now {
			c.timers.push(until, w)
		} else {
			c.ready = append(c.ready, w)
		}
	}
}
