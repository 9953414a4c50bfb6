// Package groupcommit stores calls in groups: all calls that wait are committed together, so that they share the cost
// of making them durable, and each is acknowledged after the commit that includes it.
//
// The two stores share it: a bounded queue, which refuses at once when it is full (admission has already bounded the
// uploads at work), writers that each commit one batch at a time, a circuit breaker around them, and the figures about
// all of that. How a batch is committed is up to a Committer.
package groupcommit

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sony/gobreaker/v2"

	"rdiostress/internal/server/call"
	"rdiostress/internal/server/datadir"
)

// Item is a call that waits to be stored. A Committer sets ID, Repeat and Err.
type Item struct {
	Upload *call.Upload
	File   string // the audio's name in the audio folder, if it is a file

	ID     int64
	Repeat bool  // the call was there already, as ID, with its audio
	Err    error // why this call alone is not stored, such as call.ErrDuplicate

	since time.Time
	done  chan struct{} // closed once the result is set
}

// Committer stores batches, one after the other, each in one transaction.
type Committer interface {
	// Commit returns once each call of the batch either survives any crash, and has an ID, or has an Err. If it returns
	// an error, that is the Err of all calls that have neither: they are not stored; or, if it wraps ErrUncertain, that
	// is not known. If the disk is full, the error wraps call.ErrNoSpace. Commit may be called again after an error.
	Commit(ctx context.Context, batch []*Item) error

	// Probe writes as Commit does, though no call, and returns once that would survive any crash.
	Probe(ctx context.Context) error

	// Close releases the resources of the Committer. No Commit follows it.
	Close()
}

// ErrUncertain marks the errors after which a batch may have been stored nevertheless.
var ErrUncertain = errors.New("whether the calls are stored is not known")

// Options say how a Queue works. All are needed.
type Options struct {
	Folder *datadir.Folder // with the files that calls are written to being watched
	Limit  int             // calls that wait or are being stored
	// MaxCalls are in one batch. With more, each hardly costs less, and the first of them waits for the last.
	MaxCalls int
	MaxBytes int // of audio in one batch, though one call may have more
	Breaker  BreakerOptions
	Log      *slog.Logger
}

// Queue is where calls wait. It may be used concurrently. Make one with Start.
type Queue struct {
	folder   *datadir.Folder
	limit    int64
	maxCalls int
	maxBytes int
	breaker  *breaker
	guard    guard

	waiting  atomic.Int64
	readable atomic.Bool  // the last transaction that failed says that the database can be read nevertheless
	written  atomic.Int64 // when a transaction was last committed, in Unix nanoseconds
	counts   counts
	writers  sync.WaitGroup
	tasks    chan func(Committer)
	done     chan struct{} // closed when Close begins

	mu     sync.RWMutex // held for writing to close items
	closed bool
	items  chan *Item
}

// Start makes a queue with one writer for each committer, which it closes in the end.
func Start(o Options, committers ...Committer) *Queue {
	q := &Queue{
		folder: o.Folder, limit: int64(o.Limit), maxCalls: o.MaxCalls, maxBytes: o.MaxBytes,
		breaker: newBreaker(o.Breaker, o.Log),
		counts:  newCounts(), tasks: make(chan func(Committer)), done: make(chan struct{}), items: make(chan *Item,
			o.Limit),
		guard: guard{folder: o.Folder, log: o.Log},
	}
	q.writers.Go(func() { q.guard.run(q.done) })
	for _, c := range committers {
		q.writers.Go(func() { q.write(c) })
	}
	return q
}

// Put is part of call.Store.
func (q *Queue) Put(ctx context.Context, u *call.Upload) (int64, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	if err := q.guard.lastCheck(); err != nil {
		return 0, err
	}
	if err := q.checkSpace(); err != nil {
		return 0, err
	}
	if err := q.checkBreaker(); err != nil {
		return 0, err
	}
	if q.isProbing() {
		return 0, q.breaker.unavailable(gobreaker.ErrTooManyRequests)
	}
	// A place is taken first: with one, sending to the queue never blocks.
	if q.waiting.Add(1) > q.limit {
		q.waiting.Add(-1)
		return 0, call.ErrFull
	}
	defer q.waiting.Add(-1)

	it := &Item{Upload: u, done: make(chan struct{})}
	if u.File != "" {
		var err error
		if it.File, err = q.folder.Audio.Adopt(u.File, &u.Call); err != nil {
			if gone := q.guard.check(0); gone != nil {
				return 0, gone
			}
			return 0, q.classify(err)
		}
	}
	if err := q.enqueue(it); err != nil {
		it.Err = err
	} else {
		<-it.done // until then the item belongs to the writer
	}
	return it.ID, q.finish(it)
}

func (q *Queue) enqueue(it *Item) error {
	q.mu.RLock()
	defer q.mu.RUnlock()
	if q.closed {
		return call.ErrClosed
	}
	it.since = time.Now()
	q.items <- it
	return nil
}

// finish counts what became of a call, and removes its audio file unless a row names it. If that is not known, the file
// stays: the next start sweeps audio without a call, but nothing brings back a call's audio.
func (q *Queue) finish(it *Item) error {
	switch {
	case it.Repeat:
		q.counts.repeats.Add(1)
	case it.Err == nil:
		q.counts.stored.Add(1)
		return nil
	case errors.Is(it.Err, call.ErrDuplicate):
		q.counts.duplicates.Add(1)
	case errors.Is(it.Err, ErrUncertain):
		return it.Err
	}
	if it.File == "" {
		return it.Err
	}
	err := q.folder.Audio.Remove(it.File)
	if it.Err == nil { // a repeat, which is stored whatever becomes of its second audio
		return nil
	}
	return errors.Join(it.Err, err)
}

// Do calls f on a writer, between two batches, and returns its error. With a single writer nothing else is written
// meanwhile.
func (q *Queue) Do(ctx context.Context, f func(ctx context.Context) error) error {
	return q.runTask(ctx, func(Committer) error { return f(ctx) })
}

// Probe is part of call.Store. It waits for the writer, so it cannot distinguish a store that fails from one that is
// held up for longer than ctx.
func (q *Queue) Probe(ctx context.Context) error {
	if err := q.checkSpace(); err != nil {
		return err
	}
	return q.runTask(ctx, func(c Committer) error {
		if err := q.folder.Audio.Probe(); err != nil {
			return q.classify(err)
		}
		err := q.tryWrite(func() error { return c.Probe(ctx) })
		if gone := q.guard.check(0); gone != nil {
			return gone
		}
		return err
	})
}

// checkSpace returns call.ErrNoSpace while the folder's reserve is out.
func (q *Queue) checkSpace() error {
	if q.folder.IsFull() {
		return call.ErrNoSpace
	}
	return nil
}

func (q *Queue) runTask(ctx context.Context, f func(c Committer) error) error {
	if err := q.guard.lastCheck(); err != nil {
		return err
	}
	result := make(chan error, 1)
	select {
	case q.tasks <- func(c Committer) { result <- f(c) }:
		return <-result
	case <-ctx.Done():
		return ctx.Err()
	case <-q.done:
		return call.ErrClosed
	}
}

// Gone is part of call.Store.
func (q *Queue) Gone() error { return q.guard.check(0) }

// Close waits until all queued calls are stored. It returns true the first time.
func (q *Queue) Close() bool {
	q.mu.Lock()
	first := !q.closed
	if first {
		q.closed = true
		close(q.done)
		close(q.items)
	}
	q.mu.Unlock()
	q.writers.Wait()
	return first
}
