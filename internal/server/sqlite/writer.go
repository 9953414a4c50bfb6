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
	"rdiostress/internal/server/groupcommit"
	"rdiostress/internal/server/listing"
)

const insertCall = `INSERT INTO calls (
	id, system_id, talkgroup_id, started_ms, received_ms, frequency_hz, source_id, site_id,
	system_label, talkgroup_label, talkgroup_name, talkgroup_tag, talkgroup_groups, talker_alias,
	units, frequencies, patches, audio_name, audio_type, audio_bytes, audio_sha256, audio_file, audio
) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`

const selectNear = `SELECT id, started_ms, audio_sha256 FROM calls
	WHERE talkgroup_id = ? AND started_ms BETWEEN ? AND ? AND system_id = ?`

const addCounts = `INSERT INTO call_counts (day, system_id, talkgroup_id, calls, audio_bytes) VALUES (?, ?, ?, ?, ?)
	ON CONFLICT DO UPDATE SET calls = calls + excluded.calls, audio_bytes = audio_bytes + excluded.audio_bytes`

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

	args   []any
	lastID int64                 // if not 0, the highest id of a deleted call, which SQLite would reuse
	pages  int                   // pages logged since the last signal for a checkpoint, roughly
	due    chan struct{}         // signals that a checkpoint is due; has room for one
	counts map[countKey]countSum // changes of call_counts in the transaction
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
	if w.lastID, err = w.deletedID(ctx); err != nil {
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
// and readers that continue after it would miss the call that gets it.
func (w *writer) deletedID(ctx context.Context) (id int64, err error) {
	err = w.conn.QueryRowContext(ctx,
		"SELECT last_id FROM store WHERE last_id > (SELECT coalesce(max(id), 0) FROM calls)").Scan(&id)
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
			w.pages += len(it.Upload.Audio)/pageBytes + indexPages
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
	err := w.begin(ctx)
	if err == nil {
		err = f()
	}
	if err == nil {
		err = w.storeCounts(ctx)
	}
	if err == nil {
		_, err = w.conn.ExecContext(ctx, "COMMIT")
		if err != nil && resultCode(err) != sqlite3.SQLITE_FULL { // this occurs before anything is in the log
			err = fmt.Errorf("committing: %w: %w", groupcommit.ErrUncertain, err)
		}
	}
	if err == nil {
		w.signalCheckpoint()
		return nil
	}
	if resultCode(err) == sqlite3.SQLITE_FULL {
		err = fmt.Errorf("%w: %w", call.ErrNoSpace, err)
	}
	w.release(true)
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
	c := &it.Upload.Call
	if w.window > 0 {
		if isKnown, err := w.findNear(ctx, it); isKnown || err != nil {
			return err
		}
	}
	if err := w.encode(it); err != nil {
		return err
	}
	res, err := w.insert.ExecContext(ctx, w.args...)
	if err != nil {
		return err
	}
	if it.ID, err = res.LastInsertId(); err != nil {
		return err
	}
	w.lastID = 0
	w.addCount(countKey{c.Time.UnixMilli() / listing.DayMS, c.System, c.Talkgroup}, countSum{1, it.Upload.Size})
	return nil
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
	return nil
}

// encode returns the arguments of insertCall.
func (w *writer) encode(it *groupcommit.Item) error {
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
			return fmt.Errorf("%w: %w", errEncoding, err)
		}
		lists[i] = string(text)
	}
	var file, audio any
	if it.File != "" {
		file = it.File
	} else {
		audio = u.Audio
	}
	var id any // chosen by SQLite
	if w.lastID > 0 {
		id = w.lastID + 1
	}
	w.args = append(w.args[:0],
		id, c.System, c.Talkgroup, c.Time.UnixMilli(), u.Received.UnixMilli(), c.Frequency, c.Source, c.Site,
		c.SystemLabel, c.TalkgroupLabel, c.TalkgroupName, c.TalkgroupTag, lists[0], c.TalkerAlias,
		lists[1], lists[2], lists[3], c.AudioName, c.AudioType, u.Size, u.SHA256[:], file, audio)
	return nil
}

// errEncoding marks a call with a list that JSON cannot represent, such as one with an infinite offset.
var errEncoding = errors.New("encoding a call")
