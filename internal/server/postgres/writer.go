package postgres

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"rdiostress/internal/server/call"
	"rdiostress/internal/server/groupcommit"
)

// lockNear takes the locks of calls, in order. Two calls within the duplicate window of each other share a lock,
// whichever servers they are sent to; other calls hardly ever do.
const lockNear = "SELECT pg_advisory_xact_lock(k) FROM unnest($1::bigint[]) k"

const columns = `id, system_id, talkgroup_id, started_ms, received_ms, frequency_hz, source_id, site_id, audio_bytes,
	system_label, talkgroup_label, talkgroup_name, talkgroup_tag, talkgroup_groups, talker_alias, units, frequencies,
	patches, audio_name, audio_type, audio_sha256, audio_node, audio_file, audio`

// insertCalls inserts the calls that have no other call near them, and returns their ids. If their block no longer
// belongs to this server, it inserts none and returns 0. OFFSET 0 keeps the duplicate check an index lookup for each
// call. A call that already exists under its id was stored by an attempt whose reply was lost.
//
// The placeholder %s is for jobs that are queued with the calls.
const insertCalls = `WITH added AS (
	INSERT INTO calls (` + columns + `)
	SELECT ` + columns + ` FROM unnest(
		$4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[], $8::bigint[], $9::bigint[], $10::bigint[],
		$11::bigint[], $12::bigint[], $13::text[], $14::text[], $15::text[], $16::text[], $17::text[], $18::text[],
		$19::text[], $20::text[], $21::text[], $22::text[], $23::text[], $24::bytea[], $25::text[], $26::text[],
		$27::bytea[])
		AS n (` + columns + `)
	WHERE EXISTS (SELECT 1 FROM nodes WHERE nodes.id = $1 AND first_id = $28::bigint)
	AND ($3::bigint = 0 OR NOT EXISTS (
		SELECT 1 FROM calls c WHERE c.talkgroup_id = n.talkgroup_id AND c.system_id = n.system_id
		AND c.started_ms BETWEEN n.started_ms - $3 AND n.started_ms + $3 OFFSET 0))
	ON CONFLICT (id) DO NOTHING
	RETURNING id, started_ms, system_id, talkgroup_id, audio_bytes, audio_node
), counted AS (
	INSERT INTO call_counts
	SELECT $1::text, started_ms / $2::bigint, system_id, talkgroup_id, count(*), sum(audio_bytes) FROM added
	GROUP BY 2, 3, 4
	ON CONFLICT (node, day, system_id, talkgroup_id) DO UPDATE
	SET calls = call_counts.calls + excluded.calls, audio_bytes = call_counts.audio_bytes + excluded.audio_bytes
)%s
SELECT id FROM added
UNION ALL SELECT 0 WHERE NOT EXISTS (SELECT 1 FROM nodes WHERE nodes.id = $1 AND first_id = $28::bigint)`

// selectNear finds a call by its own id, and the calls near it.
const selectNear = `SELECT id, system_id, talkgroup_id, started_ms, audio_sha256 FROM calls WHERE id = $1
	UNION ALL
	SELECT id, system_id, talkgroup_id, started_ms, audio_sha256 FROM calls
	WHERE $2::bigint > 0 AND talkgroup_id = $3 AND system_id = $4
	AND started_ms BETWEEN $5::bigint - $2 AND $5::bigint + $2`

// errTaken means that an id belongs to another call: the database is an older copy of the one in which the block was
// taken.
var errTaken = errors.New("an id belongs to another call")

// writer stores batches.
type writer struct {
	pool *pool
	node string
	// audioNode is where long audio is: a data folder or a bucket.
	audioNode string
	window    int64 // the duplicate window in milliseconds; 0 means none
	ids       block

	insertCalls string
	added       chan struct{} // signals that jobs were added; has room for one; nil if calls are not transcribed
}

// newWriter returns a writer, which queues calls for transcription if added is not nil.
func newWriter(p *pool, node string, window time.Duration, added chan struct{}) *writer {
	jobs := ""
	if added != nil {
		jobs = insertJobs
	}
	return &writer{
		pool: p, node: node, window: window.Milliseconds(), insertCalls: fmt.Sprintf(insertCalls, jobs), added: added,
	}
}

// Close implements groupcommit.Committer.
func (w *writer) Close() { w.giveBack() }

// entry is a call that is being stored. It keeps its id on every attempt, so attempts are safe to repeat.
type entry struct {
	*groupcommit.Item
	id    int64
	lists [4]*string
}

// Commit implements groupcommit.Committer.
func (w *writer) Commit(ctx context.Context, batch []*groupcommit.Item) (err error) {
	entries := w.prepare(batch)
	for len(entries) > 0 && err == nil {
		var later []*entry
		entries, later = w.splitNear(entries)
		if err = w.assignIDs(ctx, entries); err == nil {
			err = w.store(ctx, entries)
		}
		switch {
		case err == nil:
			entries = w.decideLater(entries, later)
		case errors.Is(err, errNoBlock) && !slices.ContainsFunc(entries, isDecided):
			w.ids, entries, err = block{}, append(entries, later...), nil
		case errors.Is(err, errNoBlock), errors.Is(err, errTaken):
			w.ids = block{}
			err = &call.UnavailableError{RetryAfter: time.Second, Err: err}
		}
	}
	return describe(err)
}

// isDecided reports whether the result of a call is known.
func isDecided(e *entry) bool { return e.ID != 0 || e.Err != nil }

// errNoBlock means that nothing was stored, because the ids no longer belonged to this server.
var errNoBlock = errors.New("the block of ids no longer belongs to this server")

// describe wraps an error with what it means for the database: one that answers but does not store can be read.
func describe(err error) error {
	var pe *pgconn.PgError
	if isNoSpace(err) && !errors.Is(err, call.ErrNoSpace) {
		return fmt.Errorf("%w: %w", call.ErrNoSpace, err)
	}
	if errors.As(err, &pe) && !errors.Is(err, call.ErrNoSpace) && (isReadOnly(err) || !isLost(err)) {
		return &call.UnavailableError{RetryAfter: readOnlyRetry, Readable: true, Err: err}
	}
	return err
}

// readOnlyRetry is when to try again if somebody must first allow the server to write.
const readOnlyRetry = 5 * time.Second

// prepare encodes calls.
func (w *writer) prepare(batch []*groupcommit.Item) (entries []*entry) {
	for _, it := range batch {
		if it.File != "" && w.audioNode != w.node && time.Now().Round(0).Sub(it.Adopted) > maxAudioAge {
			it.Err = &call.UnavailableError{RetryAfter: time.Second, Err: errOldAudio}
			continue
		}
		e := &entry{Item: it}
		if err := e.encode(); err != nil {
			it.Err = fmt.Errorf("%w: encoding it: %w", call.ErrBadCall, err)
			continue
		}
		entries = append(entries, e)
	}
	return entries
}

// encode encodes the lists as JSON.
func (e *entry) encode() error {
	c := &e.Upload.Call
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
			return err
		}
		s := string(text)
		e.lists[i] = &s
	}
	return nil
}

// store stores calls in one transaction. If one of them is at fault, store finds it by bisection and stores the others
// without it.
func (w *writer) store(ctx context.Context, entries []*entry) error {
	var added []int64
	isLoose := false // a lost attempt may have been committed, whatever the last one returned
	err := w.pool.with(ctx, func(ctx context.Context, conn *pgxpool.Conn) (err error) {
		added, err = w.insert(ctx, conn, entries)
		isLoose = isLoose || err != nil && isLost(err) && !isReadOnly(err) && !isNoSpace(err)
		return err
	})
	if err != nil && isLoose {
		err = fmt.Errorf("%w: %w", groupcommit.ErrUncertain, err)
	}
	switch {
	case err == nil && slices.Contains(added, 0):
		return errNoBlock
	case err == nil:
		if w.added != nil && len(added) > 0 {
			w.signalAdded()
		}
		return w.assignResults(ctx, entries, added)
	case !isData(err):
		return fmt.Errorf("inserting calls: %w", err)
	case len(entries) == 1:
		entries[0].Err = fmt.Errorf("%w: %w", call.ErrBadCall, err)
		return nil
	}
	half := len(entries) / 2
	if err := w.store(ctx, entries[:half]); err != nil {
		return err
	}
	return w.store(ctx, entries[half:]) // after an error, the results of the first half stay
}

// insert sends one transaction, in one round trip, and returns the ids of the calls that it has inserted.
func (w *writer) insert(ctx context.Context, conn *pgxpool.Conn, entries []*entry) (added []int64, err error) {
	batch := &pgx.Batch{}
	batch.Queue(lockNode, w.node)
	if w.window > 0 {
		batch.Queue(lockNear, w.locks(entries))
	}
	batch.Queue(w.insertCalls, append(w.rows(entries), w.ids.first)...)
	results := conn.SendBatch(ctx, batch) // one transaction, since it has no BEGIN
	for range batch.Len() - 1 {
		if _, err := results.Exec(); err != nil {
			return nil, errors.Join(err, results.Close())
		}
	}
	rows, err := results.Query()
	if err == nil {
		added, err = pgx.CollectRows(rows, pgx.RowTo[int64])
	}
	if cerr := results.Close(); err == nil {
		err = cerr // error of the commit
	}
	return added, err
}

// assignResults sets the results of calls of which some were inserted.
func (w *writer) assignResults(ctx context.Context, entries []*entry, added []int64) error {
	slices.Sort(added)
	var others []*entry
	for _, e := range entries {
		if _, ok := slices.BinarySearch(added, e.id); ok {
			e.ID = e.id
		} else {
			others = append(others, e)
		}
	}
	for _, e := range others {
		err := w.pool.with(ctx, func(ctx context.Context, conn *pgxpool.Conn) error { return w.explain(ctx, conn, e) })
		if err != nil {
			e.ID, e.Repeat, e.Err = 0, false, nil
			if errors.Is(err, errTaken) {
				return err
			}
			return fmt.Errorf("%w: asking what became of a call: %w", groupcommit.ErrUncertain, err)
		}
	}
	return nil
}

// explain finds out why a call was not inserted: it already exists, or another one is near.
func (w *writer) explain(ctx context.Context, conn *pgxpool.Conn, e *entry) error {
	c := &e.Upload.Call
	rows, err := conn.Query(ctx, selectNear, e.id, w.window, c.Talkgroup, c.System, c.Time.UnixMilli())
	if err != nil {
		return err
	}
	e.ID, e.Repeat, e.Err = 0, false, call.ErrDuplicate // this may be the second attempt to find out
	var id, system, talkgroup, started int64
	var sum []byte
	_, err = pgx.ForEachRow(rows, []any{&id, &system, &talkgroup, &started, &sum}, func() error {
		isSame := system == c.System && talkgroup == c.Talkgroup && started == c.Time.UnixMilli() &&
			string(sum) == string(e.Upload.SHA256[:])
		switch {
		case id == e.id && !isSame:
			return errTaken
		case id == e.id:
			e.ID, e.Repeat, e.Err = id, false, nil
		case e.ID != e.id && isSame:
			e.ID, e.Repeat, e.Err = id, true, nil
		}
		return nil
	})
	return err
}
