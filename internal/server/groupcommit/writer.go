package groupcommit

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"rdiostress/internal/server/call"
	"rdiostress/internal/server/disk"
)

// write commits calls from the queue until it is closed and empty.
func (q *Queue) write(c Committer) {
	defer c.Close()
	ctx := context.Background() // a queued call is stored even if its client is gone
	batch := make([]*Item, 0, q.maxCalls)
	for {
		select {
		case it, ok := <-q.items:
			if !ok {
				return
			}
			q.writeBatch(ctx, c, q.gatherBatch(batch[:0], it))
		case it := <-q.alone:
			q.writeBatch(ctx, c, q.gatherBatch(batch[:0], it))
		case task := <-q.tasks:
			task(c)
		}
	}
}

// writeBatch commits a batch and passes each item its result.
func (q *Queue) writeBatch(ctx context.Context, c Committer, batch []*Item) {
	q.commitBatch(ctx, c, batch)
	for i, it := range batch {
		close(it.done)
		batch[i] = nil
	}
}

// gatherBatch returns a batch of first and the items that wait behind it.
func (q *Queue) gatherBatch(batch []*Item, first *Item) []*Item {
	batch = append(batch, first)
	bytes := first.bytes()
	for len(batch) < q.maxCalls && bytes < q.maxBytes {
		select {
		case it, ok := <-q.items:
			if !ok {
				return batch
			}
			batch = append(batch, it)
			bytes += it.bytes()
		case it := <-q.joined:
			batch = append(batch, it)
		case it := <-q.alone:
			batch = append(batch, it)
		default:
			return batch
		}
	}
	return batch
}

// commitBatch commits a batch if the breaker allows it, and sets the result of each call. If the files that it was
// written to are gone, no call is acknowledged and the result is unknown: the files may come back.
func (q *Queue) commitBatch(ctx context.Context, c Committer, batch []*Item) {
	err := q.guard.lastCheck()
	if err == nil {
		err = q.tryWrite(func() error { return q.commitTimed(ctx, c, batch) })
	}
	maxAge := guardMaxAge
	if slices.ContainsFunc(batch, func(it *Item) bool { return it.File != "" }) {
		maxAge = 0 // files are created where the path leads, which may have changed
	}
	if gone := q.guard.check(maxAge); gone != nil {
		err = fmt.Errorf("%w: %w", ErrUncertain, gone)
		for _, it := range batch {
			it.ID, it.Repeat = 0, false
			if !errors.Is(it.Err, call.ErrBadCall) {
				it.Err = nil
			}
		}
	}
	if err == nil {
		return
	}
	for _, it := range batch {
		if it.Err == nil && it.ID == 0 {
			it.Err = err
		}
	}
}

// tryWrite writes to the database if the breaker allows it. An error that no single call caused makes the database
// unavailable.
func (q *Queue) tryWrite(write func() error) error {
	done, err := q.breaker.allow()
	if err != nil {
		return err
	}
	err = write()
	done(err)
	if err == nil {
		q.written.Store(time.Now().UnixNano())
		return nil
	}
	var down *call.UnavailableError
	q.readable.Store(errors.As(err, &down) && down.Readable)
	return q.classify(err)
}

// classify maps an error of the database or the data folder to one that Put returns.
func (q *Queue) classify(err error) error {
	switch {
	case err == nil, errors.Is(err, call.ErrNoSpace), errors.As(err, new(*call.UnavailableError)):
		return err
	case disk.IsFull(err):
		return fmt.Errorf("%w: %w", call.ErrNoSpace, err)
	default:
		return &call.UnavailableError{RetryAfter: retryAfter, Err: err}
	}
}

// commitTimed commits a batch and records how long it took.
func (q *Queue) commitTimed(ctx context.Context, c Committer, batch []*Item) error {
	began := time.Now()
	calls := 0
	for _, it := range batch {
		if it.Upload != nil {
			calls++
			q.counts.queueWait.Observe(began.Sub(it.since).Seconds())
		}
	}
	err := c.Commit(ctx, batch)
	if calls > 0 {
		q.counts.commit.Observe(time.Since(began).Seconds())
		q.counts.batchCalls.Observe(float64(calls))
	}
	return err
}
