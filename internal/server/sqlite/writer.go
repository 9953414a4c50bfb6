package sqlite

import (
	"context"
	"database/sql"
	"database/sql/driver"
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

// writer is the one that writes to the database. It holds on to one connection: a transaction must not go on over another.
type writer struct {
	db     *sql.DB
	conn   *sql.Conn // nil before the first transaction and after one that failed
	insert *sql.Stmt // on conn

	batch []*pending
	args  []any
}

// connect makes sure that there is a connection.
func (w *writer) connect(ctx context.Context) (err error) {
	if w.conn != nil {
		return nil
	}
	if w.conn, err = w.db.Conn(ctx); err != nil {
		return err
	}
	w.insert, err = w.conn.PrepareContext(ctx, insertCall)
	return err
}

// release gives the connection back. After a failure it is not used again, but closed with what may be left of its
// transaction: which state a failure leaves one in depends on where it struck.
func (w *writer) release(failed bool) {
	if w.conn == nil {
		return
	}
	// A connection with a statement does not really close; but the driver crashes on closing one whose connection is lost. What
	// errors are left only say that it is.
	isThere := w.conn.Raw(func(any) error { return nil }) == nil
	if isThere && w.insert != nil {
		_ = w.insert.Close()
	}
	if failed {
		_ = w.conn.Raw(func(any) error { return driver.ErrBadConn }) // keeps it out of the pool
	}
	_ = w.conn.Close()
	w.conn, w.insert = nil, nil
}

// run stores what comes through the queue until it is closed and empty.
func (w *writer) run(queue <-chan *pending) {
	defer w.release(false)
	ctx := context.Background() // a call in the queue is stored, whatever becomes of its client
	for p := range queue {
		w.gather(p, queue)
		w.store(ctx)
		for i, p := range w.batch {
			close(p.done)
			w.batch[i] = nil
		}
	}
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
func (w *writer) store(ctx context.Context) {
	if err := w.transact(ctx); err != nil {
		if code(err) == sqlite3.SQLITE_FULL {
			err = fmt.Errorf("%w: %w", server.ErrNoSpace, err)
		}
		w.release(true)
		for _, p := range w.batch {
			if p.err == nil {
				p.err = err
			}
		}
	}
}

func (w *writer) transact(ctx context.Context) error {
	if err := w.connect(ctx); err != nil {
		return fmt.Errorf("connecting to the database: %w", err)
	}
	if _, err := w.conn.ExecContext(ctx, "BEGIN IMMEDIATE"); err != nil {
		return fmt.Errorf("beginning a transaction: %w", err)
	}
	for _, p := range w.batch {
		p.id, p.err = w.put(ctx, p)
		switch {
		case p.err == nil:
		case isOwnFault(p.err):
			p.err = fmt.Errorf("%w: %w", server.ErrBadCall, p.err)
		default:
			return fmt.Errorf("inserting a call: %w", p.err)
		}
	}
	if _, err := w.conn.ExecContext(ctx, "COMMIT"); err != nil {
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
func (w *writer) put(ctx context.Context, p *pending) (int64, error) {
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
	res, err := w.insert.ExecContext(ctx, w.args...)
	if err != nil {
		return 0, err
	}
	return res.LastInsertId()
}

// errEncoding marks a call with a list that JSON has no form for, such as one with an infinite offset.
var errEncoding = errors.New("encoding a call")
