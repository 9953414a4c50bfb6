package sqlite

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"rdiostress/internal/server/datadir"
	"rdiostress/internal/server/disk"
	"rdiostress/internal/server/groupcommit"
	"rdiostress/internal/server/segment"
)

const segmentsDir = "segments"

// roomInside is how much must be free inside the database before audio is stored there: an earlier version kept audio
// in the rows, and the file does not shrink.
const roomInside = 64 << 20

// roomEvery is how many transactions there are between looks at that.
const roomEvery = 256

const addSegment = `INSERT INTO segments (id, bytes, records, calls) VALUES (?, ?, ?, ?)
	ON CONFLICT DO UPDATE SET bytes = max(bytes, excluded.bytes), records = records + excluded.records,
	calls = calls + excluded.calls`

// segmentChange is what a transaction changes in a row of segments.
type segmentChange struct{ records, calls int64 }

// files returns the folder of the segments.
func (s *Store) files() segment.Files {
	if s.seams.files != nil {
		return s.seams.files
	}
	return segment.Folder{
		Dir: s.folder.Path(segmentsDir),
		SyncDir: func(dir string) error {
			err := disk.SyncDir(dir)
			if errors.Is(err, disk.ErrNoSync) { // the folder of long audio says so
				err = nil
			}
			return err
		},
		Check: s.folder.Check,
		Gone: func(path string, err error) error {
			if err := s.folder.Check(); err != nil { // then it is not the segment alone, and is logged as such
				return err
			}
			return &datadir.GoneError{Path: path, Replaced: err == nil}
		},
	}
}

// addChange adds to what a transaction changes in a segment.
func (w *writer) addChange(id int64, change segmentChange) {
	sum := w.changes[id]
	w.changes[id] = segmentChange{sum.records + change.records, sum.calls + change.calls}
}

// addEnd says how much of a segment has records that rows may point at.
func (w *writer) addEnd(end segment.Place) {
	w.addChange(end.Segment, segmentChange{})
	w.end = end
}

// storeSegments makes the new records durable, and stores what the transaction changes in segments.
func (w *writer) storeSegments(ctx context.Context) error {
	if w.segments != nil && w.segments.HasNew() {
		end, err := w.segments.Sync()
		if err != nil {
			return fmt.Errorf("writing to a segment: %w", err)
		}
		w.addEnd(end)
	}
	for id, change := range w.changes {
		bytes := int64(0)
		if id == w.end.Segment {
			bytes = w.end.Offset
		}
		stmt, err := w.statement(ctx, addSegment)
		if err == nil {
			_, err = stmt.ExecContext(ctx, id, bytes, change.records, change.calls)
		}
		if err != nil {
			return fmt.Errorf("counting calls of segments: %w", err)
		}
	}
	return nil
}

// endSegments keeps the records of a transaction, or cuts them off if it has not been committed. Where that is unknown
// they stay: rather a record without a row than a row without its audio.
func (w *writer) endSegments(err error) {
	switch {
	case w.segments == nil:
	case err == nil, errors.Is(err, groupcommit.ErrUncertain):
		w.segments.Keep()
	default:
		_ = w.segments.Cut() // the next record begins a segment
	}
}

// storesInRows reports whether audio is to be stored in the rows: while the database has much free space inside, and
// the disk has less. It looks from time to time.
func (w *writer) storesInRows(ctx context.Context) bool {
	if w.segments == nil {
		return true
	}
	if w.looked++; w.looked%roomEvery != 1 {
		return w.inRows
	}
	var inside int64
	w.inRows = false
	err := w.conn.QueryRowContext(ctx, `SELECT (SELECT freelist_count FROM pragma_freelist_count) *
		(SELECT page_size FROM pragma_page_size)`).Scan(&inside)
	if err == nil && inside > roomInside {
		free, err := w.free(w.dir)
		w.inRows = err == nil && free < uint64(inside)
	}
	return w.inRows
}

// removeEmpty removes the segments that no row points at, but not the newest, whose number would be given again. One
// that cannot be removed is left for the next time: on Windows it may be open.
func (s *Store) removeEmpty(ctx context.Context) error {
	w := s.writer
	empty, err := w.numbers(ctx, "SELECT id FROM segments WHERE calls = 0 AND id < ?", w.segments.Current())
	if err != nil || len(empty) == 0 {
		return err
	}
	return w.transact(ctx, func() error {
		for _, id := range empty {
			err := s.files().Remove(segment.FileName(id))
			if err != nil && !errors.Is(err, fs.ErrNotExist) {
				continue
			}
			if _, err := w.conn.ExecContext(ctx, "DELETE FROM segments WHERE id = ? AND calls = 0", id); err != nil {
				return err
			}
		}
		return nil
	})
}

// numbers returns the numbers that a query selects.
func (w *writer) numbers(ctx context.Context, query string, args ...any) (found []int64, err error) {
	if err := w.connect(ctx); err != nil {
		return nil, err
	}
	rows, err := w.conn.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var n int64
		if err := rows.Scan(&n); err != nil {
			return nil, err
		}
		found = append(found, n)
	}
	return found, rows.Err()
}

const (
	// sparse is the part of a segment's calls that must be left, or they are moved out of it.
	sparse = 4
	// moveBytes is how much of a segment is read in one turn of the writer.
	moveBytes = 1 << 20
)

// tidySegments removes empty segments, and moves the last calls out of sparse ones: a single call that is kept longer
// than the others would hold all of their space.
func (s *Store) tidySegments(ctx context.Context) error {
	w := s.writer
	err := s.queue.Do(ctx, func(ctx context.Context) error {
		// First what is empty already: on a full disk, no segment can be begun before.
		if err := s.removeEmpty(ctx); err != nil {
			return err
		}
		if err := s.endEmpty(ctx); err != nil {
			return err
		}
		return s.removeEmpty(ctx)
	})
	if err != nil || s.folder.IsFull() {
		return err
	}
	var thin []int64
	err = s.queue.Do(ctx, func(ctx context.Context) (err error) {
		thin, err = w.numbers(ctx, `SELECT id FROM segments WHERE id < ? AND calls > 0 AND calls * ? < records
			ORDER BY id`, w.segments.Current(), sparse)
		return err
	})
	if err != nil || len(thin) == 0 {
		return err
	}
	for _, id := range thin {
		if err := s.moveOut(ctx, id); err != nil {
			return fmt.Errorf("moving calls out of segment %s: %w", segment.FileName(id), err)
		}
	}
	return s.queue.Do(ctx, s.removeEmpty)
}

// endEmpty ends the newest segment if all of its calls are deleted: the next call begins another.
func (s *Store) endEmpty(ctx context.Context) error {
	w := s.writer
	empty, err := w.numbers(ctx, "SELECT id FROM segments WHERE calls = 0 AND id = ?", w.segments.Current())
	if err == nil && len(empty) > 0 {
		err = w.segments.Roll()
	}
	return err
}

// moveOut copies the calls that are left in a segment to the newest one, some at a time between the batches of new
// calls.
func (s *Store) moveOut(ctx context.Context, id int64) error {
	t, err := segment.OpenTail(s.files(), id)
	if err != nil {
		return err
	}
	defer t.Close()
	for from := int64(segment.HeaderBytes); from < t.Size; {
		var batch []segment.Record
		next, err := t.Some(from, moveBytes, func(rec segment.Record) error {
			batch = append(batch, rec)
			return nil
		})
		if err != nil || next == from {
			return err
		}
		err = s.queue.Do(ctx, func(ctx context.Context) error {
			return s.writer.transact(ctx, func() error { return s.writer.copyCalls(ctx, batch) })
		})
		if err != nil {
			return err
		}
		from = next
	}
	return nil
}

// copyCalls copies those of a segment's records that rows point at.
func (w *writer) copyCalls(ctx context.Context, batch []segment.Record) error {
	for i := range batch {
		rec := &batch[i]
		const query = "SELECT id FROM calls WHERE id = ? AND segment_id = ? AND segment_offset = ?"
		found, err := w.numbers(ctx, query, rec.ID, rec.Place.Segment, rec.Place.Offset)
		if err != nil {
			return err
		}
		if len(found) == 0 {
			continue
		}
		to, err := w.segments.Next()
		if err == nil {
			err = w.segments.Append(rec.ID, rec.Audio, rec.Row)
		}
		if err == nil {
			err = w.moveCall(ctx, rec.ID, rec.Place.Segment, to)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
