package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"path/filepath"

	"rdiostress/internal/server/datadir"
	"rdiostress/internal/server/disk"
	"rdiostress/internal/server/listing"
	"rdiostress/internal/server/segment"
)

// How much is restored in a transaction.
const (
	restoreCalls = 256
	restoreBytes = 4 << 20
)

// prepareSegments opens the segments. Records whose rows a crash has kept from the database get them.
func (s *Store) prepareSegments(ctx context.Context, log *slog.Logger) error {
	if _, err := disk.MakeDir(s.folder.Path(segmentsDir)); err != nil {
		return err
	}
	s.writer.segments = nil // of an attempt before
	files := s.files()
	ids, err := segment.List(files)
	if err != nil {
		return err
	}
	r := recovery{s: s, w: s.writer, files: files, log: log, ids: ids}
	if err := r.begin(ctx); err != nil {
		return err
	}
	for _, id := range ids {
		if err := r.recover(ctx, id); err != nil {
			return fmt.Errorf("reading %s: %w", r.path(id), err)
		}
	}
	if r.calls > 0 {
		log.Warn("the database lacked calls that its segments have: they are in it again", "calls", r.calls)
	}
	s.writer.segments, err = segment.OpenLog(segment.Options{
		Files: files, Store: r.store, MaxBytes: s.seams.segmentBytes,
	}, r.newest, r.end)
	if err != nil {
		return err
	}
	return s.removeEmpty(ctx)
}

// recovery finds what the segments have and the database has not.
type recovery struct {
	s     *Store
	w     *writer
	files segment.Files
	log   *slog.Logger
	ids   []int64 // of the segments

	store   string
	highest int64           // the highest id that the database knows
	latest  int64           // the highest id that has been restored
	kept    map[int64]int64 // bytes of segments, by the database
	newest  int64           // segment
	end     int64           // of the newest segment
	calls   int             // that got their rows
}

func (r *recovery) path(id int64) string {
	return filepath.Join(r.s.folder.Path(segmentsDir), segment.FileName(id))
}

// begin reads what the database knows.
func (r *recovery) begin(ctx context.Context) error {
	if err := r.w.connect(ctx); err != nil {
		return err
	}
	err := r.w.conn.QueryRowContext(ctx,
		"SELECT name, max(last_id, (SELECT coalesce(max(id), 0) FROM calls)) FROM store").Scan(&r.store, &r.highest)
	if err != nil {
		return err
	}
	rows, err := r.w.conn.QueryContext(ctx, "SELECT id, bytes FROM segments")
	if err != nil {
		return err
	}
	defer rows.Close()
	r.kept = make(map[int64]int64)
	for rows.Next() {
		var id, bytes int64
		if err := rows.Scan(&id, &bytes); err != nil {
			return err
		}
		r.kept[id] = bytes
		r.newest = max(r.newest, id)
	}
	return rows.Err()
}

// recover reads a segment from where the database's last transaction ended, and stores the rows of its whole records.
// What is behind them is cut off if an interrupted write has left it. Otherwise it stays, and the next record begins
// another segment: behind damage in a segment that the database has forgotten there may be calls.
func (r *recovery) recover(ctx context.Context, id int64) error {
	t, err := segment.OpenTail(r.files, id)
	if err != nil {
		return err
	}
	defer t.Close()
	if id >= r.newest {
		r.newest, r.end = id, 0
	}
	from, isKnown := r.kept[id]
	from = max(from, segment.HeaderBytes)
	switch {
	case t.Store == "" && !isKnown: // it was being created
		return r.files.Remove(segment.FileName(id))
	case t.Store == "", t.Size < from:
		r.log.Error("audio of calls is lost: a segment is damaged", "file", r.path(id), "bytes", t.Size, "were", from)
		return nil
	}
	if err := r.adopt(ctx, t.Store); err != nil {
		return err
	}
	end, isLast := from, id == r.ids[len(r.ids)-1]
	if t.Size > from {
		if end, err = r.cut(t, from, isKnown && isLast); err == nil {
			err = r.restore(ctx, t, from)
		}
	}
	switch {
	case err != nil:
		return err
	case t.Size > end:
	case id == r.newest:
		r.end = end
	case !isKnown && end == segment.HeaderBytes && !isLast: // it was begun and never used
		return r.files.Remove(segment.FileName(id))
	}
	return nil
}

// adopt makes sure that a segment belongs to the database. One without any calls takes the name of the segments: it
// replaces one that is lost.
func (r *recovery) adopt(ctx context.Context, store string) error {
	if store == r.store {
		return nil
	}
	if r.highest > 0 || len(r.kept) > 0 || r.calls > 0 {
		return fmt.Errorf("it %w: another database", datadir.ErrForeign)
	}
	_, err := r.w.conn.ExecContext(ctx, "UPDATE store SET name = ?", store)
	r.store = store
	return err
}

// cut returns where the last whole record ends. It makes the records durable, and cuts off what is behind them if that
// is what an interrupted write has left.
func (r *recovery) cut(t *segment.Tail, from int64, isInterrupted bool) (end int64, err error) {
	end, err = t.Records(from, func(segment.Record) error { return nil })
	if err != nil {
		return end, err
	}
	switch {
	case end == t.Size:
		return end, t.Cut(end)
	case !isInterrupted:
		r.log.Warn("the rest of a segment cannot be read, and is kept", "file", r.path(t.ID), "bytes", t.Size-end)
		return end, t.Cut(t.Size)
	}
	r.log.Info("cut off what an interrupted write has left of a segment", "file", r.path(t.ID), "bytes", t.Size-end)
	return end, t.Cut(end)
}

// restore stores the rows of a segment's records from an offset on.
func (r *recovery) restore(ctx context.Context, t *segment.Tail, from int64) error {
	var batch []segment.Record
	bytes := int64(0)
	_, err := t.Records(from, func(rec segment.Record) error {
		batch = append(batch, rec)
		if bytes += rec.Bytes(); len(batch) < restoreCalls && bytes < restoreBytes {
			return nil
		}
		full := batch
		batch, bytes = batch[:0], 0
		return r.restoreBatch(ctx, full)
	})
	if err != nil || len(batch) == 0 {
		return err
	}
	return r.restoreBatch(ctx, batch)
}

func (r *recovery) restoreBatch(ctx context.Context, batch []segment.Record) error {
	first := int64(0)
	err := r.w.transact(ctx, func() error {
		for i := range batch {
			isNew, err := r.restoreRecord(ctx, &batch[i])
			if err != nil {
				return err
			}
			if isNew && first == 0 {
				first = batch[i].ID
			}
		}
		last := &batch[len(batch)-1]
		r.w.addEnd(segment.Place{Segment: last.Place.Segment, Offset: last.Place.Offset + last.Bytes()})
		if r.w.transcribes && first != 0 {
			return r.w.addJobs(ctx, first)
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("storing calls that the database lacks: %w", err)
	}
	return nil
}

// restoreRecord stores the row of a record, unless the call is stored or was deleted.
func (r *recovery) restoreRecord(ctx context.Context, rec *segment.Record) (isNew bool, err error) {
	if len(rec.Row) == 0 { // of a probe
		return false, nil
	}
	if rec.ID <= r.highest {
		return false, r.move(ctx, rec)
	}
	values, err := parseRow(rec.Row)
	if err != nil {
		return false, fmt.Errorf("the record of call %d: %w", rec.ID, err)
	}
	if file, ok := values[rowFile].(string); ok && !r.hasFile(ctx, file) {
		return false, nil // the call was refused
	}
	if rec.ID <= r.latest { // an earlier record of this id is of a call that was refused
		if err := r.w.forget(ctx, rec.ID); err != nil {
			return false, err
		}
	}
	if _, err := r.w.insertRow(ctx, rec.ID, values, rec.Place, rec.Audio); err != nil {
		return false, fmt.Errorf("the record of call %d: %w", rec.ID, err)
	}
	r.latest = max(r.latest, rec.ID)
	r.calls++
	return true, nil
}

func (r *recovery) hasFile(ctx context.Context, name string) bool {
	file, err := r.s.folder.Audio.Open(ctx, name)
	if err != nil {
		return !errors.Is(err, fs.ErrNotExist)
	}
	_ = file.Close()
	return true
}

// move lets a row point at a record if the segment that it points at is gone: the call was moved, and the database has
// forgotten it.
func (r *recovery) move(ctx context.Context, rec *segment.Record) error {
	there, err := json.Marshal(r.ids)
	if err != nil {
		return err
	}
	var from int64
	err = r.w.conn.QueryRowContext(ctx, `SELECT segment_id FROM calls WHERE id = ?
		AND segment_id NOT IN (SELECT value FROM json_each(?))`, rec.ID, string(there)).Scan(&from)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return err
	}
	return r.w.moveCall(ctx, rec.ID, from, rec.Place)
}

// moveCall lets a row point at another place, to which its record was copied.
func (w *writer) moveCall(ctx context.Context, id, from int64, to segment.Place) error {
	stmt, err := w.statement(ctx, "UPDATE calls SET segment_id = ?, segment_offset = ? WHERE id = ?")
	if err == nil {
		_, err = stmt.ExecContext(ctx, to.Segment, to.Offset, id)
	}
	if err != nil {
		return fmt.Errorf("moving a call: %w", err)
	}
	w.addChange(from, segmentChange{calls: -1})
	w.addChange(to.Segment, segmentChange{1, 1})
	return nil
}

// forget deletes a call.
func (w *writer) forget(ctx context.Context, id int64) error {
	var started, bytes int64
	var key countKey
	var at sql.NullInt64
	err := w.conn.QueryRowContext(ctx, `DELETE FROM calls WHERE id = ?
		RETURNING started_ms, system_id, talkgroup_id, audio_bytes, segment_id`, id).
		Scan(&started, &key.system, &key.talkgroup, &bytes, &at)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return err
	}
	key.day = started / listing.DayMS
	w.addCount(key, countSum{-1, -bytes})
	if at.Valid {
		w.addChange(at.Int64, segmentChange{calls: -1})
	}
	return nil
}
