package admission

import (
	"context"
	"sync/atomic"
	"time"
)

// Defaults of a Gate.
const (
	DefaultWorkers      = 10
	DefaultQueue        = 1000
	DefaultUploadMemory = 128 << 20
)

// ReadBuffer is the size of the buffer for an upload's body. Together with net/http's own buffer it holds a usual
// upload.
const ReadBuffer = 16 << 10

const (
	// baseMemory is the initial memory charge of an upload: its read buffer, and the same amount for its fields.
	baseMemory = 2 * ReadBuffer

	// smallMemory is the memory up to which an upload does not count as large.
	smallMemory = baseMemory + 128<<10

	// readSlots is how many uploads may read at once, each for slotTime at most: enough for the largest commits. The
	// bytes of an upload that waits for a slot stay in the kernel. The time limits how long slow clients and slow disks
	// delay others.
	readSlots = 192
	slotTime  = 100 * time.Millisecond
)

// Gate admits uploads. It guards two scarce resources. Memory: the Gate counts what each upload has allocated and
// refuses more uploads when the memory is used up. Processors: only an upload that holds a worker is parsed, hashed or
// written to the spool. An upload that waits for the network or for its commit holds no worker, so neither a slow
// client nor a slow disk blocks one. Large uploads get at most half of each resource, so small ones always get through.
//
// A worker is a permit, not a goroutine. A Gate is safe for concurrent use. Create one with NewGate.
type Gate struct {
	workers, largeWorkers chan struct{} // one token for each worker, and for each that large uploads may hold
	slots                 chan struct{} // one token for each upload that may read
	queue                 int64         // how many uploads may wait for a slot or their first worker
	waiting               atomic.Int64

	memory      int64 // bytes
	used, large atomic.Int64
	uploads     atomic.Int64
}

// NewGate returns a Gate with workers, a queue of at most queue waiting uploads, and memory bytes for all uploads.
func NewGate(workers, queue int, memory int64) *Gate {
	return &Gate{
		workers: make(chan struct{}, workers), largeWorkers: make(chan struct{}, max(workers/2, 1)),
		slots: make(chan struct{}, readSlots), queue: int64(queue), memory: memory,
	}
}

// GateUsage is the usage of a Gate and its limits.
type GateUsage struct {
	Uploads              int64 // uploads with a ticket
	Workers, WorkerLimit int64
	Queue, QueueLimit    int64
	Memory, MemoryLimit  int64 // bytes
}

// Usage returns the current usage.
func (g *Gate) Usage() GateUsage {
	return GateUsage{
		Uploads: g.uploads.Load(), Workers: int64(len(g.workers)), WorkerLimit: int64(cap(g.workers)),
		Queue: g.waiting.Load(), QueueLimit: g.queue, Memory: g.used.Load(), MemoryLimit: g.memory,
	}
}

// Uploads returns how many uploads hold a ticket.
func (g *Gate) Uploads() int64 { return g.uploads.Load() }

// Ticket is one upload's share of a Gate. Only one goroutine may use it, and it must be closed.
type Ticket struct {
	gate *Gate
	ctx  context.Context

	isLarge   bool        // gets a worker only while few large uploads hold one
	slot      *time.Timer // returns the slot; nil before Start
	working   bool
	hasLarge  bool // holds a token of largeWorkers
	hasWorked bool // was admitted, and is no longer refused if no worker is free
	waited    time.Duration

	memory, large int64 // as counted in the gate's fields
}

// Enter admits an upload, or returns ErrNoMemory.
func (g *Gate) Enter(ctx context.Context) (*Ticket, error) {
	t := &Ticket{gate: g, ctx: ctx}
	if !t.Reserve(baseMemory) {
		return nil, ErrNoMemory
	}
	g.uploads.Add(1)
	return t, nil
}

// Start waits for a read slot. It returns ErrBusy at once if too many uploads already wait.
func (t *Ticket) Start() error {
	if err := t.waitFor(t.gate.slots); err != nil {
		return err
	}
	t.slot = time.AfterFunc(slotTime, func() { <-t.gate.slots })
	return nil
}

// Close releases everything that the ticket holds.
func (t *Ticket) Close() {
	t.Release()
	if t.slot != nil && t.slot.Stop() {
		<-t.gate.slots
	}
	t.Reserve(0)
	t.gate.uploads.Add(-1)
}

// Waited returns how long the upload has waited for its slot and its workers.
func (t *Ticket) Waited() time.Duration { return t.waited }

// SetLarge marks the upload as a large one.
func (t *Ticket) SetLarge() { t.isLarge = true }

// Reserved returns how many bytes of memory are reserved for the upload.
func (t *Ticket) Reserved() int64 { return t.memory }

// Reserve sets how many bytes of memory are reserved for the upload and reports whether they are available. Reserving
// less always succeeds.
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

// Acquire waits for a worker if the upload holds none. The first call returns ErrBusy at once if too many uploads
// already wait.
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

// waitFor takes a token; if none is free, it waits in the queue.
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

// Release returns the worker if the upload holds one.
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
