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
	"os"
	"path/filepath"
	"strings"
	"time"

	"rdiostress/internal/server"
)

const selectCall = `SELECT id, system_id, talkgroup_id, started_ms, received_ms, frequency_hz, source_id, site_id,
	system_label, talkgroup_label, talkgroup_name, talkgroup_tag, talkgroup_groups, talker_alias,
	units, frequencies, patches, audio_name, audio_type, audio_bytes, audio_sha256 FROM calls`

// Calls is part of server.Store. The page and the total are of the same moment.
func (s *Store) Calls(ctx context.Context, q server.Query) (page []server.Record, total int64, err error) {
	order, err := orderBy(q)
	if err != nil {
		return nil, 0, err
	}
	where, args := conditions(q)
	tx, err := s.read.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return nil, 0, err
	}
	defer tx.Rollback() // it has only read
	total = -1
	if !q.Uncounted {
		if err := tx.QueryRowContext(ctx, "SELECT count(*) FROM calls"+where, args...).Scan(&total); err != nil {
			return nil, 0, err
		}
		if q.Skip() >= total {
			return nil, total, nil
		}
	}
	rows, err := tx.QueryContext(ctx, selectCall+where+order, append(args, q.PerPage, q.Skip())...)
	if err != nil {
		return nil, 0, err
	}
	defer rows.Close()
	for rows.Next() {
		rec, err := scan(rows)
		if err != nil {
			return nil, 0, err
		}
		page = append(page, rec)
	}
	return page, total, rows.Err()
}

// conditions is a query's WHERE clause and the values in it.
func conditions(q server.Query) (where string, args []any) {
	var terms []string
	add := func(term string, value int64) {
		terms = append(terms, term)
		args = append(args, value)
	}
	if q.System != 0 {
		add("system_id = ?", q.System)
	}
	if q.Talkgroup != 0 {
		add("talkgroup_id = ?", q.Talkgroup)
	}
	if q.AfterID != 0 {
		add("id > ?", q.AfterID)
	}
	if !q.From.IsZero() {
		add("started_ms >= ?", q.From.UnixMilli())
	}
	if !q.To.IsZero() {
		add("started_ms <= ?", q.To.UnixMilli())
	}
	if len(terms) == 0 {
		return "", nil
	}
	return " WHERE " + strings.Join(terms, " AND "), args
}

// orderBy is a query's ORDER BY and LIMIT clauses; the values of the latter are left open.
func orderBy(q server.Query) (string, error) {
	column := map[server.SortKey]string{
		server.SortTimestamp: "started_ms",
		server.SortID:        "id",
		server.SortSystem:    "system_id",
		server.SortTalkgroup: "talkgroup_id",
	}[q.SortBy]
	if column == "" {
		return "", fmt.Errorf("unknown sort key %q", q.SortBy)
	}
	direction := "ASC"
	if q.Descending {
		direction = "DESC"
	}
	return fmt.Sprintf(" ORDER BY %s %s, id %[2]s LIMIT ? OFFSET ?", column, direction), nil
}

// Call is part of server.Store.
func (s *Store) Call(ctx context.Context, id int64) (server.Record, error) {
	rec, err := scan(s.read.QueryRowContext(ctx, selectCall+" WHERE id = ?", id))
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
	f, err := os.Open(filepath.Join(s.audio, file.String))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("the audio file of call %d is missing", id)
	}
	return f, err
}

// inMemory is audio that has nothing to close.
type inMemory struct{ *bytes.Reader }

func (inMemory) Close() error { return nil }

// Ping is part of server.Store.
func (s *Store) Ping(ctx context.Context) error {
	var n int
	return s.ping.QueryRowContext(ctx, "SELECT count(*) FROM (SELECT 1 FROM calls LIMIT 1)").Scan(&n)
}

// scan reads a row of selectCall.
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
