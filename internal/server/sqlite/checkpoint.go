package sqlite

import (
	"context"
	"log/slog"
)

// A smaller log has the same pages moved more often; a larger one takes more of the disk, and longer to read after a
// crash.
const (
	pageBytes  = 4096
	indexPages = 2 // what a call has in the log besides its audio, roughly

	checkpointPages = 4000                // written to the log before it is moved into the database: 16 MB
	maxLogPages     = 4 * checkpointPages // in the log when the writer moves it itself, because the mover lags behind
)

// startCheckpoints moves the log into the database whenever the writer says that it is large enough, until ctx ends.
// Most of it is moved beside the writer, which would otherwise stop, and all uploads with it. What was written
// meanwhile is little, and moved while the writer waits: the log starts over only when all of it has been moved.
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
				log.Warn("the database's log cannot be moved into it now; it grows meanwhile", "error", err)
			}
		}
	})
}

func (s *Store) checkpoint(ctx context.Context) error {
	_, err := s.checkpointer.ExecContext(ctx, "PRAGMA wal_checkpoint(PASSIVE)")
	return err
}
