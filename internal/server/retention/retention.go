// Package retention deletes calls that are older than the retention time, a few at a time, so that new calls never wait
// for it.
package retention

import (
	"context"
	"log/slog"
	"time"

	"rdiostress/internal/clock"
)

// Store is a store of calls that can be deleted.
type Store interface {
	// Expire deletes at most limit of the calls that began before a time, and returns how many it deleted.
	Expire(ctx context.Context, before time.Time, limit int) (int, error)
}

const (
	every = time.Minute
	// pauseFactor is how much longer the pause after a batch is than the batch, so that the database is mostly free to
	// store calls.
	pauseFactor = 4
)

// Run deletes what is older than keep, now and every minute, in batches of at most limit calls, until ctx ends.
func Run(ctx context.Context, s Store, keep time.Duration, limit int, log *slog.Logger) {
	for {
		deleted, err := sweep(ctx, s, keep, limit)
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			log.Error("calls older than the retention time could not be deleted", "error", err)
		case deleted > 0:
			log.Info("deleted calls older than the retention time", "calls", deleted)
		}
		if clock.Sleep(ctx, every) != nil {
			return
		}
	}
}

// sweep deletes batches until no call is old enough.
func sweep(ctx context.Context, s Store, keep time.Duration, limit int) (deleted int, err error) {
	for {
		began := time.Now()
		n, err := s.Expire(ctx, began.Add(-keep), limit)
		deleted += n
		if err != nil || n < limit || clock.Sleep(ctx, pauseFactor*time.Since(began)) != nil {
			return deleted, err
		}
	}
}
