package server

import (
	"context"
	"sync/atomic"
	"time"
)

// The defaults of Options that say how many uploads are let in.
const (
	DefaultWorkers      = 10
	DefaultQueue        = 1000
	DefaultUploadMemory = 128 << 20
)

// What an upload is counted with in memory before anything is known of it: its reader, and as much again for its fields.
const (
	baseMemory = 2 * readBuffer

	// An upload that needs more than this counts as large.
	smallMemory = baseMemory + 128<<10

	// How many uploads have memory at once, for turnTime at most: enough for the largest commits. What waits for its turn is in the
	// kernel meanwhile. The time bounds what slow clients, and slow disks, hold up.
	turns    = 192
	turnTime = 100 * time.Millisecond
)

// admission says which uploads get on. Two things are scarce. Memory: what an upload has allocated is counted, and when there is
// no more, further uploads are refused. Processors: only an upload with a worker is parsed, hashed or written to the spool; one
// that waits for the network or for its commit has none, so that neither a slow client nor a slow disk keeps a worker. Of both,
// large uploads get half at most: however many there are, small ones get through.
type admission struct {
	workers, heavy chan struct{} // one token for each worker, and for each that large uploads may have
	turns          chan struct{} // one token for each upload that has its turn
	queue          int64         // how many uploads may wait for their turn or their first worker
	waiting        atomic.Int64

	memory      int64 // bytes
	used, large atomic.Int64
	uploads     atomic.Int64
}

func newAdmission(workers, queue int, memory int64) *admission {
	return &admission{
		workers: make(chan struct{}, workers), heavy: make(chan struct{}, max(workers/2, 1)),
		turns: make(chan struct{}, turns), queue: int64(queue), memory: memory,
	}
}

// visit is one upload's stay. It is used by one goroutine.
type visit struct {
	a   *admission
	ctx context.Context

	isLarge   bool        // gets a worker only while few large uploads have one
	turn      *time.Timer // ends the turn; nil before
	working   bool
	heavy     bool // holds a token of heavy
	hasWorked bool // was let in, and is not refused any more for want of a worker
	waited    time.Duration

	memory, large int64 // as counted in the admission's
}

// enter lets an upload in, or says errBusy. It must leave.
func (a *admission) enter(ctx context.Context) (*visit, error) {
	v := &visit{a: a, ctx: ctx}
	if !v.hold(baseMemory) {
		return nil, errNoMemory
	}
	a.uploads.Add(1)
	return v, nil
}

// begin waits for the upload's turn. It returns errBusy at once if too many uploads wait already.
func (v *visit) begin() error {
	if err := v.take(v.a.turns); err != nil {
		return err
	}
	v.turn = time.AfterFunc(turnTime, func() { <-v.a.turns })
	return nil
}

// leave gives everything back.
func (v *visit) leave() {
	v.rest()
	if v.turn != nil && v.turn.Stop() {
		<-v.a.turns
	}
	v.hold(0)
	v.a.uploads.Add(-1)
}

// hold sets how many bytes of memory the upload has, and tells whether there is room for that. Giving back always succeeds.
func (v *visit) hold(n int64) bool {
	more, moreLarge := n-v.memory, -v.large
	if n > smallMemory {
		moreLarge += n
	}
	if used := v.a.used.Add(more); more > 0 && used > v.a.memory {
		v.a.used.Add(-more)
		return false
	}
	if large := v.a.large.Add(moreLarge); moreLarge > 0 && large > v.a.memory/2 {
		v.a.large.Add(-moreLarge)
		v.a.used.Add(-more)
		return false
	}
	v.memory += more
	v.large += moreLarge
	return true
}

// work waits for a worker. The first time it returns errBusy at once if too many uploads wait already.
func (v *visit) work() error {
	if v.working {
		return nil
	}
	if v.isLarge {
		if err := v.take(v.a.heavy); err != nil {
			return err
		}
		v.heavy = true
	}
	if err := v.take(v.a.workers); err != nil {
		v.rest()
		return err
	}
	v.working, v.hasWorked = true, true
	return nil
}

// take takes a token, after waiting in line with the others if need be.
func (v *visit) take(tokens chan struct{}) error {
	select {
	case tokens <- struct{}{}:
		return nil
	default:
	}
	if n := v.a.waiting.Add(1); n > v.a.queue && !v.hasWorked {
		v.a.waiting.Add(-1)
		return errBusy
	}
	defer v.a.waiting.Add(-1)
	began := time.Now()
	defer func() { v.waited += time.Since(began) }()
	select {
	case tokens <- struct{}{}:
		return nil
	case <-v.ctx.Done():
		return v.ctx.Err()
	}
}

// rest gives the worker back.
func (v *visit) rest() {
	if v.working {
		<-v.a.workers
		v.working = false
	}
	if v.heavy {
		<-v.a.heavy
		v.heavy = false
	}
}
