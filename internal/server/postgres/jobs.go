package postgres

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"rdiostress/internal/clock"
	"rdiostress/internal/server/call"
)

// changeEvery is how often jobs are claimed, and results stored, at most: more results come together meanwhile.
const changeEvery = 50 * time.Millisecond

// nowMS is the time of the statement. All servers go by the database's clock.
const nowMS = "(extract(epoch FROM now()) * 1000)::bigint"

// insertJobs queues calls for transcription in the statement that inserts them.
const insertJobs = `, queued AS (
	INSERT INTO transcripts (call_id, node, queued_ms, due_ms)
	SELECT id, audio_node, ` + nowMS + `, ` + nowMS + ` FROM added
)`

// claimJobs takes the jobs that any server can do, those whose audio this server can read now, and suspects. It
// skips jobs that another server is leasing.
const claimJobs = `WITH free AS MATERIALIZED (
	SELECT call_id, due_ms, false AS suspect FROM transcripts
	WHERE state < 2 AND node IS NULL AND due_ms <= ` + nowMS + ` AND (state = 0 OR attempts < 2)
	ORDER BY due_ms, call_id LIMIT $2 FOR UPDATE SKIP LOCKED
), own AS MATERIALIZED (
	SELECT j.* FROM unnest($1::text[]) n CROSS JOIN LATERAL (
		SELECT call_id, due_ms, false AS suspect FROM transcripts
		WHERE state < 2 AND node = n AND due_ms <= ` + nowMS + ` AND (state = 0 OR attempts < 2)
		ORDER BY due_ms, call_id LIMIT $2 FOR UPDATE SKIP LOCKED
	) j
), suspects AS MATERIALIZED (
	SELECT call_id, due_ms, true AS suspect FROM transcripts
	WHERE state = 1 AND due_ms <= ` + nowMS + ` AND attempts > 1 AND (node IS NULL OR node = ANY($1))
	ORDER BY due_ms, call_id LIMIT $5 FOR UPDATE SKIP LOCKED
), due AS MATERIALIZED (
	SELECT * FROM (TABLE free UNION ALL TABLE own UNION ALL TABLE suspects) j ORDER BY due_ms, call_id LIMIT $2
)
UPDATE transcripts t SET state = 1, attempts = attempts + 1, holder = $3, due_ms = ` + nowMS + ` + $4::bigint
FROM due JOIN calls c ON c.id = due.call_id WHERE t.call_id = due.call_id
RETURNING t.call_id, t.attempts, due.suspect, c.audio_name, c.audio_type, c.audio_bytes`

// findClaimed returns what a claim has leased.
const findClaimed = `SELECT t.call_id, t.attempts, t.attempts > 2, c.audio_name, c.audio_type, c.audio_bytes
	FROM transcripts t JOIN calls c ON c.id = t.call_id WHERE t.state = 1 AND t.holder = $1`

// lockJobs locks jobs in the order of their ids. All that changes several jobs at once begins with it, so that no two
// transactions wait for each other.
const lockJobs = "SELECT call_id FROM transcripts WHERE call_id = ANY($1) ORDER BY call_id FOR UPDATE"

const extendJobs = `WITH locked AS MATERIALIZED (` + lockJobs + `)
	UPDATE transcripts t SET due_ms = ` + nowMS + ` + $3::bigint
	FROM locked JOIN unnest($1::bigint[], $2::integer[]) AS j (call_id, attempts) USING (call_id)
	WHERE t.call_id = j.call_id AND t.attempts = j.attempts AND t.state = 1 AND starts_with(t.holder, $4)`

// finishDone stores transcripts, whoever has the leases by now, unless there is one already. finishOther ends attempts
// whose leases still last. giveBack puts jobs back to where they were in the queue. All return the attempt,
// and the milliseconds since the call was stored.
const (
	finishDone = `UPDATE transcripts t SET state = 2, completed_ms = ` + nowMS + `, engine = r.engine,
		language = r.language, text = r.text, error = ''
		FROM unnest($1::bigint[], $2::integer[], $3::text[], $4::text[], $5::text[])
		AS r (call_id, attempts, engine, language, text)
		WHERE t.call_id = r.call_id AND t.state <> 2 RETURNING t.call_id, r.attempts, ` + nowMS + ` - t.queued_ms`

	finishOther = `UPDATE transcripts t SET state = r.state, engine = r.engine, error = r.error,
		completed_ms = CASE WHEN r.state = 3 THEN ` + nowMS + ` ELSE 0 END, due_ms = ` + nowMS + ` + r.after
		FROM unnest($1::bigint[], $2::integer[], $3::smallint[], $4::text[], $5::text[], $6::bigint[])
		AS r (call_id, attempts, state, engine, error, after)
		WHERE t.call_id = r.call_id AND t.state = 1 AND t.attempts = r.attempts AND starts_with(t.holder, $7)
		RETURNING t.call_id, r.attempts, ` + nowMS + ` - t.queued_ms`

	giveBack = `UPDATE transcripts t SET state = 0, due_ms = queued_ms, attempts = t.attempts - 1
		FROM unnest($1::bigint[], $2::integer[]) AS r (call_id, attempts)
		WHERE t.call_id = r.call_id AND t.state = 1 AND t.attempts = r.attempts AND starts_with(t.holder, $3)
		RETURNING t.call_id, r.attempts, ` + nowMS + ` - t.queued_ms`
)

// countJobs counts jobs that any server can do, and those whose audio not all of them can read. The statement has the
// two apart for their indexes.
const countJobs = `SELECT count(*) FILTER (WHERE waits), count(*) FILTER (WHERE NOT waits),
	count(*) FILTER (WHERE waits AND NOT node = ANY($1)),
	coalesce(` + nowMS + ` - min(queued_ms) FILTER (WHERE waits AND node = ANY($1)), 0)
	FROM (
		SELECT '' AS node, state = 0 OR due_ms <= ` + nowMS + ` AS waits, queued_ms FROM transcripts
		WHERE state < 2 AND node IS NULL
		UNION ALL
		SELECT node, state = 0 OR due_ms <= ` + nowMS + `, queued_ms FROM transcripts
		WHERE state < 2 AND node IS NOT NULL
	) j`

func (w *writer) signalAdded() {
	select {
	case w.added <- struct{}{}:
	default: // already signalled
	}
}

// JobsAdded implements call.Jobs.
func (s *Store) JobsAdded() <-chan struct{} { return s.added }

// releaseJobs ends the leases of jobs that this server had when it was killed. They follow after those that wait, so
// that a call which kills servers does not hold up the others.
func (s *Store) releaseJobs(ctx context.Context) error {
	return s.pool.with(ctx, func(ctx context.Context, conn *pgxpool.Conn) error {
		_, err := conn.Exec(ctx, "UPDATE transcripts SET holder = '', due_ms = "+nowMS+
			" WHERE state = 1 AND split_part(holder, '/', 1) = $1", s.node)
		return err
	})
}

// pace lets one of several callers pass at a time, at most once in changeEvery, so that there are few transactions.
type pace struct {
	mu   sync.Mutex
	last time.Time
}

func (p *pace) wait(ctx context.Context) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	err := clock.Sleep(ctx, changeEvery-time.Since(p.last))
	p.last = time.Now()
	return err
}

// ClaimJobs implements call.Jobs. If the connection is lost, it looks for what it may have leased before it claims
// again.
func (s *Store) ClaimJobs(ctx context.Context, n, suspects int, lease time.Duration) (jobs []call.Job, err error) {
	if err := s.claims.wait(ctx); err != nil {
		return nil, err
	}
	holder, tries := fmt.Sprintf("%s/%d", s.holder, s.claimed.Add(1)), 0
	err = s.read(ctx, func(ctx context.Context, conn *pgxpool.Conn) error {
		if tries++; tries > 1 {
			if jobs, err = collectJobs(conn.Query(ctx, findClaimed, holder)); err != nil || len(jobs) > 0 {
				return err
			}
		}
		jobs, err = collectJobs(conn.Query(ctx, claimJobs, s.reachable(), n, holder, lease.Milliseconds(), suspects))
		return err
	})
	return jobs, err
}

func collectJobs(rows pgx.Rows, err error) ([]call.Job, error) {
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (j call.Job, err error) {
		err = row.Scan(&j.CallID, &j.Attempt, &j.Suspect, &j.AudioName, &j.AudioType, &j.AudioSize)
		return j, err
	})
}

// ExtendJobs implements call.Jobs.
func (s *Store) ExtendJobs(ctx context.Context, jobs []call.Job, lease time.Duration) error {
	ids, attempts := make([]int64, len(jobs)), make([]int, len(jobs))
	for i, j := range jobs {
		ids[i], attempts[i] = j.CallID, j.Attempt
	}
	return s.read(ctx, func(ctx context.Context, conn *pgxpool.Conn) error {
		_, err := conn.Exec(ctx, extendJobs, ids, attempts, lease.Milliseconds(), s.holder)
		return err
	})
}

// FinishJobs implements call.Jobs. If the connection is lost after the commit, the results have taken effect but are
// not returned.
func (s *Store) FinishJobs(ctx context.Context, results []call.JobResult) (effects []call.JobEffect, err error) {
	if err := s.finishes.wait(ctx); err != nil {
		return nil, err
	}
	err = s.read(ctx, func(ctx context.Context, conn *pgxpool.Conn) (err error) {
		batch, ends := s.finishBatch(results) // once sent, a batch knows the statements of its connection
		effects, err = sendResults(ctx, conn, batch, ends)
		return err
	})
	if err != nil {
		return nil, err
	}
	return effects, nil
}

// attemptKey names an attempt.
type attemptKey struct {
	id      int64
	attempt int
}

// sendResults sends the statements of finishBatch, and returns the effects.
func sendResults(ctx context.Context, conn *pgxpool.Conn, batch *pgx.Batch, ends map[attemptKey]call.JobEnd) (
	effects []call.JobEffect, err error,
) {
	sent := conn.SendBatch(ctx, batch)
	defer func() {
		if cerr := sent.Close(); err == nil { // the first error counts
			err = cerr
		}
	}()
	if _, err := sent.Exec(); err != nil { // of the locks
		return nil, err
	}
	for range batch.Len() - 1 {
		rows, err := sent.Query()
		if err != nil {
			return nil, err
		}
		var key attemptKey
		var ms int64
		_, err = pgx.ForEachRow(rows, []any{&key.id, &key.attempt, &ms}, func() error {
			delay := time.Duration(ms) * time.Millisecond
			effects = append(effects, call.JobEffect{CallID: key.id, End: ends[key], Delay: delay})
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return effects, nil
}

// finishBatch returns the statements that store results in one transaction, and how each call's attempt ended.
func (s *Store) finishBatch(results []call.JobResult) (*pgx.Batch, map[attemptKey]call.JobEnd) {
	var done struct {
		ids                   []int64
		attempts              []int
		engines, langs, texts []string
	}
	var other struct {
		ids, after      []int64
		attempts        []int
		states          []int16
		engines, errors []string
	}
	var back struct {
		ids      []int64
		attempts []int
	}
	ids, ends := make([]int64, 0, len(results)), make(map[attemptKey]call.JobEnd, len(results))
	for _, r := range results {
		ids, ends[attemptKey{r.CallID, r.Attempt}] = append(ids, r.CallID), r.End
		switch r.End {
		case call.JobDone:
			done.ids, done.attempts = append(done.ids, r.CallID), append(done.attempts, r.Attempt)
			done.engines = append(done.engines, r.Engine)
			done.langs, done.texts = append(done.langs, r.Language), append(done.texts, r.Text)
		case call.JobGivenBack:
			back.ids, back.attempts = append(back.ids, r.CallID), append(back.attempts, r.Attempt)
		default:
			state := int16(call.StateWaiting)
			if r.End == call.JobFailed {
				state = call.StateFailed
			}
			other.ids, other.attempts = append(other.ids, r.CallID), append(other.attempts, r.Attempt)
			other.states, other.engines = append(other.states, state), append(other.engines, r.Engine)
			other.errors, other.after = append(other.errors, r.Error), append(other.after, r.After.Milliseconds())
		}
	}
	batch := &pgx.Batch{}
	batch.Queue(lockJobs, ids)
	if len(done.ids) > 0 {
		batch.Queue(finishDone, done.ids, done.attempts, done.engines, done.langs, done.texts)
	}
	if len(other.ids) > 0 {
		batch.Queue(finishOther, other.ids, other.attempts, other.states, other.engines, other.errors, other.after,
			s.holder)
	}
	if len(back.ids) > 0 {
		batch.Queue(giveBack, back.ids, back.attempts, s.holder)
	}
	return batch, ends
}

// JobStats implements call.Jobs.
func (s *Store) JobStats(ctx context.Context) (st call.JobStats, err error) {
	var oldest int64
	own := []string{"", s.node} // also while the bucket is away: nobody else can do its jobs either
	if s.bucket != nil {
		own = append(own, s.bucket.Node())
	}
	err = s.read(ctx, func(ctx context.Context, conn *pgxpool.Conn) error {
		return conn.QueryRow(ctx, countJobs, own).Scan(&st.Waiting, &st.Running, &st.Elsewhere, &oldest)
	})
	st.Oldest = time.Duration(max(0, oldest)) * time.Millisecond
	return st, err
}

// Transcripts implements call.Store.
func (s *Store) Transcripts(ctx context.Context, ids []int64, brief bool) (list []call.Transcript, err error) {
	text := "text"
	if brief {
		text = "''"
	}
	err = s.read(ctx, func(ctx context.Context, conn *pgxpool.Conn) error {
		rows, err := conn.Query(ctx, `SELECT call_id,
			CASE WHEN state = 1 AND due_ms <= `+nowMS+` THEN 0 ELSE state END,
			attempts, queued_ms, completed_ms, engine, language,
			error, `+nowMS+`, `+text+` FROM transcripts WHERE call_id = ANY($1) ORDER BY call_id`, ids)
		if err == nil {
			list, err = pgx.CollectRows(rows, scanTranscript)
		}
		return err
	})
	return list, err
}

func scanTranscript(row pgx.CollectableRow) (t call.Transcript, err error) {
	var state int
	var queued, completed, read int64
	err = row.Scan(&t.CallID, &state, &t.Attempts, &queued, &completed, &t.Engine, &t.Language, &t.Error, &read,
		&t.Text)
	t.Read = time.UnixMilli(read).UTC()
	t.State, t.Queued = call.TranscriptStateOf(state), time.UnixMilli(queued).UTC()
	if completed > 0 {
		t.Completed = time.UnixMilli(completed).UTC()
	}
	return t, err
}
