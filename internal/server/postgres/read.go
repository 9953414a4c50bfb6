package postgres

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"rdiostress/internal/server"
	"rdiostress/internal/server/listing"
)

const callColumns = `id, system_id, talkgroup_id, started_ms, received_ms, frequency_hz, source_id, site_id,
	system_label, talkgroup_label, talkgroup_name, talkgroup_tag, talkgroup_groups, talker_alias,
	units, frequencies, patches, audio_name, audio_type, audio_bytes, audio_sha256`

func dialect() listing.Dialect {
	return listing.Dialect{
		Placeholder: "$", Columns: callColumns, ByID: "calls", BySystem: "calls", ByTalkgroup: "calls",
	}
}

// read runs f over a connection, unless the database is known to be down.
func (s *Store) read(ctx context.Context, f func(ctx context.Context, conn *pgxpool.Conn) error) error {
	if err := s.queue.CheckRead(); err != nil {
		return err
	}
	return s.pool.with(ctx, f)
}

// Calls is part of server.Store. The page and the total are of the same moment.
func (s *Store) Calls(ctx context.Context, q server.Query) (page []server.Record, total int64, err error) {
	plan, err := listing.New(dialect(), q)
	if err != nil {
		return nil, 0, err
	}
	err = s.read(ctx, func(ctx context.Context, conn *pgxpool.Conn) error {
		options := pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}
		return pgx.BeginTxFunc(ctx, conn, options, func(tx pgx.Tx) (err error) {
			page, total, err = list(ctx, tx, plan, q)
			return err
		})
	})
	return page, total, err
}

func list(ctx context.Context, tx pgx.Tx, plan *listing.Plan, q server.Query) (page []server.Record, total int64, err error) {
	total = -1
	if !q.Uncounted {
		st := plan.Total()
		if err := tx.QueryRow(ctx, st.SQL, st.Args...).Scan(&total); err != nil || q.Skip() >= total {
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
		st := plan.Start()
		err := tx.QueryRow(ctx, st.SQL, st.Args...).Scan(dest...)
		switch {
		case errors.Is(err, pgx.ErrNoRows): // past the last page, of a list that was not counted
			return nil, total, nil
		case err != nil:
			return nil, 0, err
		}
	}
	st := plan.Page(key)
	rows, err := tx.Query(ctx, st.SQL, st.Args...)
	if err != nil {
		return nil, 0, err
	}
	page, err = pgx.CollectRows(rows, scan)
	return page, total, err
}

// Call is part of server.Store.
func (s *Store) Call(ctx context.Context, id int64) (rec server.Record, err error) {
	err = s.read(ctx, func(ctx context.Context, conn *pgxpool.Conn) error {
		rows, err := conn.Query(ctx, "SELECT "+callColumns+" FROM calls WHERE id = $1", id)
		if err == nil {
			rec, err = pgx.CollectExactlyOneRow(rows, scan)
		}
		return err
	})
	if errors.Is(err, pgx.ErrNoRows) {
		err = server.ErrNotFound
	}
	return rec, err
}

// Audio is part of server.Store.
func (s *Store) Audio(ctx context.Context, id int64) (io.ReadSeekCloser, error) {
	var node, file *string
	var audio []byte
	err := s.read(ctx, func(ctx context.Context, conn *pgxpool.Conn) error {
		return conn.QueryRow(ctx, "SELECT audio_node, audio_file, audio FROM calls WHERE id = $1", id).Scan(&node, &file, &audio)
	})
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return nil, server.ErrNotFound
	case err != nil:
		return nil, err
	case file == nil:
		return inMemory{bytes.NewReader(audio)}, nil
	case *node != s.node:
		return nil, fmt.Errorf("the audio of call %d is with the server that took it", id)
	}
	r, err := s.folder.Audio(*file)
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
	ctx, cancel := context.WithTimeout(ctx, pingLimit)
	defer cancel()
	if err := s.queue.CheckRead(); err != nil {
		return err
	}
	patience := pingLimit
	return s.pool.once(ctx, &patience, func(ctx context.Context, conn *pgxpool.Conn) error {
		_, err := conn.Exec(ctx, "SELECT 1 FROM calls LIMIT 1")
		return err
	})
}

// Usage is part of server.Store.
func (s *Store) Usage(ctx context.Context) (u server.Usage, err error) {
	const query = "SELECT coalesce(sum(calls), 0)::bigint, coalesce(sum(audio_bytes), 0)::bigint FROM call_counts"
	err = s.read(ctx, func(ctx context.Context, conn *pgxpool.Conn) error {
		return conn.QueryRow(ctx, query).Scan(&u.Calls, &u.AudioBytes)
	})
	return u, err
}

// deleteOld leaves alone the calls whose audio is with another server, which is to delete it. Servers that delete at the same time
// do not wait for each other.
const deleteOld = `WITH old AS (
	DELETE FROM calls WHERE id IN (
		SELECT id FROM calls WHERE started_ms < $3 AND (audio_node IS NULL OR audio_node = $1)
		ORDER BY started_ms LIMIT $4 FOR UPDATE SKIP LOCKED)
	RETURNING started_ms, system_id, talkgroup_id, audio_bytes, audio_file
), counted AS (
	INSERT INTO call_counts
	SELECT $1::text, started_ms / $2::bigint, system_id, talkgroup_id, -count(*), -sum(audio_bytes) FROM old GROUP BY 2, 3, 4
	ON CONFLICT (node, day, system_id, talkgroup_id) DO UPDATE
	SET calls = call_counts.calls + excluded.calls, audio_bytes = call_counts.audio_bytes + excluded.audio_bytes
)
SELECT audio_file FROM old`

// Expire is part of retention.Store. It takes turns with the batches of calls that come in, and removes audio files after their
// rows.
func (s *Store) Expire(ctx context.Context, before time.Time, limit int) (n int, err error) {
	var files []*string
	err = s.queue.Do(ctx, func(ctx context.Context) error {
		return s.read(ctx, func(ctx context.Context, conn *pgxpool.Conn) error {
			rows, err := conn.Query(ctx, deleteOld, s.node, listing.DayMS, before.UnixMilli(), limit)
			if err == nil {
				files, err = pgx.CollectRows(rows, pgx.RowTo[*string])
			}
			return err
		})
	})
	if err != nil {
		return 0, err
	}
	s.queue.Expired(len(files))
	var errs []error
	for _, name := range files {
		if name != nil {
			errs = append(errs, s.folder.Remove(*name))
		}
	}
	return len(files), errors.Join(errs...)
}

// scan reads a row of callColumns.
func scan(row pgx.CollectableRow) (rec server.Record, err error) {
	var started, received int64
	var sum []byte
	var lists [4]*string
	c := &rec.Call
	err = row.Scan(&rec.ID, &c.System, &c.Talkgroup, &started, &received, &c.Frequency, &c.Source, &c.Site,
		&c.SystemLabel, &c.TalkgroupLabel, &c.TalkgroupName, &c.TalkgroupTag, &lists[0], &c.TalkerAlias,
		&lists[1], &lists[2], &lists[3], &c.AudioName, &c.AudioType, &rec.AudioSize, &sum)
	if err != nil {
		return server.Record{}, err
	}
	c.Time, rec.Received = time.UnixMilli(started).UTC(), time.UnixMilli(received).UTC()
	copy(rec.SHA256[:], sum)
	for i, list := range []any{&c.TalkgroupGroups, &c.Units, &c.Frequencies, &c.Patches} {
		if lists[i] == nil {
			continue
		}
		if err := json.Unmarshal([]byte(*lists[i]), list); err != nil {
			return server.Record{}, fmt.Errorf("call %d: %w", rec.ID, err)
		}
	}
	return rec, nil
}
