package load

import (
	"runtime"
	"time"

	"rdiostress/internal/load/ring"
	"rdiostress/internal/measure"
	"rdiostress/internal/upload"
	"rdiostress/internal/upload/wire"
)

// workersPerLoop is how many workers a loop has before another loop is used. A loop with little to do sleeps after each
// upload, and waking it up is expensive.
const workersPerLoop = 8

// newLoopGroups returns the run's workers in groups, at most one for each processor, or nil if loops cannot send the
// calls.
func newLoopGroups(s *sender) []*loopGroup {
	targets := wireTargets(s.Target)
	if targets == nil || !targets[0].Loops() || s.Scenario.KeepsConnections() && s.Scenario.ConnectsPerCall() {
		// A loop has one connection for each worker, but such a mix keeps one and opens others.
		return nil
	}
	var groups []*loopGroup
	n := min((len(s.workers)+workersPerLoop-1)/workersPerLoop, runtime.GOMAXPROCS(0))
	for i := range n {
		g := &loopGroup{sender: s}
		for j := i; j < len(s.workers); j += n {
			w := s.workers[j]
			w.conn, w.shard = len(g.workers), s.Recorder.Shard(i) // never at the same time
			g.workers = append(g.workers, w)
		}
		var err error
		if g.loop, err = wire.NewLoop(targets, len(g.workers), g); err != nil {
			for _, other := range groups {
				other.close()
			}
			return nil // goroutines will fail without file descriptors too, but each upload then says why
		}
		g.free = ring.NewQueue[*worker](len(g.workers))
		g.clockOffset = s.Start.Sub(targets[0].Start())
		groups = append(groups, g)
	}
	return groups
}

// loopGroup is a group of workers that share a loop. Each worker has a connection to each server: those of worker i are
// connection i of each.
type loopGroup struct {
	*sender
	loop        *wire.Loop
	workers     []*worker
	clockOffset time.Duration // the loop's time at the start of the run

	oneEach bool               // each worker sends one call
	busy    int                // number of workers that have something to do
	ready   []*worker          // workers that can send their next call
	timers  timerHeap[*worker] // workers that wait for a time

	// of the open model
	free      ring.Queue[*worker] // workers that wait for an arrival
	freeSince time.Duration       // since when there are any
	arrival   uint64              // the next arrival to send, if there is one
	due       time.Duration       // when it is due; never if there is none
	noMore    bool                // all arrivals were sent
}

func (g *loopGroup) wake() { g.loop.Wake() }

func (g *loopGroup) close() { g.loop.Close() }

// now returns the time since the start of the run.
func (g *loopGroup) now() time.Duration { return g.loop.Now() - g.clockOffset }

// run sends the load of the run's shape.
func (g *loopGroup) run() {
	g.oneEach, g.due, g.noMore = false, never, false
	// A call that was due before the workers were ready is late, but not because all workers were busy.
	g.freeSince = g.origin
	began := g.now()
	for _, w := range g.workers {
		w.enterPhases()
		if g.schedule != nil {
			g.free.Push(w)
			continue
		}
		g.busy++
		w.outcome.Done = began
		g.ready = append(g.ready, w)
	}
	g.work()
}

// runBatch makes those of the run's first n workers that are in this group send one call each.
func (g *loopGroup) runBatch(n int) {
	g.oneEach, g.due = true, never
	for _, w := range g.workers {
		if w.index < n {
			g.busy++
			now := g.now()
			g.start(w, w.next.Add(1)-1, now, measure.NoLag, now)
		}
	}
	g.work()
}

// work runs until no worker has anything to do.
func (g *loopGroup) work() {
	for g.next(); g.busy > 0 || g.due != never; g.next() {
		until := min(g.due, g.timers.first())
		if len(g.ready) > 0 {
			until = 0
		}
		if until != never {
			until += g.clockOffset
		}
		g.loop.Wait(until)
	}
}

// next starts what can be started.
func (g *loopGroup) next() {
	if g.interrupted() {
		g.busy -= len(g.timers)
		g.timers = g.timers[:0]
	}
	if g.timers.first() != never {
		for now := g.now(); g.timers.first() <= now; {
			g.resume(g.timers.pop(), now)
		}
	}
	n := len(g.ready) // workers that are added meanwhile have failed at once, and wait for the next time
	for _, w := range g.ready[:n] {
		g.continueClosed(w, w.outcome.Done)
	}
	g.ready = g.ready[:copy(g.ready, g.ready[n:])]
	if g.schedule != nil && !g.oneEach {
		for sent := 0; g.claimArrival() && sent < maxBurst && g.sendArrival(); sent++ {
		}
	}
}

// maxBurst is how many arrivals are sent before the loop looks for replies. With a backlog, replies would otherwise be
// timed after all of it is sent.
const maxBurst = 32

// continueClosed makes a worker of the closed model do its next step.
func (g *loopGroup) continueClosed(w *worker, now time.Duration) {
	switch what, n, at := w.nextStep(now); what {
	case finish:
		g.busy--
	case rest:
		g.timers.push(at, w)
	case send:
		g.start(w, n, now, measure.NoLag, now)
	}
}

// claimArrival claims the next arrival of the open model if a worker is free. It reports whether there is an arrival to
// send.
func (g *loopGroup) claimArrival() bool {
	if g.due == never {
		if g.noMore || g.free.Len() == 0 {
			return false
		}
		var ok bool
		g.arrival, g.due, ok = g.nextArrival()
		g.noMore = !ok
	}
	if g.noMore = g.noMore || g.interrupted(); g.noMore {
		g.due = never
	}
	return !g.noMore
}

// sendArrival sends the claimed arrival if it is due.
func (g *loopGroup) sendArrival() bool {
	now := g.now()
	if now < g.due {
		return false
	}
	due := g.due
	g.due = never
	g.busy++
	g.start(g.free.Pop(), g.arrival, due, lagOf(g.freeSince <= due, due, now), now)
	return true
}

// start sends call n, which is due at a time, as soon as there is a unique call.
func (g *loopGroup) start(w *worker, n uint64, due, lag, now time.Duration) {
	if !w.prepare(n, due, lag) {
		g.timers.push(g.nextSecond(), w)
		return
	}
	g.loop.Begin(int(w.call.Server)*len(g.workers)+w.conn, &w.call, now+g.clockOffset)
}

// resume continues with a worker whose time has come.
func (g *loopGroup) resume(w *worker, now time.Duration) {
	if !w.starving {
		g.continueClosed(w, now)
		return
	}
	due, ok := g.dueAfterWait(w.outcome.Due, now, true)
	if !ok {
		w.starving = false
		g.busy--
		return
	}
	g.start(w, w.number, due, w.outcome.Lag, now)
}

// UploadDone records the outcome of an upload.
func (g *loopGroup) UploadDone(index int, a *upload.Attempt, at time.Duration) {
	w := g.workers[index%len(g.workers)]
	now := at - g.clockOffset
	w.record(a, now)
	switch {
	case g.oneEach:
		g.busy--
	case g.schedule != nil:
		g.busy--
		if g.free.Len() == 0 {
			g.freeSince = now
		}
		g.free.Push(w)
	default:
		if until := g.restUntil(a.Class, now); until > now {
			g.timers.push(until, w)
		} else {
			g.ready = append(g.ready, w)
		}
	}
}
