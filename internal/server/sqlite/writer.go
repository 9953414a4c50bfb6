package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"

	sqlite3 "modernc.org/sqlite/lib"

	"rdiostress/internal/server"
)

// The bounds on one transaction: more calls hardly share its cost any better, and the first of them waits for the last.
const (
	maxBatch      = 512
	maxBatchBytes = 16 << 20
)

const insertCall = `INSERT INTO calls (
	system_id, talkgroup_id, started_ms, received_ms, frequency_hz, source_id, site_id,
	system_label, talkgroup_label, talkgroup_name, talkgroup_tag, talkgroup_groups, talker_alias,
	units, frequencies, patches, audio_name, audio_type, audio_bytes, audio_sha256, audio_file, audio
) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`

// writer is the one that writes to the database. It has one connection for good: a transaction must not go on over another.
type writer struct {
	conn                            *sql.Conn
	begin, insert, commit, rollback *sql.Stmt

	batch []*pending
	args  []any
}

func newWriter(ctx context.Context, db *sql.DB) (*writer, error) {
	conn, err := db.Conn(ctx)
	if err != nil {
		return nil, err
	}
	w := &writer{conn: conn}
	for _, s := range []struct {
		stmt **sql.Stmt
		text string
	}{{&w.begin, "BEGIN IMMEDIATE"}, {&w.insert, insertCall}, {&w.commit, "COMMIT"}, {&w.rollback, "ROLLBACK"}} {
		if *s.stmt, err = conn.PrepareContext(ctx, s.text); err != nil {
			return nil, errors.Join(err, conn.Close())
		}
	}
	return w, nil
}

// run stores what comes through the queue until it is closed and empty.
func (w *writer) run(queue <-chan *pending) {
	for p := range queue {
		w.gather(p, queue)
		w.store()
		for i, p := range w.batch {
			close(p.done)
			w.batch[i] = nil
		}
	}
	w.close()
}

// close ends the statements, which their connection would outlive as long as one is open. What could fail is done: everything
// is committed.
func (w *writer) close() {
	for _, stmt := range []*sql.Stmt{w.begin, w.insert, w.commit, w.rollback} {
		_ = stmt.Close()
	}
	_ = w.conn.Close()
}

// gather makes a batch of first and what waits behind it.
func (w *writer) gather(first *pending, queue <-chan *pending) {
	w.batch = append(w.batch[:0], first)
	bytes := len(first.upload.Audio)
	for len(w.batch) < maxBatch && bytes < maxBatchBytes {
		select {
		case p, ok := <-queue:
			if !ok {
				return
			}
			w.batch = append(w.batch, p)
			bytes += len(p.upload.Audio)
		default:
			return
		}
	}
}

// store stores the batch in one transaction, and notes with each call what became of it.
func (w *writer) store() {
	if err := w.transact(); err != nil {
		if code(err) == sqlite3.SQLITE_FULL {
			err = fmt.Errorf("%w: %w", server.ErrNoSpace, err)
		}
		// ROLLBACK fails where SQLite has rolled back on its own.
		_, _ = w.rollback.Exec()
		for _, p := range w.batch {
			if p.err == nil {
				p.err = err
			}
		}
	}
}

func (w *writer) transact() error {
	if _, err := w.begin.Exec(); err != nil {
		return fmt.Errorf("beginning a transaction: %w", err)
	}
	for _, p := range w.batch {
		p.id, p.err = w.put(p)
		switch {
		case p.err == nil:
		case isOwnFault(p.err):
			p.err = fmt.Errorf("%w: %w", server.ErrBadCall, p.err)
		default:
			return fmt.Errorf("inserting a call: %w", p.err)
		}
	}
	if _, err := w.commit.Exec(); err != nil {
		return fmt.Errorf("committing %d calls: %w", len(w.batch), err)
	}
	return nil
}

// isOwnFault tells the errors that one call's data causes, which leave the transaction as it was before its INSERT, from
// those of the database or the disk, after which nothing more can be said of the transaction.
func isOwnFault(err error) bool {
	switch code(err) {
	case sqlite3.SQLITE_CONSTRAINT, sqlite3.SQLITE_TOOBIG, sqlite3.SQLITE_MISMATCH, sqlite3.SQLITE_RANGE:
		return true
	}
	return errors.Is(err, errEncoding)
}

// put inserts one call. A statement that fails is undone alone: SQLite has a savepoint around each.
func (w *writer) put(p *pending) (int64, error) {
	u, c := p.upload, &p.upload.Call
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
			return 0, fmt.Errorf("%w: %w", errEncoding, err)
		}
		lists[i] = string(text)
	}
	var file, audio any
	if p.file != "" {
		file = p.file
	} else {
		audio = u.Audio
	}
	w.args = append(w.args[:0],
		c.System, c.Talkgroup, c.Time.UnixMilli(), u.Received.UnixMilli(), c.Frequency, c.Source, c.Site,
		c.SystemLabel, c.TalkgroupLabel, c.TalkgroupName, c.TalkgroupTag, lists[0], c.TalkerAlias,
		lists[1], lists[2], lists[3], c.AudioName, c.AudioType, u.Size, u.SHA256[:], file, audio)
	res, err := w.insert.Exec(w.args...)
	if err != nil {
		return 0, err
	}
	return res.LastInsertId()
}

// errEncoding marks a call with a list that JSON has no form for, such as one with an infinite offset.
var errEncoding = errors.New("encoding a call")
