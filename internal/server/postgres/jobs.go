package postgres

import (
	"context"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"rdiostress/internal/clock"
	"rdiostress/internal/server/call"
)

// States of a transcription in the database.
const (
	stateWaiting = iota
	stateRunning
	stateDone
	stateFailed
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

// claimJobs skips calls whose audio this server cannot read now, and jobs that another server is leasing.
const claimJobs = `WITH due AS MATERIALIZED (
	SELECT call_id FROM transcripts WHERE state < 2 AND due_ms <= ` + nowMS + ` AND (node IS NULL OR node = ANY($1))
	ORDER BY due_ms, call_id LIMIT $2 FOR UPDATE SKIP LOCKED
)
UPDATE transcripts t SET state = 1, attempts = attempts + 1, holder = $3, due_ms = ` + nowMS + ` + $4::bigint
FROM due JOIN calls c ON c.id = due.call_id WHERE t.call_id = due.call_id
RETURNING t.call_id, t.attempts, c.audio_name, c.audio_type, c.audio_bytes`

const extendJobs = `UPDATE transcripts t SET due_ms = ` + nowMS + ` + $3::bigint
	FROM unnest($1::bigint[], $2::integer[]) AS j (call_id, attempts)
	WHERE t.call_id = j.call_id AND t.attempts = j.attempts AND t.state = 1 AND t.holder = $4`

// finishDone stores transcripts, whoever has the leases by now, unless there is one already. finishOther ends attempts
// whose leases still last. giveBack puts jobs back to where they were in the queue. All return the milliseconds since
// the call was stored.
const (
	finishDone = `UPDATE transcripts t SET state = 2, completed_ms = ` + nowMS + `, engine = r.engine,
		language = r.language, text = r.text, error = ''
		FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[]) AS r (call_id, engine, language, text)
		WHERE t.call_id = r.call_id AND t.state <> 2 RETURNING t.call_id, ` + nowMS + ` - t.queued_ms`

	finishOther = `UPDATE transcripts t SET state = r.state, engine = r.engine, error = r.error,
		completed_ms = CASE WHEN r.state = 3 THEN ` + nowMS + ` ELSE 0 END, due_ms = ` + nowMS + ` + r.after
		FROM unnest($1::bigint[], $2::integer[], $3::smallint[], $4::text[], $5::text[], $6::bigint[])
		AS r (call_id, attempts, state, engine, error, after)
		WHERE t.call_id = r.call_id AND t.state = 1 AND t.attempts = r.attempts AND t.holder = $7
		RETURNING t.call_id, ` + nowMS + ` - t.queued_ms`

	giveBack = `UPDATE transcripts t SET state = 0, due_ms = queued_ms, attempts = t.attempts - 1
		FROM unnest($1::bigint[], $2::integer[]) AS r (call_id, attempts)
		WHERE t.call_id = r.call_id AND t.state = 1 AND t.attempts = r.attempts AND t.holder = $3
		RETURNING t.call_id, ` + nowMS + ` - t.queued_ms`
)

const countJobs = `SELECT count(*) FILTER (WHERE state = 0), count(*) FILTER (WHERE state = 1),
	coalesce(` + nowMS + ` - min(queued_ms) FILTER (WHERE state = 0), 0) FROM transcripts WHERE state < 2`

func (w *writer) signalAdded() {
	select {
	case w.added <- struct{}{}:
	default: // already signalled
	}
}

// JobsAdded implements call.Jobs.
func (s *Store) JobsAdded() <-chan struct{} { return s.added }

// releaseJobs makes the jobs due that this server had when it was killed. They follow after those that wait, so that a
// call which kills servers does not hold up the others.
func (s *Store) releaseJobs(ctx context.Context) error {
	return s.pool.with(ctx, func(ctx context.Context, conn *pgxpool.Conn) error {
		_, err := conn.Exec(ctx, "UPDATE transcripts SET state = 0, holder = '', due_ms = "+nowMS+
			" WHERE state < 2 AND state = 1 AND split_part(holder, '/', 1) = $1", s.node)
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

// ClaimJobs implements call.Jobs.
func (s *Store) ClaimJobs(ctx context.Context, n int, lease time.Duration) (jobs []call.Job, err error) {
	if err := s.claims.wait(ctx); err != nil {
		return nil, err
	}
	err = s.read(ctx, func(ctx context.Context, conn *pgxpool.Conn) error {
		rows, err := conn.Query(ctx, claimJobs, s.reachable(), n, s.holder, lease.Milliseconds())
		if err != nil {
			return err
		}
		jobs, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (j call.Job, err error) {
			err = row.Scan(&j.CallID, &j.Attempt, &j.AudioName, &j.AudioType, &j.AudioSize)
			return j, err
		})
		return err
	})
	return jobs, err
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
	batch, ends := s.finishBatch(results)
	err = s.read(ctx, func(ctx context.Context, conn *pgxpool.Conn) error {
		effects = effects[:0] // of an earlier attempt
		sent := conn.SendBatch(ctx, batch)
		for range batch.Len() {
			rows, err := sent.Query()
			if err == nil {
				var id, ms int64
				_, err = pgx.ForEachRow(rows, []any{&id, &ms}, func() error {
					effects = append(effects, call.JobEffect{
						CallID: id, End: ends[id], Delay: time.Duration(ms) * time.Millisecond,
					})
					return nil
				})
			}
			if err != nil {
				_ = sent.Close() // the first error counts
				return err
			}
		}
		return sent.Close()
	})
	if err != nil {
		return nil, err
	}
	return effects, nil
}

// finishBatch returns the statements that store results in one transaction, and how each call's attempt ended.
func (s *Store) finishBatch(results []call.JobResult) (*pgx.Batch, map[int64]call.JobEnd) {
	var done struct {
		ids                   []int64
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
	ends := make(map[int64]call.JobEnd, len(results))
	for _, r := range results {
		ends[r.CallID] = r.End
		switch r.End {
		case call.JobDone:
			done.ids, done.engines = append(done.ids, r.CallID), append(done.engines, r.Engine)
			done.langs, done.texts = append(done.langs, r.Language), append(done.texts, r.Text)
		case call.JobGivenBack:
			back.ids, back.attempts = append(back.ids, r.CallID), append(back.attempts, r.Attempt)
		default:
			state := int16(stateWaiting)
			if r.End == call.JobFailed {
				state = stateFailed
			}
			other.ids, other.attempts = append(other.ids, r.CallID), append(other.attempts, r.Attempt)
			other.states, other.engines = append(other.states, state), append(other.engines, r.Engine)
			other.errors, other.after = append(other.errors, r.Error), append(other.after, r.After.Milliseconds())
		}
	}
	batch := &pgx.Batch{}
	if len(done.ids) > 0 {
		batch.Queue(finishDone, done.ids, done.engines, done.langs, done.texts)
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
	err = s.read(ctx, func(ctx context.Context, conn *pgxpool.Conn) error {
		return conn.QueryRow(ctx, countJobs).Scan(&st.Waiting, &st.Running, &oldest)
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
		rows, err := conn.Query(ctx, `SELECT call_id, state, attempts, queued_ms, completed_ms, engine, language,
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
	err = row.Scan(&t.CallID, &state, &t.Attempts, &queued, &completed, &t.Engine, &t.Language, &t.Error, &read, &t.Text)
	t.Read = time.UnixMilli(read).UTC()
	t.State, t.Queued = transcriptState(state), time.UnixMilli(queued).UTC()
	if completed > 0 {
		t.Completed = time.UnixMilli(completed).UTC()
	}
	return t, err
}

func transcriptState(state int) call.TranscriptState {
	switch state {
	case stateRunning:
		return call.TranscriptRunning
	case stateDone:
		return call.TranscriptDone
	case stateFailed:
		return call.TranscriptFailed
	default:
		return call.TranscriptWaiting
	}
}
