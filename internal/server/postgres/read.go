package postgres

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"rdiostress/internal/server/call"
	"rdiostress/internal/server/listing"
	"rdiostress/internal/server/pieces"
)

// callColumns are the columns of a call with all its fields. Earlier versions have stored labels of any length.
const callColumns = `id, system_id, talkgroup_id, started_ms, received_ms, frequency_hz, source_id, site_id,
	left(system_label, 1024), left(talkgroup_label, 1024), left(talkgroup_name, 1024), left(talkgroup_tag, 1024),
	talkgroup_groups, left(talker_alias, 1024), units, frequencies, patches, audio_name, audio_type, audio_bytes,
	audio_sha256`

// listColumns are the columns of a list.
const listColumns = `id, system_id, talkgroup_id, started_ms, received_ms, frequency_hz, source_id, site_id,
	left(system_label, 1024), left(talkgroup_label, 1024), left(talker_alias, 1024), audio_name, audio_type,
	audio_bytes, audio_sha256`

func dialect() listing.Dialect {
	return listing.Dialect{
		Placeholder: "$", Columns: listColumns, ByID: "calls", BySystem: "calls", ByTalkgroup: "calls",
	}
}

// read runs f over a connection, unless the database is known to be down.
func (s *Store) read(ctx context.Context, f func(ctx context.Context, conn *pgxpool.Conn) error) error {
	if err := s.queue.CheckRead(); err != nil {
		return err
	}
	return s.pool.with(ctx, f)
}

// Calls implements call.Store. The page and the total are from the same snapshot.
func (s *Store) Calls(ctx context.Context, q call.Query) (page []call.Record, total int64, err error) {
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

func list(
	ctx context.Context, tx pgx.Tx, plan *listing.Plan, q call.Query,
) (page []call.Record, total int64, err error) {
	total = -1
	if q.After != nil {
		total = q.Total
	} else if !q.Uncounted {
		st := plan.Total()
		if err := tx.QueryRow(ctx, st.SQL, st.Args...).Scan(&total); err != nil || q.Skip() >= total {
			return nil, total, err
		}
	}
	plan.SetTotal(total)
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
		case errors.Is(err, pgx.ErrNoRows): // past the last page, in an uncounted list
			return nil, total, nil
		case err != nil:
			return nil, 0, err
		}
	}
	page, err = readPage(ctx, tx, plan.Page(key), q.MaxBytes)
	return page, total, err
}

// readPage reads calls until they take maxBytes; 0 means no limit.
func readPage(ctx context.Context, tx pgx.Tx, st listing.Statement, maxBytes int64) (page []call.Record, err error) {
	rows, err := tx.Query(ctx, st.SQL, st.Args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	page, err = listing.ReadPage(rows.Next, func() (call.Record, error) { return scanListed(rows) }, maxBytes)
	if err != nil {
		return nil, err
	}
	rows.Close() // reads the rest, if there is any
	return page, rows.Err()
}

// Listed implements call.Store.
func (s *Store) Listed(ctx context.Context, id int64) (rec call.Record, err error) {
	return s.queryCall(ctx, id, listColumns, scanListed)
}

// Call implements call.Store.
func (s *Store) Call(ctx context.Context, id int64) (rec call.Record, err error) {
	return s.queryCall(ctx, id, callColumns, scan)
}

// queryCall queries columns of a call.
func (s *Store) queryCall(ctx context.Context, id int64, columns string,
	scan pgx.RowToFunc[call.Record],
) (rec call.Record, err error) {
	err = s.read(ctx, func(ctx context.Context, conn *pgxpool.Conn) error {
		rows, err := conn.Query(ctx, "SELECT "+columns+" FROM calls WHERE id = $1", id)
		if err == nil {
			rec, err = pgx.CollectExactlyOneRow(rows, scan)
		}
		return err
	})
	if errors.Is(err, pgx.ErrNoRows) {
		err = call.ErrNotFound
	}
	return rec, err
}

// Audio implements call.Store.
func (s *Store) Audio(ctx context.Context, id int64) (io.ReadSeekCloser, error) {
	var node, file *string
	var size *int64
	var first, sum []byte
	err := s.read(ctx, func(ctx context.Context, conn *pgxpool.Conn) error {
		const query = "SELECT audio_node, audio_file, length(audio)::bigint, substr(audio, 1, $2), " +
			"audio_sha256 FROM calls WHERE id = $1"
		return conn.QueryRow(ctx, query, id, pieces.Size).Scan(&node, &file, &size, &first, &sum)
	})
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return nil, call.ErrNotFound
	case err != nil:
		return nil, err
	case file == nil:
		return pieces.New(*size, first, func(start int64) ([]byte, error) { return s.piece(ctx, id, start) }), nil
	case s.bucket != nil && *node == s.bucket.Node():
		return s.openShared(ctx, id, *file, sum)
	case *node != s.node && strings.Contains(*node, "://"):
		return nil, fmt.Errorf("the audio of call %d is in %s, which this server does not use", id, *node)
	case *node != s.node:
		return nil, fmt.Errorf("the audio of call %d is on the server that received it", id)
	}
	r, err := s.folder.Audio.Open(ctx, *file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("the audio file of call %d is missing", id)
	}
	return r, err
}

// piece reads a piece of a call's audio.
func (s *Store) piece(ctx context.Context, id, start int64) (piece []byte, err error) {
	err = s.read(ctx, func(ctx context.Context, conn *pgxpool.Conn) error {
		return conn.QueryRow(ctx, "SELECT substr(audio, $2, $3) FROM calls WHERE id = $1", id, start+1,
			pieces.Size).Scan(&piece)
	})
	return piece, err
}

// Ping implements call.Store.
func (s *Store) Ping(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, pingLimit)
	defer cancel()
	if err := s.queue.CheckRead(); err != nil {
		return err
	}
	patience := pingLimit
	return s.pool.withOnce(ctx, &patience, func(ctx context.Context, conn *pgxpool.Conn) error {
		_, err := conn.Exec(ctx, "SELECT 1 FROM calls LIMIT 1")
		return err
	})
}

// Usage implements call.Store.
func (s *Store) Usage(ctx context.Context) (u call.Usage, err error) {
	const query = "SELECT coalesce(sum(calls), 0)::bigint, coalesce(sum(audio_bytes), 0)::bigint FROM call_counts"
	err = s.read(ctx, func(ctx context.Context, conn *pgxpool.Conn) error {
		return conn.QueryRow(ctx, query).Scan(&u.Calls, &u.AudioBytes)
	})
	return u, err
}

// deleteOld skips calls whose audio is on another server, which has to delete them. Servers that delete at the same
// time do not wait for each other.
const deleteOld = `WITH old AS (
	DELETE FROM calls WHERE id IN (
		SELECT id FROM calls WHERE started_ms < $3 AND (audio_node IS NULL OR audio_node = ANY($5))
		ORDER BY started_ms LIMIT $4 FOR UPDATE SKIP LOCKED)
	RETURNING id, started_ms, system_id, talkgroup_id, audio_bytes, audio_node, audio_file
), untranscribed AS (
	DELETE FROM transcripts WHERE call_id IN (SELECT id FROM old)
), counted AS (
	INSERT INTO call_counts
	SELECT $1::text, started_ms / $2::bigint, system_id, talkgroup_id, -count(*), -sum(audio_bytes) FROM old
	GROUP BY 2, 3, 4
	ON CONFLICT (node, day, system_id, talkgroup_id) DO UPDATE
	SET calls = call_counts.calls + excluded.calls, audio_bytes = call_counts.audio_bytes + excluded.audio_bytes
)
SELECT audio_node, audio_file FROM old`

// Expire implements retention.Store. It takes turns with the batches of new calls, and removes audio files after their
// rows.
func (s *Store) Expire(ctx context.Context, before time.Time, limit int) (n int, err error) {
	var files []storedAudio
	err = s.queue.Do(ctx, func(ctx context.Context) error {
		return s.read(ctx, func(ctx context.Context, conn *pgxpool.Conn) error {
			rows, err := conn.Query(ctx, deleteOld, s.node, listing.DayMS, before.UnixMilli(), limit, s.reachable())
			if err == nil {
				files, err = pgx.CollectRows(rows, pgx.RowToStructByPos[storedAudio])
			}
			return err
		})
	})
	if err != nil {
		return 0, err
	}
	s.queue.Expired(len(files))
	var errs []error
	for _, audio := range files {
		errs = append(errs, s.removeAudio(ctx, audio))
	}
	return len(files), errors.Join(errs...)
}

// scanListed reads a row of listColumns.
func scanListed(row pgx.CollectableRow) (rec call.Record, err error) {
	var started, received int64
	var sum []byte
	c := &rec.Call
	err = row.Scan(&rec.ID, &c.System, &c.Talkgroup, &started, &received, &c.Frequency, &c.Source, &c.Site,
		&c.SystemLabel, &c.TalkgroupLabel, &c.TalkerAlias, &c.AudioName, &c.AudioType, &rec.AudioSize, &sum)
	c.Time, rec.Received = time.UnixMilli(started).UTC(), time.UnixMilli(received).UTC()
	copy(rec.SHA256[:], sum)
	return rec, err
}

// scan reads a row of callColumns.
func scan(row pgx.CollectableRow) (rec call.Record, err error) {
	var started, received int64
	var sum []byte
	var lists [4]*string
	c := &rec.Call
	err = row.Scan(&rec.ID, &c.System, &c.Talkgroup, &started, &received, &c.Frequency, &c.Source, &c.Site,
		&c.SystemLabel, &c.TalkgroupLabel, &c.TalkgroupName, &c.TalkgroupTag, &lists[0], &c.TalkerAlias,
		&lists[1], &lists[2], &lists[3], &c.AudioName, &c.AudioType, &rec.AudioSize, &sum)
	if err != nil {
		return call.Record{}, err
	}
	c.Time, rec.Received = time.UnixMilli(started).UTC(), time.UnixMilli(received).UTC()
	copy(rec.SHA256[:], sum)
	for i, list := range []any{&c.TalkgroupGroups, &c.Units, &c.Frequencies, &c.Patches} {
		if lists[i] == nil {
			continue
		}
		if err := json.Unmarshal([]byte(*lists[i]), list); err != nil {
			return call.Record{}, fmt.Errorf("call %d: %w", rec.ID, err)
		}
	}
	return rec, nil
}
