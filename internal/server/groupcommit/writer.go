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

// run commits what comes through the queue until that is closed and empty.
func (q *Queue) run(c Committer) {
	defer c.Close()
	ctx := context.Background() // a call in the queue is stored, whatever becomes of its client
	batch := make([]*Item, 0, q.maxCalls)
	for {
		select {
		case it, ok := <-q.items:
			if !ok {
				return
			}
			batch = q.gather(batch[:0], it)
			q.commit(ctx, c, batch)
			for i, it := range batch {
				close(it.done)
				batch[i] = nil
			}
		case task := <-q.tasks:
			task(c)
		}
	}
}

// gather makes a batch of first and what waits behind it.
func (q *Queue) gather(batch []*Item, first *Item) []*Item {
	batch = append(batch, first)
	bytes := len(first.Upload.Audio)
	for len(batch) < q.maxCalls && bytes < q.maxBytes {
		select {
		case it, ok := <-q.items:
			if !ok {
				return batch
			}
			batch = append(batch, it)
			bytes += len(it.Upload.Audio)
		default:
			return batch
		}
	}
	return batch
}

// commit commits a batch, if the breaker lets it, and notes with each call what became of it. Where the files that it was written to
// are gone, nothing of it is acknowledged, and nothing is known: they may come back.
func (q *Queue) commit(ctx context.Context, c Committer, batch []*Item) {
	err := q.guard.known()
	if err == nil {
		err = q.attempt(func() error { return q.measured(ctx, c, batch) })
	}
	gap := guardGap
	if slices.ContainsFunc(batch, func(it *Item) bool { return it.File != "" }) {
		gap = 0 // files are put where the path leads, which may be elsewhere
	}
	if gone := q.guard.look(gap); gone != nil {
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

// attempt writes to the database, if the breaker lets it. An error for which no call is to blame says that the database is unavailable.
func (q *Queue) attempt(write func() error) error {
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
	q.reads.Store(errors.As(err, &down) && down.Reads)
	return q.failure(err)
}

// failure is an error of the database, or of the data folder, as Put returns it.
func (q *Queue) failure(err error) error {
	switch {
	case err == nil, errors.Is(err, call.ErrNoSpace), errors.As(err, new(*call.UnavailableError)):
		return err
	case disk.IsFull(err):
		return fmt.Errorf("%w: %w", call.ErrNoSpace, err)
	default:
		return &call.UnavailableError{RetryAfter: retryAfter, Err: err}
	}
}

// measured commits a batch, and takes its figures.
func (q *Queue) measured(ctx context.Context, c Committer, batch []*Item) error {
	began := time.Now()
	for _, it := range batch {
		q.counts.queueWait.Observe(began.Sub(it.since).Seconds())
	}
	err := c.Commit(ctx, batch)
	q.counts.commit.Observe(time.Since(began).Seconds())
	q.counts.batchCalls.Observe(float64(len(batch)))
	return err
}
