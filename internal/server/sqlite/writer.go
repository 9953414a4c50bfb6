package sqlite

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"

	sqlite3 "modernc.org/sqlite/lib"

	"rdiostress/internal/server/call"
	"rdiostress/internal/server/disk"
	"rdiostress/internal/server/groupcommit"
	"rdiostress/internal/server/listing"
	"rdiostress/internal/server/segment"
)

const insertCall = `INSERT INTO calls (
	id, system_id, talkgroup_id, started_ms, received_ms, frequency_hz, source_id, site_id,
	system_label, talkgroup_label, talkgroup_name, talkgroup_tag, talkgroup_groups, talker_alias,
	units, frequencies, patches, audio_name, audio_type, audio_bytes, audio_sha256, audio_file, audio,
	segment_id, segment_offset
) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`

const selectNear = `SELECT id, started_ms, audio_sha256 FROM calls
	WHERE talkgroup_id = ? AND started_ms BETWEEN ? AND ? AND system_id = ?`

const addCounts = `INSERT INTO call_changes (day, system_id, talkgroup_id, calls, audio_bytes) VALUES (?, ?, ?, ?, ?)`

// foldCounts moves all changes to call_counts.
const foldCounts = `INSERT INTO call_counts
	SELECT day, system_id, talkgroup_id, sum(calls), sum(audio_bytes) FROM call_changes WHERE true GROUP BY 1, 2, 3
	ON CONFLICT DO UPDATE SET calls = calls + excluded.calls, audio_bytes = audio_bytes + excluded.audio_bytes;
	DELETE FROM call_changes`

// maxChanges is how many changes there are before they are moved: so few that adding them up takes under a
// millisecond.
const maxChanges = 4096

// writer is the only writer of the database. It keeps one connection: a transaction cannot continue on another.
type writer struct {
	db     *sql.DB
	window int64 // the duplicate window in milliseconds; 0 means none

	conn   *sql.Conn // nil before the first transaction and after a failed one
	insert *sql.Stmt // prepared on conn
	near   *sql.Stmt
	count  *sql.Stmt
	jobs   map[string]*sql.Stmt // others, by their text, prepared when they are first needed

	transcribes bool          // queue stored calls for transcription
	added       chan struct{} // signals that jobs were added; has room for one

	segments *segment.Log // for the audio; nil keeps it in the rows
	dir      string       // the data folder
	free     func(dir string) (uint64, error)
	looked   int  // calls since the start, to look at the room inside the database from time to time
	inRows   bool // there is more of it than on the disk

	args     []any // the values of a row
	bound    []any // and the others of insertCall
	row      []byte
	lastID   int64                 // if not 0, the highest id of a deleted call, which SQLite would reuse
	burnt    int64                 // the highest id of a failed transaction, whose records may still be there
	tried    int64                 // the highest id of this transaction
	pages    int                   // pages logged since the last signal for a checkpoint, roughly
	due      chan struct{}         // signals that a checkpoint is due; has room for one
	counts   map[countKey]countSum // changes of call_counts in the transaction
	unfolded int                   // changes that are not in call_counts yet

	changes map[int64]segmentChange // changes of segments in the transaction
	end     segment.Place           // how far it has written in a segment
}

type countKey struct{ day, system, talkgroup int64 }

type countSum struct{ calls, bytes int64 }

// connect opens the connection if necessary.
func (w *writer) connect(ctx context.Context) (err error) {
	if w.conn != nil {
		return nil
	}
	if w.conn, err = w.db.Conn(ctx); err != nil {
		return err
	}
	defer func() {
		if err != nil { // the next one begins anew
			w.release(true)
		}
	}()
	if w.lastID, err = w.deletedID(ctx); err != nil {
		return err
	}
	if err = w.conn.QueryRowContext(ctx, "SELECT count(*) FROM call_changes").Scan(&w.unfolded); err != nil {
		return err
	}
	for text, stmt := range map[string]**sql.Stmt{insertCall: &w.insert, selectNear: &w.near, addCounts: &w.count} {
		if *stmt, err = w.conn.PrepareContext(ctx, text); err != nil {
			return err
		}
	}
	return nil
}

// deletedID returns the highest id of a deleted call if it is above all others, and otherwise 0. SQLite would reuse it,
// and readers that continue after it would miss the call that gets it. Nor is an id of a failed transaction reused: a
// segment may have a record of it.
func (w *writer) deletedID(ctx context.Context) (id int64, err error) {
	err = w.conn.QueryRowContext(ctx, `SELECT max(last_id, ?1) FROM store
		WHERE max(last_id, ?1) > (SELECT coalesce(max(id), 0) FROM calls)`, w.burnt).Scan(&id)
	if errors.Is(err, sql.ErrNoRows) {
		err = nil
	}
	return id, err
}

// Close implements groupcommit.Committer.
func (w *writer) Close() { w.release(false) }

// release closes the statements and returns the connection. After a failure it closes the connection, which may still
// have an open transaction: a failure may leave it in any state.
func (w *writer) release(failed bool) {
	if w.conn == nil {
		return
	}
	// A connection with an open statement does not really close, but the driver crashes on closing a statement whose
	// connection is lost. Other errors only mean that it is lost.
	isOpen := w.conn.Raw(func(any) error { return nil }) == nil
	for _, stmt := range slices.AppendSeq([]*sql.Stmt{w.insert, w.near, w.count}, maps.Values(w.jobs)) {
		if isOpen && stmt != nil {
			_ = stmt.Close()
		}
	}
	clear(w.jobs)
	if failed {
		_ = w.conn.Raw(func(any) error { return driver.ErrBadConn }) // keeps it out of the pool
	}
	_ = w.conn.Close()
	w.conn, w.insert, w.near, w.count = nil, nil, nil, nil
}

// Commit implements groupcommit.Committer.
func (w *writer) Commit(ctx context.Context, batch []*groupcommit.Item) error {
	first := int64(0) // id of the first new call; SQLite assigns rising ids
	err := w.transact(ctx, func() error {
		for _, it := range batch {
			if it.Write != nil {
				if err := w.join(ctx, it); err != nil {
					return err
				}
				continue
			}
			it.Err = w.put(ctx, it)
			if first == 0 && it.Err == nil && !it.Repeat {
				first = it.ID
			}
			switch {
			case it.Err == nil, errors.Is(it.Err, call.ErrDuplicate):
			case isOwnFault(it.Err):
				it.Err = fmt.Errorf("%w: %w", call.ErrBadCall, it.Err)
			default:
				return fmt.Errorf("inserting a call: %w", it.Err)
			}
		}
		if w.transcribes && first != 0 {
			return w.addJobs(ctx, first)
		}
		return nil
	})
	switch {
	case err != nil:
		resetResults(batch)
	case w.transcribes && first != 0:
		w.signalAdded()
	}
	return err
}

// resetResults removes the results of the calls of a failed transaction. A duplicate may be the duplicate of a call in
// the same transaction, which is not stored either. A call that cannot be stored keeps its error.
func resetResults(batch []*groupcommit.Item) {
	for _, it := range batch {
		it.ID, it.Repeat = 0, false
		if !errors.Is(it.Err, call.ErrBadCall) {
			it.Err = nil
		}
	}
}

// transact runs f in a transaction and commits it together with the changes that f has counted. After an error, nothing
// of it is stored.
func (w *writer) transact(ctx context.Context, f func() error) error {
	clear(w.counts)
	clear(w.changes)
	w.end, w.tried = segment.Place{}, 0
	err := w.begin(ctx)
	if err == nil {
		err = f()
	}
	if err == nil {
		err = w.storeCounts(ctx)
	}
	if err == nil {
		err = w.storeSegments(ctx)
	}
	if err == nil {
		_, err = w.conn.ExecContext(ctx, "COMMIT")
		if err != nil && resultCode(err) != sqlite3.SQLITE_FULL { // this occurs before anything is in the log
			err = fmt.Errorf("committing: %w: %w", groupcommit.ErrUncertain, err)
		}
	}
	w.endSegments(err)
	if err == nil {
		w.signalCheckpoint()
		return nil
	}
	w.burnt = max(w.burnt, w.tried)
	w.release(true)
	return noSpace(err)
}

// noSpace returns an error that wraps call.ErrNoSpace if the database or a segment found the disk full.
func noSpace(err error) error {
	if resultCode(err) == sqlite3.SQLITE_FULL || disk.IsFull(err) {
		return fmt.Errorf("%w: %w", call.ErrNoSpace, err)
	}
	return err
}

// signalCheckpoint requests a checkpoint once the log is large enough.
func (w *writer) signalCheckpoint() {
	if w.pages < checkpointPages {
		return
	}
	w.pages = 0
	select {
	case w.due <- struct{}{}:
	default: // already requested
	}
}

func (w *writer) begin(ctx context.Context) error {
	if err := w.connect(ctx); err != nil {
		return fmt.Errorf("connecting to the database: %w", err)
	}
	if _, err := w.conn.ExecContext(ctx, "BEGIN IMMEDIATE"); err != nil {
		return fmt.Errorf("beginning a transaction: %w", err)
	}
	return nil
}

// isOwnFault reports whether one call's data caused an error that left the transaction as it was before the call's
// INSERT. After an error of the database or the disk, the state of the transaction is unknown.
func isOwnFault(err error) bool {
	switch resultCode(err) {
	case sqlite3.SQLITE_CONSTRAINT, sqlite3.SQLITE_TOOBIG, sqlite3.SQLITE_MISMATCH, sqlite3.SQLITE_RANGE:
		return true
	}
	return errors.Is(err, errEncoding)
}

// put stores one call, unless it is a duplicate. A failed statement is undone alone: SQLite has a savepoint around
// each.
func (w *writer) put(ctx context.Context, it *groupcommit.Item) error {
	if w.window > 0 {
		if isKnown, err := w.findNear(ctx, it); isKnown || err != nil {
			return err
		}
	}
	values, err := encode(w.args[:0], it)
	w.args = values
	if err != nil {
		return err
	}
	var id int64 // 0 lets SQLite choose
	if w.lastID > 0 {
		id = w.lastID + 1
	}
	if it.ID, err = w.store(ctx, id, values, it.Upload.Audio); err == nil {
		w.lastID = 0
	}
	return err
}

// store stores a call's row, and its record in the newest segment.
func (w *writer) store(ctx context.Context, id int64, values []any, audio []byte) (stored int64, err error) {
	if w.storesInRows(ctx) {
		w.pages += len(audio) / pageBytes
		return w.insertRow(ctx, id, values, segment.Place{}, audio)
	}
	place, err := w.segments.Next()
	if err != nil {
		return 0, err
	}
	if stored, err = w.insertRow(ctx, id, values, place, audio); err != nil {
		return 0, err
	}
	w.row = appendRow(w.row[:0], values)
	return stored, w.segments.Append(stored, audio, w.row)
}

// insertRow inserts a row whose audio is in a file that the values name, at a place in a segment, or else in the row
// itself.
func (w *writer) insertRow(
	ctx context.Context, chosen int64, values []any, at segment.Place, audio []byte,
) (int64, error) {
	var id, inRow, number, offset any
	if chosen > 0 {
		id = chosen
	}
	if at.Segment > 0 {
		number, offset = at.Segment, at.Offset
	}
	switch {
	case values[rowFile] != nil:
	case at.Segment > 0:
		inRow = []byte{}
	default:
		if inRow = audio; audio == nil {
			inRow = []byte{}
		}
	}
	w.bound = append(append(append(w.bound[:0], id), values...), inRow, number, offset)
	res, err := w.insert.ExecContext(ctx, w.bound...)
	if err != nil {
		return 0, err
	}
	stored, err := res.LastInsertId()
	if err != nil {
		return 0, err
	}
	size := values[rowSize].(int64)
	w.tried = max(w.tried, stored)
	w.pages += indexPages
	day := values[rowStarted].(int64) / listing.DayMS
	w.addCount(countKey{day, values[rowSystem].(int64), values[rowTalkgroup].(int64)}, countSum{1, size})
	if at.Segment > 0 {
		w.addChange(at.Segment, segmentChange{1, 1})
	}
	return stored, nil
}

// findNear looks for calls within the duplicate window, in the database or earlier in this transaction: the same call,
// sent again, or another one.
func (w *writer) findNear(ctx context.Context, it *groupcommit.Item) (isKnown bool, err error) {
	c, at := &it.Upload.Call, it.Upload.Call.Time.UnixMilli()
	rows, err := w.near.QueryContext(ctx, c.Talkgroup, at-w.window, at+w.window, c.System)
	if err != nil {
		return false, err
	}
	defer rows.Close()
	for rows.Next() {
		var id, started int64
		var sum sql.RawBytes
		if err := rows.Scan(&id, &started, &sum); err != nil {
			return false, err
		}
		if started == at && string(sum) == string(it.Upload.SHA256[:]) {
			it.ID, it.Repeat = id, true
			return true, nil
		}
		isKnown = true
	}
	if err := rows.Err(); err != nil || !isKnown {
		return false, err
	}
	return true, call.ErrDuplicate
}

// addCount adds a change of call_counts.
func (w *writer) addCount(key countKey, change countSum) {
	sum := w.counts[key]
	w.counts[key] = countSum{sum.calls + change.calls, sum.bytes + change.bytes}
}

func (w *writer) storeCounts(ctx context.Context) error {
	for key, sum := range w.counts {
		if _, err := w.count.ExecContext(ctx, key.day, key.system, key.talkgroup, sum.calls, sum.bytes); err != nil {
			return fmt.Errorf("counting calls: %w", err)
		}
	}
	if w.unfolded += len(w.counts); w.unfolded < maxChanges {
		return nil
	}
	w.unfolded = 0 // after a failure the connection is new, and they are counted again
	if _, err := w.conn.ExecContext(ctx, foldCounts); err != nil {
		return fmt.Errorf("counting calls: %w", err)
	}
	return nil
}

// encode appends the values of a call's row: those of insertCall after the id, up to the file.
func encode(to []any, it *groupcommit.Item) ([]any, error) {
	u, c := it.Upload, &it.Upload.Call
	var lists [4]any
	for i, l := range []struct {
		n    int
		list any
	}{
		{len(c.TalkgroupGroups), c.TalkgroupGroups},
		{len(c.Units), c.Units},
		{len(c.Frequencies), c.Frequencies},
		{len(c.Patches), c.Patches},
	} {
		if l.n == 0 {
			continue
		}
		text, err := json.Marshal(l.list)
		if err != nil {
			return to, fmt.Errorf("%w: %w", errEncoding, err)
		}
		lists[i] = string(text)
	}
	var file any
	if it.File != "" {
		file = it.File
	}
	return append(to,
		c.System, c.Talkgroup, c.Time.UnixMilli(), u.Received.UnixMilli(), c.Frequency, c.Source, c.Site,
		c.SystemLabel, c.TalkgroupLabel, c.TalkgroupName, c.TalkgroupTag, lists[0], c.TalkerAlias,
		lists[1], lists[2], lists[3], c.AudioName, c.AudioType, u.Size, u.SHA256[:], file), nil
}

// errEncoding marks a call with a list that JSON cannot represent, such as one with an infinite offset.
var errEncoding = errors.New("encoding a call")
