// Package groupcommit stores calls in groups: all waiting calls are committed together, so that they share the cost of
// making them durable. Each call is acknowledged after the commit that includes it.
//
// Both stores use it: a bounded queue, which refuses calls at once when it is full (admission has already limited the
// active uploads), writers that each commit one batch at a time, a circuit breaker around them, and the statistics of
// all that. A Committer decides how a batch is committed.
package groupcommit

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sony/gobreaker/v2"

	"rdiostress/internal/rdio"
	"rdiostress/internal/server/call"
	"rdiostress/internal/server/datadir"
)

// Item is a call that waits to be stored, or another write that shares the transaction. A Committer sets ID, Repeat and
// Err.
type Item struct {
	Upload *call.Upload
	File   string // the audio's name in the audio folder, if it is a file

	// Write makes the writes of an item without a call; see Queue.Join. The Committer calls it in the transaction. If
	// it fails, its writes are undone, and others are not affected.
	Write func(ctx context.Context) error

	ID     int64
	Repeat bool  // the call was already stored, as ID, with its audio
	Err    error // why this call alone is not stored, such as call.ErrDuplicate

	// Adopted is when the audio was about to be stored, by the wall clock, which goes on while a machine is suspended.
	Adopted time.Time

	since time.Time
	done  chan struct{} // closed once the result is set
}

// bytes returns how much audio the item adds to a batch.
func (it *Item) bytes() int {
	if it.Upload == nil {
		return 0
	}
	return len(it.Upload.Audio)
}

// Committer stores batches one after the other, each in one transaction.
type Committer interface {
	// Commit returns once each call of the batch either survives any crash and has an ID, or has an Err. If Commit
	// returns an error, it is the Err of all calls that have neither. They are not stored, unless the error wraps
	// ErrUncertain: then that is unknown. If the disk is full, the error wraps call.ErrNoSpace. Commit may be called
	// again after an error.
	Commit(ctx context.Context, batch []*Item) error

	// Probe writes as Commit does, but without a call, and returns once the write would survive any crash.
	Probe(ctx context.Context) error

	// Close releases the resources of the Committer. Commit is not called afterwards.
	Close()
}

// ErrUncertain marks errors after which a batch may be stored anyway.
var ErrUncertain = errors.New("it is not known whether the calls are stored")

// Audio stores long audio: in the data folder, or where other servers can read it too.
type Audio interface {
	// Adopt stores the audio of a spool file, which it removes, and returns the audio's name. The audio then survives
	// any crash.
	Adopt(ctx context.Context, spooled string, c *rdio.Call) (name string, err error)
	// Remove removes audio, if it exists.
	Remove(ctx context.Context, name string) error
}

// Options are the options of a Queue. All are required, except for Audio.
type Options struct {
	Folder *datadir.Folder // watches the files that calls are written to
	Audio  Audio           // for long audio; nil means the audio folder in Folder
	Limit  int             // calls that wait or are being stored
	// MaxCalls is the maximum of calls in one batch. With more, a call hardly costs less, and the first waits for the
	// last.
	MaxCalls int
	MaxBytes int // of audio in one batch; a single call may have more
	Breaker  BreakerOptions
	Log      *slog.Logger
}

// Queue holds the calls that wait to be stored. It is safe for concurrent use. Create one with Start.
type Queue struct {
	folder   *datadir.Folder
	audio    Audio
	limit    int64
	maxCalls int
	maxBytes int
	breaker  *breaker
	guard    guard

	waiting  atomic.Int64
	readable atomic.Bool  // according to the last failed transaction, the database can still be read
	written  atomic.Int64 // time of the last commit, in Unix nanoseconds
	counts   counts
	writers  sync.WaitGroup
	tasks    chan func(Committer)
	joined   chan *Item    // other writes that wait for a transaction of calls
	alone    chan *Item    // such writes that have waited long enough
	done     chan struct{} // closed when Close begins

	mu     sync.RWMutex // held for writing to close items
	closed bool
	items  chan *Item
}

// Start creates a queue with one writer for each committer. The queue closes the committers in the end.
func Start(o Options, committers ...Committer) *Queue {
	q := &Queue{
		folder: o.Folder, audio: o.Audio, limit: int64(o.Limit), maxCalls: o.MaxCalls, maxBytes: o.MaxBytes,
		breaker: newBreaker(o.Breaker, o.Log),
		counts:  newCounts(), tasks: make(chan func(Committer)), joined: make(chan *Item), alone: make(chan *Item),
		done: make(chan struct{}), items: make(chan *Item, o.Limit),
		guard: guard{folder: o.Folder, log: o.Log},
	}
	if q.audio == nil {
		q.audio = o.Folder.Audio
	}
	q.writers.Go(func() { q.guard.run(q.done) })
	for _, c := range committers {
		q.writers.Go(func() { q.write(c) })
	}
	return q
}

// Put implements call.Store.
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
	// Take a place first: with one, sending to the queue never blocks.
	if q.waiting.Add(1) > q.limit {
		q.waiting.Add(-1)
		return 0, call.ErrFull
	}
	defer q.waiting.Add(-1)

	it := &Item{Upload: u, done: make(chan struct{})}
	if u.File != "" {
		it.Adopted = time.Now().Round(0)
		var err error
		if it.File, err = q.audio.Adopt(ctx, u.File, &u.Call); err != nil {
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
	return it.ID, q.finish(context.WithoutCancel(ctx), it)
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

// finish counts the result of a call and removes its audio file, unless a row names it. If that is unknown, the file
// stays: the next start sweeps audio without a call, but nothing can restore a call's audio.
func (q *Queue) finish(ctx context.Context, it *Item) error {
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
	// A sweep removes what cannot be removed now. That changes neither what became of the call nor the answer.
	if err := q.audio.Remove(ctx, it.File); err != nil && it.Err != nil {
		return fmt.Errorf("%w; its audio is left: %v", it.Err, err)
	}
	return it.Err
}

// Do calls f on a writer, between two batches, and returns its error. With a single writer, nothing else is written at
// the same time.
func (q *Queue) Do(ctx context.Context, f func(ctx context.Context) error) error {
	return q.runTask(ctx, func(Committer) error { return f(ctx) })
}

// Join calls write in the next transaction of calls, or in one of its own if no call comes within patience, and returns
// once what it wrote survives any crash. So small writes need no sync of their own beside calls, and calls hardly ever
// wait for one. The Committer must support it.
func (q *Queue) Join(ctx context.Context, patience time.Duration, write func(ctx context.Context) error) error {
	if err := q.guard.lastCheck(); err != nil {
		return err
	}
	if err := q.checkSpace(); err != nil {
		return err
	}
	it := &Item{Write: write, since: time.Now(), done: make(chan struct{})}
	if err := q.sendJoined(ctx, it, patience); err != nil {
		return err
	}
	<-it.done
	return it.Err
}

// sendJoined passes an item to the writer.
func (q *Queue) sendJoined(ctx context.Context, it *Item, patience time.Duration) error {
	wait, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	select {
	case q.joined <- it:
		return nil
	case <-wait.Done():
	case <-q.done:
		return call.ErrClosed
	}
	select {
	case q.joined <- it:
		return nil
	case q.alone <- it:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-q.done:
		return call.ErrClosed
	}
}

// Probe implements call.Store. It waits for the writer, so it cannot distinguish a store that fails from one that is
// blocked for longer than ctx.
func (q *Queue) Probe(ctx context.Context) error {
	if err := q.checkSpace(); err != nil {
		return err
	}
	return q.runTask(ctx, func(c Committer) error {
		if err := q.folder.Audio.Probe(ctx); err != nil {
			return q.classify(err)
		}
		err := q.tryWrite(func() error { return c.Probe(ctx) })
		if gone := q.guard.check(0); gone != nil {
			return gone
		}
		return err
	})
}

// checkSpace returns call.ErrNoSpace while the folder's reserve is released.
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

// Gone implements call.Store.
func (q *Queue) Gone() error { return q.guard.check(0) }

// Close waits until all queued calls are stored. The first call returns true.
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
