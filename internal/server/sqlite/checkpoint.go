package sqlite

import (
	"context"
	"log/slog"
)

// With a smaller log, the same pages are moved more often. A larger log takes more disk space, and more time to read
// after a crash.
const (
	pageBytes  = 4096
	indexPages = 2 // pages of a call in the log besides its audio, roughly

	checkpointPages = 4000                // written to the log before it is moved into the database: 16 MB
	maxLogPages     = 4 * checkpointPages // size of the log at which the writer moves it itself
)

// startCheckpoints moves the log into the database whenever the writer signals that it is large enough, until ctx ends.
// Most of the log is moved while the writer works; otherwise the writer would stop, and all uploads with it. The little
// that was written meanwhile is moved while the writer waits: the log starts over only when all of it has been moved.
func (s *Store) startCheckpoints(ctx context.Context, log *slog.Logger) {
	s.background.Go(func() {
		for {
			select {
			case <-ctx.Done():
				return
			case <-s.writer.due:
			}
			err := s.checkpoint(ctx)
			if err == nil {
				err = s.queue.Do(ctx, s.checkpoint)
			}
			if err != nil && ctx.Err() == nil {
				log.Warn("the database's log cannot be moved into the database now and grows", "error", err)
			}
		}
	})
}

func (s *Store) checkpoint(ctx context.Context) error {
	_, err := s.checkpointer.ExecContext(ctx, "PRAGMA wal_checkpoint(PASSIVE)")
	return err
}
