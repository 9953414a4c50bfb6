package admission

import (
	"context"
	"sync/atomic"
	"time"
)

// The defaults of a Gate.
const (
	DefaultWorkers      = 10
	DefaultQueue        = 1000
	DefaultUploadMemory = 128 << 20
)

// ReadBuffer is the size of the buffer that an upload's body is read into: with net/http's own, it reads a usual upload
// in one go.
const ReadBuffer = 16 << 10

const (
	// baseMemory is how much memory an upload is counted with at first: its read buffer, and as much again for its
	// fields.
	baseMemory = 2 * ReadBuffer

	// smallMemory is how much memory an upload may have without counting as large.
	smallMemory = baseMemory + 128<<10

	// readSlots is how many uploads have memory at once, each for slotTime at most: enough for the largest commits.
	// What waits for a slot is in the kernel meanwhile. The time bounds how long slow clients, and slow disks, hold up
	// others.
	readSlots = 192
	slotTime  = 100 * time.Millisecond
)

// Gate lets uploads in. Two things are scarce. Memory: what an upload has allocated is counted, and when there is no
// more, further uploads are refused. Processors: only an upload with a worker is parsed, hashed or written to the
// spool; one that waits for the network or for its commit has none, so that neither a slow client nor a slow disk keeps
// a worker. Of both, large uploads get half at most: however many there are, small ones get through.
//
// A worker is a permit, not a goroutine. A Gate may be used concurrently. Make one with NewGate.
type Gate struct {
	workers, largeWorkers chan struct{} // one token for each worker, and for each that large uploads may have
	slots                 chan struct{} // one token for each upload that may read
	queue                 int64         // how many uploads may wait for a slot or their first worker
	waiting               atomic.Int64

	memory      int64 // bytes
	used, large atomic.Int64
	uploads     atomic.Int64
}

// NewGate returns a Gate with a number of workers, for which at most queue uploads wait, and bytes of memory for all
// uploads.
func NewGate(workers, queue int, memory int64) *Gate {
	return &Gate{
		workers: make(chan struct{}, workers), largeWorkers: make(chan struct{}, max(workers/2, 1)),
		slots: make(chan struct{}, readSlots), queue: int64(queue), memory: memory,
	}
}

// GateUsage is how much of a Gate is in use, and how much there may be.
type GateUsage struct {
	Uploads              int64 // that have a ticket
	Workers, WorkerLimit int64
	Queue, QueueLimit    int64
	Memory, MemoryLimit  int64 // bytes
}

// Usage returns what is taken now.
func (g *Gate) Usage() GateUsage {
	return GateUsage{
		Uploads: g.uploads.Load(), Workers: int64(len(g.workers)), WorkerLimit: int64(cap(g.workers)),
		Queue: g.waiting.Load(), QueueLimit: g.queue, Memory: g.used.Load(), MemoryLimit: g.memory,
	}
}

// Uploads is how many uploads have a ticket.
func (g *Gate) Uploads() int64 { return g.uploads.Load() }

// Ticket is the share of a Gate that one upload has. It is used by one goroutine, and must be closed.
type Ticket struct {
	gate *Gate
	ctx  context.Context

	isLarge   bool        // gets a worker only while few large uploads have one
	slot      *time.Timer // gives the slot back; nil before Start
	working   bool
	hasLarge  bool // holds a token of largeWorkers
	hasWorked bool // was let in, and is no longer refused if no worker is free
	waited    time.Duration

	memory, large int64 // as counted in the gate's
}

// Enter lets an upload in, or returns ErrNoMemory.
func (g *Gate) Enter(ctx context.Context) (*Ticket, error) {
	t := &Ticket{gate: g, ctx: ctx}
	if !t.Reserve(baseMemory) {
		return nil, ErrNoMemory
	}
	g.uploads.Add(1)
	return t, nil
}

// Start waits until the upload may be read. It returns ErrBusy at once if too many uploads wait already.
func (t *Ticket) Start() error {
	if err := t.waitFor(t.gate.slots); err != nil {
		return err
	}
	t.slot = time.AfterFunc(slotTime, func() { <-t.gate.slots })
	return nil
}

// Close gives everything back.
func (t *Ticket) Close() {
	t.Release()
	if t.slot != nil && t.slot.Stop() {
		<-t.gate.slots
	}
	t.Reserve(0)
	t.gate.uploads.Add(-1)
}

// Waited is how long the upload has waited for its slot and its workers.
func (t *Ticket) Waited() time.Duration { return t.waited }

// SetLarge says that the upload is a large one.
func (t *Ticket) SetLarge() { t.isLarge = true }

// Reserved is how many bytes of memory the upload is counted with.
func (t *Ticket) Reserved() int64 { return t.memory }

// Reserve sets how many bytes of memory the upload is counted with, and reports whether there is room for them. Giving
// back always succeeds.
func (t *Ticket) Reserve(n int64) bool {
	more, moreLarge := n-t.memory, -t.large
	if n > smallMemory {
		moreLarge += n
	}
	g := t.gate
	if used := g.used.Add(more); more > 0 && used > g.memory {
		g.used.Add(-more)
		return false
	}
	if large := g.large.Add(moreLarge); moreLarge > 0 && large > g.memory/2 {
		g.large.Add(-moreLarge)
		g.used.Add(-more)
		return false
	}
	t.memory += more
	t.large += moreLarge
	return true
}

// Acquire waits for a worker, if the upload has none. The first time it returns ErrBusy at once if too many uploads
// wait already.
func (t *Ticket) Acquire() error {
	if t.working {
		return nil
	}
	if t.isLarge {
		if err := t.waitFor(t.gate.largeWorkers); err != nil {
			return err
		}
		t.hasLarge = true
	}
	if err := t.waitFor(t.gate.workers); err != nil {
		t.Release()
		return err
	}
	t.working, t.hasWorked = true, true
	return nil
}

// waitFor takes a token, after waiting in line with the others if need be.
func (t *Ticket) waitFor(tokens chan struct{}) error {
	select {
	case tokens <- struct{}{}:
		return nil
	default:
	}
	if n := t.gate.waiting.Add(1); n > t.gate.queue && !t.hasWorked {
		t.gate.waiting.Add(-1)
		return ErrBusy
	}
	defer t.gate.waiting.Add(-1)
	began := time.Now()
	defer func() { t.waited += time.Since(began) }()
	select {
	case tokens <- struct{}{}:
		return nil
	case <-t.ctx.Done():
		return t.ctx.Err()
	}
}

// Release gives the worker back, if the upload has one.
func (t *Ticket) Release() {
	if t.working {
		<-t.gate.workers
		t.working = false
	}
	if t.hasLarge {
		<-t.gate.largeWorkers
		t.hasLarge = false
	}
}
