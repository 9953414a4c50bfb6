package sqlite

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"time"

	"rdiostress/internal/server/call"
	"rdiostress/internal/server/cursor"
	"rdiostress/internal/server/listing"
	"rdiostress/internal/server/pieces"
	"rdiostress/internal/server/segment"
)

// callColumns are the columns of a call with all its fields. Older versions stored labels of any length.
const callColumns = `id, system_id, talkgroup_id, started_ms, received_ms, frequency_hz, source_id, site_id,
	substr(system_label, 1, 1024), substr(talkgroup_label, 1, 1024), substr(talkgroup_name, 1, 1024),
	substr(talkgroup_tag, 1, 1024),
	talkgroup_groups, substr(talker_alias, 1, 1024), units, frequencies, patches, audio_name, audio_type, audio_bytes,
	audio_sha256`

// listColumns are the columns of a call in a list.
const listColumns = `id, system_id, talkgroup_id, started_ms, received_ms, frequency_hz, source_id, site_id,
	substr(system_label, 1, 1024), substr(talkgroup_label, 1, 1024), substr(talker_alias, 1, 1024),
	audio_name, audio_type, audio_bytes, audio_sha256`

func dialect() listing.Dialect {
	return listing.Dialect{
		Counts:      "all_counts",
		Placeholder: "?", Columns: listColumns, ByID: "calls INDEXED BY calls_by_id",
		BySystem: "calls INDEXED BY calls_by_system", ByTalkgroup: "calls INDEXED BY calls_by_talkgroup",
	}
}

// Calls implements call.Store. The page and the total are from the same snapshot.
func (s *Store) Calls(ctx context.Context, q call.Query) (page []call.Record, total int64, err error) {
	plan, err := listing.New(s.dialect(), q)
	if err != nil {
		return nil, 0, err
	}
	tx, err := s.read.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return nil, 0, err
	}
	defer tx.Rollback() // read-only
	total = -1
	if q.After != nil {
		total = q.Total
	} else if !q.Uncounted {
		if err := queryRow(ctx, tx, plan.Total()).Scan(&total); err != nil || q.Skip() >= total {
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
		err := queryRow(ctx, tx, plan.Start()).Scan(dest...)
		switch {
		case errors.Is(err, sql.ErrNoRows): // past the last page, in an uncounted list
			return nil, total, nil
		case err != nil:
			return nil, 0, err
		}
	}
	page, err = readPage(ctx, tx, plan.Page(key), q.MaxBytes)
	return page, total, err
}

// dialect returns the dialect of the database, which a reader may have of an earlier version.
func (s *Store) dialect() listing.Dialect {
	d := dialect()
	if s.isOld {
		d.Counts = ""
	}
	return d
}

func queryRow(ctx context.Context, tx *sql.Tx, st listing.Statement) *sql.Row {
	return tx.QueryRowContext(ctx, st.SQL, st.Args...)
}

// readPage reads calls until they take maxBytes; 0 means no limit.
func readPage(ctx context.Context, tx *sql.Tx, st listing.Statement, maxBytes int64) (page []call.Record, err error) {
	rows, err := tx.QueryContext(ctx, st.SQL, st.Args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	page, err = listing.ReadPage(rows.Next, func() (call.Record, error) { return scanListed(rows) }, maxBytes)
	if err != nil {
		return nil, err
	}
	return page, rows.Err()
}

// Follow implements call.Store. One server stores all calls, in the order of their ids.
func (s *Store) Follow(ctx context.Context, q call.Query, at string) (page []call.Record, next string, err error) {
	tx, err := s.read.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return nil, "", err
	}
	defer tx.Rollback() // read-only
	var name string
	var newest, lastID int64
	err = tx.QueryRowContext(ctx, "SELECT name, last_id, (SELECT coalesce(max(id), 0) FROM calls) FROM "+
		"store").Scan(&name, &lastID, &newest)
	if err != nil {
		return nil, "", err
	}
	c, err := cursor.Open(at, name, max(newest, lastID))
	if err != nil {
		return nil, "", err
	}
	if at == call.CursorNow {
		return nil, c.String(), nil
	}
	unseen := cursor.Span{First: c.Last + 1, Last: math.MaxInt64}
	page, err = readPage(ctx, tx, listing.Follow(s.dialect(), q, unseen, q.PerPage), q.MaxBytes)
	if err != nil {
		return nil, "", err
	}
	if n := len(page); n >= q.PerPage || !q.IsWhole(page) {
		newest = page[n-1].ID
	}
	c = c.Advance(newest, 1, nil)
	return page, c.String(), nil
}

// Listed implements call.Store.
func (s *Store) Listed(ctx context.Context, id int64) (call.Record, error) {
	rec, err := scanListed(s.read.QueryRowContext(ctx, "SELECT "+listColumns+" FROM calls WHERE id = ?", id))
	if errors.Is(err, sql.ErrNoRows) {
		return call.Record{}, call.ErrNotFound
	}
	return rec, err
}

// Call implements call.Store.
func (s *Store) Call(ctx context.Context, id int64) (call.Record, error) {
	rec, err := scan(s.read.QueryRowContext(ctx, "SELECT "+callColumns+" FROM calls WHERE id = ?", id))
	if errors.Is(err, sql.ErrNoRows) {
		return rec, call.ErrNotFound
	}
	return rec, err
}

// Audio implements call.Store.
func (s *Store) Audio(ctx context.Context, id int64) (io.ReadSeekCloser, error) {
	r, err := s.audio(ctx, id)
	if !errors.Is(err, fs.ErrNotExist) {
		return r, err
	}
	// The call may have been deleted, or its audio moved, since its row was read.
	if r, err = s.audio(ctx, id); errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("the audio file of call %d is missing", id)
	}
	return r, err
}

func (s *Store) audio(ctx context.Context, id int64) (io.ReadSeekCloser, error) {
	var file sql.NullString
	var bytes int64
	var number, offset, size sql.NullInt64
	var first []byte
	query := "SELECT audio_file, audio_bytes, segment_id, segment_offset, length(audio), substr(audio, 1, ?) " +
		"FROM calls WHERE id = ?"
	if s.isOld {
		query = "SELECT audio_file, audio_bytes, NULL, NULL, length(audio), substr(audio, 1, ?) FROM calls WHERE id = ?"
	}
	err := s.read.QueryRowContext(ctx, query, pieces.Size, id).Scan(&file, &bytes, &number, &offset, &size, &first)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return nil, call.ErrNotFound
	case err != nil:
		return nil, err
	case file.Valid:
		return s.folder.Audio.Open(ctx, file.String)
	case number.Valid:
		return s.openAudio(id, segment.Place{Segment: number.Int64, Offset: offset.Int64}, bytes)
	}
	return pieces.New(size.Int64, first, func(start int64) (piece []byte, err error) {
		const query = "SELECT substr(audio, ?, ?) FROM calls WHERE id = ?"
		err = s.read.QueryRowContext(ctx, query, start+1, pieces.Size, id).Scan(&piece)
		return piece, err
	}), nil
}

// openAudio opens the audio of a call in a segment.
func (s *Store) openAudio(id int64, at segment.Place, bytes int64) (io.ReadSeekCloser, error) {
	return segment.OpenAudio(segment.ReadOnly(s.folder.Path(segmentsDir)), id, at, bytes)
}

// Ping implements call.Store.
func (s *Store) Ping(ctx context.Context) error {
	var n int
	return s.ping.QueryRowContext(ctx, "SELECT count(*) FROM (SELECT 1 FROM calls LIMIT 1)").Scan(&n)
}

// Usage implements call.Store.
func (s *Store) Usage(ctx context.Context) (u call.Usage, err error) {
	err = s.read.QueryRowContext(ctx, `SELECT coalesce(sum(calls), 0), coalesce(sum(audio_bytes), 0),
		(SELECT freelist_count FROM pragma_freelist_count) * (SELECT page_size FROM pragma_page_size)
		FROM `+cmp.Or(s.dialect().Counts, "call_counts")).Scan(&u.Calls, &u.AudioBytes, &u.FreeBytes)
	return u, err
}

// scanListed reads a row of listColumns.
func scanListed(row interface{ Scan(dest ...any) error }) (call.Record, error) {
	var rec call.Record
	var started, received int64
	var sum []byte
	c := &rec.Call
	err := row.Scan(&rec.ID, &c.System, &c.Talkgroup, &started, &received, &c.Frequency, &c.Source, &c.Site,
		&c.SystemLabel, &c.TalkgroupLabel, &c.TalkerAlias, &c.AudioName, &c.AudioType, &rec.AudioSize, &sum)
	c.Time, rec.Received = time.UnixMilli(started).UTC(), time.UnixMilli(received).UTC()
	copy(rec.SHA256[:], sum)
	return rec, err
}

// scan reads a row of callColumns.
func scan(row interface{ Scan(dest ...any) error }) (call.Record, error) {
	var rec call.Record
	var started, received int64
	var sum []byte
	var lists [4]sql.NullString
	c := &rec.Call
	err := row.Scan(&rec.ID, &c.System, &c.Talkgroup, &started, &received, &c.Frequency, &c.Source, &c.Site,
		&c.SystemLabel, &c.TalkgroupLabel, &c.TalkgroupName, &c.TalkgroupTag, &lists[0], &c.TalkerAlias,
		&lists[1], &lists[2], &lists[3], &c.AudioName, &c.AudioType, &rec.AudioSize, &sum)
	if err != nil {
		return call.Record{}, err
	}
	c.Time, rec.Received = time.UnixMilli(started).UTC(), time.UnixMilli(received).UTC()
	copy(rec.SHA256[:], sum)
	for i, list := range []any{&c.TalkgroupGroups, &c.Units, &c.Frequencies, &c.Patches} {
		if !lists[i].Valid {
			continue
		}
		if err := json.Unmarshal([]byte(lists[i].String), list); err != nil {
			return call.Record{}, fmt.Errorf("call %d: %w", rec.ID, err)
		}
	}
	return rec, nil
}
