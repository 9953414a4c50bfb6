package sqlite

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"time"

	"rdiostress/internal/server"
	"rdiostress/internal/server/listing"
)

const callColumns = `id, system_id, talkgroup_id, started_ms, received_ms, frequency_hz, source_id, site_id,
	system_label, talkgroup_label, talkgroup_name, talkgroup_tag, talkgroup_groups, talker_alias,
	units, frequencies, patches, audio_name, audio_type, audio_bytes, audio_sha256`

func dialect() listing.Dialect {
	return listing.Dialect{
		Placeholder: "?", Columns: callColumns, ByID: "calls INDEXED BY calls_by_id",
		BySystem: "calls INDEXED BY calls_by_system", ByTalkgroup: "calls INDEXED BY calls_by_talkgroup",
	}
}

// Calls is part of server.Store. The page and the total are of the same moment.
func (s *Store) Calls(ctx context.Context, q server.Query) (page []server.Record, total int64, err error) {
	plan, err := listing.New(dialect(), q)
	if err != nil {
		return nil, 0, err
	}
	tx, err := s.read.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return nil, 0, err
	}
	defer tx.Rollback() // it has only read
	total = -1
	if !q.Uncounted {
		if err := queryRow(ctx, tx, plan.Total()).Scan(&total); err != nil || q.Skip() >= total {
			return nil, total, err
		}
	}
	plan.Counted(total)
	var key []int64
	if plan.HasStart() {
		key = make([]int64, plan.Keys())
		dest := make([]any, len(key))
		for i := range key {
			dest[i] = &key[i]
		}
		err := queryRow(ctx, tx, plan.Start()).Scan(dest...)
		switch {
		case errors.Is(err, sql.ErrNoRows): // past the last page, of a list that was not counted
			return nil, total, nil
		case err != nil:
			return nil, 0, err
		}
	}
	page, err = readPage(ctx, tx, plan.Page(key))
	return page, total, err
}

func queryRow(ctx context.Context, tx *sql.Tx, st listing.Statement) *sql.Row {
	return tx.QueryRowContext(ctx, st.SQL, st.Args...)
}

func readPage(ctx context.Context, tx *sql.Tx, st listing.Statement) (page []server.Record, err error) {
	rows, err := tx.QueryContext(ctx, st.SQL, st.Args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		rec, err := scan(rows)
		if err != nil {
			return nil, err
		}
		page = append(page, rec)
	}
	return page, rows.Err()
}

// Call is part of server.Store.
func (s *Store) Call(ctx context.Context, id int64) (server.Record, error) {
	rec, err := scan(s.read.QueryRowContext(ctx, "SELECT "+callColumns+" FROM calls WHERE id = ?", id))
	if errors.Is(err, sql.ErrNoRows) {
		return rec, server.ErrNotFound
	}
	return rec, err
}

// Audio is part of server.Store.
func (s *Store) Audio(ctx context.Context, id int64) (io.ReadSeekCloser, error) {
	var file sql.NullString
	var audio []byte
	err := s.read.QueryRowContext(ctx, "SELECT audio_file, audio FROM calls WHERE id = ?", id).Scan(&file, &audio)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return nil, server.ErrNotFound
	case err != nil:
		return nil, err
	case !file.Valid:
		return inMemory{bytes.NewReader(audio)}, nil
	}
	r, err := s.folder.Audio(file.String)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("the audio file of call %d is missing", id)
	}
	return r, err
}

// inMemory is audio that has nothing to close.
type inMemory struct{ *bytes.Reader }

func (inMemory) Close() error { return nil }

// Ping is part of server.Store.
func (s *Store) Ping(ctx context.Context) error {
	var n int
	return s.ping.QueryRowContext(ctx, "SELECT count(*) FROM (SELECT 1 FROM calls LIMIT 1)").Scan(&n)
}

// Usage is part of server.Store.
func (s *Store) Usage(ctx context.Context) (u server.Usage, err error) {
	err = s.read.QueryRowContext(ctx, `SELECT coalesce(sum(calls), 0), coalesce(sum(audio_bytes), 0),
		(SELECT freelist_count FROM pragma_freelist_count) * (SELECT page_size FROM pragma_page_size) FROM call_counts`).
		Scan(&u.Calls, &u.AudioBytes, &u.FreeBytes)
	return u, err
}

// scan reads a row of callColumns.
func scan(row interface{ Scan(dest ...any) error }) (server.Record, error) {
	var rec server.Record
	var started, received int64
	var sum []byte
	var lists [4]sql.NullString
	c := &rec.Call
	err := row.Scan(&rec.ID, &c.System, &c.Talkgroup, &started, &received, &c.Frequency, &c.Source, &c.Site,
		&c.SystemLabel, &c.TalkgroupLabel, &c.TalkgroupName, &c.TalkgroupTag, &lists[0], &c.TalkerAlias,
		&lists[1], &lists[2], &lists[3], &c.AudioName, &c.AudioType, &rec.AudioSize, &sum)
	if err != nil {
		return server.Record{}, err
	}
	c.Time, rec.Received = time.UnixMilli(started).UTC(), time.UnixMilli(received).UTC()
	copy(rec.SHA256[:], sum)
	for i, list := range []any{&c.TalkgroupGroups, &c.Units, &c.Frequencies, &c.Patches} {
		if !lists[i].Valid {
			continue
		}
		if err := json.Unmarshal([]byte(lists[i].String), list); err != nil {
			return server.Record{}, fmt.Errorf("call %d: %w", rec.ID, err)
		}
	}
	return rec, nil
}
