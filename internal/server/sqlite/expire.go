package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"rdiostress/internal/server/call"
	"rdiostress/internal/server/listing"
	"rdiostress/internal/server/retention"
)

// retainBatch is how many calls are deleted at once: few enough, with 16 kB of audio each, to hardly delay new calls.
const retainBatch = 100

const deleteOld = `DELETE FROM calls WHERE id IN (SELECT id FROM calls WHERE started_ms < ? ORDER BY started_ms LIMIT ?)
	RETURNING id, started_ms, system_id, talkgroup_id, audio_bytes, audio_file, segment_id`

// startRetention starts to delete old calls, unless calls are kept forever.
func (s *Store) startRetention(ctx context.Context, keep time.Duration, log *slog.Logger) {
	if keep > 0 {
		s.background.Go(func() { retention.Run(ctx, s, keep, retainBatch, log) })
	}
}

// fullBatch is how many calls are deleted at once on a full disk: their transaction, and no other, must fit into the
// reserve.
const fullBatch = 10

// Expire implements retention.Store. It takes turns with the batches of new calls, and removes audio files and segments
// after their rows. On a full disk it uses the folder's reserve.
func (s *Store) Expire(ctx context.Context, before time.Time, limit int) (n int, err error) {
	n, err = s.expireCalls(ctx, before, limit)
	if err != nil || n == limit { // more follow
		return n, err
	}
	return n, s.tidySegments(ctx)
}

func (s *Store) expireCalls(ctx context.Context, before time.Time, limit int) (n int, err error) {
	if !s.folder.IsFull() {
		n, err = s.expire(ctx, before, limit)
		if !errors.Is(err, call.ErrNoSpace) || !s.folder.ReleaseReserve() {
			return n, err
		}
	}
	for n < limit {
		more, err := s.expire(ctx, before, min(fullBatch, limit-n))
		n += more
		if err != nil || more < fullBatch {
			return n, err
		}
		if err := s.queue.Do(ctx, s.checkpoint); err != nil { // so that the next transaction has room
			return n, err
		}
	}
	return n, nil
}

// expire deletes calls in one transaction.
func (s *Store) expire(ctx context.Context, before time.Time, limit int) (n int, err error) {
	var files []string
	err = s.queue.Do(ctx, func(ctx context.Context) error {
		return s.writer.transact(ctx, func() error {
			n, files, err = s.writer.deleteOld(ctx, before, limit)
			return err
		})
	})
	if err != nil {
		return 0, err
	}
	s.queue.Expired(n)
	var errs []error
	for _, name := range files {
		errs = append(errs, s.folder.Audio.Remove(ctx, name))
	}
	return n, errors.Join(errs...)
}

func (w *writer) deleteOld(ctx context.Context, before time.Time, limit int) (n int, files []string, err error) {
	// Delete counts of calls that were deleted earlier.
	day := before.UnixMilli() / listing.DayMS
	if _, err := w.conn.ExecContext(ctx, "DELETE FROM call_counts WHERE day <= ? AND calls = 0", day); err != nil {
		return 0, nil, fmt.Errorf("deleting counts: %w", err)
	}
	rows, err := w.conn.QueryContext(ctx, deleteOld, before.UnixMilli(), limit)
	if err != nil {
		return 0, nil, fmt.Errorf("deleting calls: %w", err)
	}
	defer rows.Close()
	highest := int64(0)
	for rows.Next() {
		var id, started, bytes int64
		var key countKey
		var file sql.NullString
		var at sql.NullInt64
		if err := rows.Scan(&id, &started, &key.system, &key.talkgroup, &bytes, &file, &at); err != nil {
			return 0, nil, err
		}
		key.day = started / listing.DayMS
		w.addCount(key, countSum{-1, -bytes})
		if at.Valid {
			w.addChange(at.Int64, segmentChange{calls: -1})
		}
		w.pages += indexPages
		n++
		highest = max(highest, id)
		if file.Valid {
			files = append(files, file.String)
		}
	}
	if err := rows.Err(); err != nil {
		return 0, nil, err
	}
	return n, files, w.rememberID(ctx, highest)
}

// rememberID stores the highest id of the deleted calls if it is above all remaining ones.
func (w *writer) rememberID(ctx context.Context, id int64) error {
	const keep = "UPDATE store SET last_id = ? WHERE last_id < ? AND (SELECT coalesce(max(id), 0) FROM calls) < ?"
	if _, err := w.conn.ExecContext(ctx, keep, id, id, id); err != nil {
		return fmt.Errorf("keeping an id: %w", err)
	}
	var err error
	w.lastID, err = w.deletedID(ctx)
	return err
}
