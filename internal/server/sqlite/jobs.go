package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"rdiostress/internal/server/call"
	"rdiostress/internal/server/groupcommit"
)

// insertJobs queues the calls from one id on. One statement for the whole batch costs a fraction of one for each call.
const insertJobs = `INSERT INTO transcripts (call_id, queued_ms, due_ms)
	SELECT id, ?1, ?1 FROM calls INDEXED BY calls_by_id WHERE id >= ?2`

// dueJobs and dueSuspects are the jobs that may be leased; both have their own index.
const (
	dueJobs = `transcripts INDEXED BY transcripts_due
		WHERE state < 2 AND due_ms <= ?1 AND (state = 0 OR attempts < 2)`
	dueSuspects = `transcripts INDEXED BY transcripts_leased
		WHERE state = 1 AND due_ms <= ?1 AND attempts > 1`
)

const hasDueJob = "SELECT EXISTS (SELECT 1 FROM " + dueJobs + ") OR " +
	"?2 > 0 AND EXISTS (SELECT 1 FROM " + dueSuspects + ")"

// selectDue selects what to lease, with the calls' audio.
const selectDue = `SELECT j.call_id, j.attempts + 1, j.suspect, c.audio_name, c.audio_type, c.audio_bytes FROM (
		SELECT * FROM (SELECT call_id, attempts, due_ms, 0 AS suspect FROM ` + dueJobs + `
			ORDER BY due_ms, call_id LIMIT ?3)
		UNION ALL
		SELECT * FROM (SELECT call_id, attempts, due_ms, 1 FROM ` + dueSuspects + `
			ORDER BY due_ms, call_id LIMIT ?2)
		ORDER BY due_ms, call_id LIMIT ?3
	) j JOIN calls c ON c.id = j.call_id`

const leaseJobs = `UPDATE transcripts SET state = 1, attempts = attempts + 1, due_ms = ?
	WHERE call_id IN (SELECT value FROM json_each(?))`

const extendJob = "UPDATE transcripts SET due_ms = ? WHERE call_id = ? AND state = 1 AND attempts = ?"

// finishDone stores a transcript, whoever has the lease by now, unless there is one already.
const finishDone = `UPDATE transcripts SET state = 2, completed_ms = ?, engine = ?, language = ?, text = ?, error = ''
	WHERE call_id = ? AND state <> 2 RETURNING queued_ms`

// finishOther ends an attempt whose lease still lasts.
const finishOther = `UPDATE transcripts SET state = ?, completed_ms = ?, engine = ?, error = ?, due_ms = ?
	WHERE call_id = ? AND state = 1 AND attempts = ? RETURNING queued_ms`

// giveBack puts a job back to where it was in the queue.
const giveBack = `UPDATE transcripts SET state = 0, due_ms = queued_ms, attempts = attempts - 1
	WHERE call_id = ? AND state = 1 AND attempts = ? RETURNING queued_ms`

const countJobs = `SELECT count(*), coalesce(sum(state = 1 AND due_ms > ?1), 0),
	coalesce(min(CASE WHEN state = 0 OR due_ms <= ?1 THEN queued_ms END), 0)
	FROM transcripts INDEXED BY transcripts_due WHERE state < 2`

// joinPatience is how long changes of jobs wait for calls to share their transaction with. Alone, they are few enough
// that hardly a call has to wait for one.
const joinPatience = 100 * time.Millisecond

// jobPages are the pages in the log that a change of a job takes, roughly.
const jobPages = 1

// statement returns a prepared statement of the writer's connection.
func (w *writer) statement(ctx context.Context, text string) (*sql.Stmt, error) {
	if stmt := w.jobs[text]; stmt != nil {
		return stmt, nil
	}
	stmt, err := w.conn.PrepareContext(ctx, text)
	if err == nil {
		w.jobs[text] = stmt
	}
	return stmt, err
}

// addJobs queues all calls from an id on.
func (w *writer) addJobs(ctx context.Context, first int64) error {
	stmt, err := w.statement(ctx, insertJobs)
	if err == nil {
		_, err = stmt.ExecContext(ctx, time.Now().UnixMilli(), first)
	}
	if err != nil {
		return fmt.Errorf("queueing calls for transcription: %w", err)
	}
	return nil
}

func (w *writer) signalAdded() {
	select {
	case w.added <- struct{}{}:
	default: // already signalled
	}
}

// join makes the writes of an item without a call. If they fail, they are undone alone. join returns an error if the
// whole transaction has failed.
func (w *writer) join(ctx context.Context, it *groupcommit.Item) error {
	if _, err := w.conn.ExecContext(ctx, "SAVEPOINT joined"); err != nil {
		return err
	}
	it.Err = it.Write(ctx)
	if it.Err != nil {
		if _, err := w.conn.ExecContext(ctx, "ROLLBACK TO joined"); err != nil {
			return it.Err // SQLite has undone the whole transaction
		}
	}
	_, err := w.conn.ExecContext(ctx, "RELEASE joined")
	return err
}

// JobsAdded implements call.Jobs.
func (s *Store) JobsAdded() <-chan struct{} { return s.writer.added }

// releaseJobs ends the leases of jobs that a server had when it was killed: no other server uses this database. They
// follow after those that wait, so that a call which kills servers does not hold up the others.
func (s *Store) releaseJobs(ctx context.Context) error {
	const leased = "FROM transcripts INDEXED BY transcripts_leased WHERE state = 1"
	var isLeased bool
	err := s.read.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 "+leased+")").Scan(&isLeased)
	if err != nil || !isLeased {
		return err
	}
	return s.queue.Join(ctx, joinPatience, func(ctx context.Context) error {
		_, err := s.writer.conn.ExecContext(ctx,
			"UPDATE transcripts SET due_ms = ? WHERE call_id IN (SELECT call_id "+leased+")", time.Now().UnixMilli())
		return err
	})
}

// ClaimJobs implements call.Jobs. The claim shares the transaction of calls that are being stored.
func (s *Store) ClaimJobs(ctx context.Context, n, suspects int, lease time.Duration) (jobs []call.Job, err error) {
	var isDue bool
	err = s.read.QueryRowContext(ctx, hasDueJob, time.Now().UnixMilli(), suspects).Scan(&isDue)
	if err != nil || !isDue {
		return nil, err
	}
	err = s.queue.Join(ctx, joinPatience, func(ctx context.Context) error {
		now := time.Now()
		if jobs, err = s.writer.dueJobs(ctx, now, n, suspects); err != nil || len(jobs) == 0 {
			return err
		}
		ids := make([]int64, len(jobs))
		for i := range jobs {
			ids[i] = jobs[i].CallID
		}
		stmt, err := s.writer.statement(ctx, leaseJobs)
		if err == nil {
			_, err = stmt.ExecContext(ctx, now.Add(lease).UnixMilli(), idList(ids))
		}
		s.writer.pages += jobPages * len(jobs)
		return err
	})
	if err != nil {
		return nil, err
	}
	return jobs, nil
}

// dueJobs returns jobs to be leased.
func (w *writer) dueJobs(ctx context.Context, now time.Time, n, suspects int) (jobs []call.Job, err error) {
	stmt, err := w.statement(ctx, selectDue)
	if err != nil {
		return nil, err
	}
	rows, err := stmt.QueryContext(ctx, now.UnixMilli(), suspects, n)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var j call.Job
		err := rows.Scan(&j.CallID, &j.Attempt, &j.Suspect, &j.AudioName, &j.AudioType, &j.AudioSize)
		if err != nil {
			return nil, err
		}
		jobs = append(jobs, j)
	}
	return jobs, rows.Err()
}

// idList returns ids as an argument of json_each.
func idList(ids []int64) string {
	text, _ := json.Marshal(ids) // whole numbers have no errors
	return string(text)
}

// ExtendJobs implements call.Jobs.
func (s *Store) ExtendJobs(ctx context.Context, jobs []call.Job, lease time.Duration) error {
	return s.queue.Join(ctx, joinPatience, func(ctx context.Context) error {
		stmt, err := s.writer.statement(ctx, extendJob)
		if err != nil {
			return err
		}
		until := time.Now().Add(lease).UnixMilli()
		for _, j := range jobs {
			if _, err := stmt.ExecContext(ctx, until, j.CallID, j.Attempt); err != nil {
				return err
			}
		}
		s.writer.pages += jobPages * len(jobs)
		return nil
	})
}

// FinishJobs implements call.Jobs. The results share the transaction of calls that are being stored.
func (s *Store) FinishJobs(ctx context.Context, results []call.JobResult) (effects []call.JobEffect, err error) {
	err = s.queue.Join(ctx, joinPatience, func(ctx context.Context) error {
		effects = effects[:0] // of an earlier attempt
		now := time.Now()
		for i := range results {
			queued, err := s.writer.finish(ctx, &results[i], now)
			switch {
			case errors.Is(err, sql.ErrNoRows): // no effect
			case err != nil:
				return err
			default:
				effects = append(effects, call.JobEffect{
					CallID: results[i].CallID, End: results[i].End, Delay: now.Sub(time.UnixMilli(queued)),
				})
			}
		}
		s.writer.pages += jobPages * len(results)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return effects, nil
}

// finish stores one result, and returns when the call was queued. It returns sql.ErrNoRows if the result has no effect.
func (w *writer) finish(ctx context.Context, r *call.JobResult, now time.Time) (queued int64, err error) {
	text, args := "", []any(nil)
	switch r.End {
	case call.JobDone:
		text, args = finishDone, []any{now.UnixMilli(), r.Engine, r.Language, r.Text, r.CallID}
	case call.JobGivenBack:
		text, args = giveBack, []any{r.CallID, r.Attempt}
	case call.JobFailed:
		text, args = finishOther, []any{call.StateFailed, now.UnixMilli(), r.Engine, r.Error, 0, r.CallID, r.Attempt}
	default:
		due := now.Add(r.After).UnixMilli()
		text, args = finishOther, []any{call.StateWaiting, 0, r.Engine, r.Error, due, r.CallID, r.Attempt}
	}
	stmt, err := w.statement(ctx, text)
	if err != nil {
		return 0, err
	}
	err = stmt.QueryRowContext(ctx, args...).Scan(&queued)
	return queued, err
}

// JobStats implements call.Jobs.
func (s *Store) JobStats(ctx context.Context) (st call.JobStats, err error) {
	var open, oldest int64
	row := s.read.QueryRowContext(ctx, countJobs, time.Now().UnixMilli())
	if err := row.Scan(&open, &st.Running, &oldest); err != nil {
		return st, err
	}
	if st.Waiting = open - st.Running; st.Waiting > 0 {
		st.Oldest = max(0, time.Since(time.UnixMilli(oldest)))
	}
	return st, nil
}

// Transcripts implements call.Store.
func (s *Store) Transcripts(ctx context.Context, ids []int64, brief bool) (list []call.Transcript, err error) {
	text := "text"
	if brief {
		text = "''"
	}
	query := `SELECT call_id, CASE WHEN state = 1 AND due_ms <= ?2 THEN 0 ELSE state END, attempts, queued_ms,
		completed_ms, engine, language, error, ` + text + `
		FROM transcripts WHERE call_id IN (SELECT value FROM json_each(?1)) ORDER BY call_id`
	rows, err := s.read.QueryContext(ctx, query, idList(ids), time.Now().UnixMilli())
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var t call.Transcript
		var state int
		var queued, completed int64
		err := rows.Scan(&t.CallID, &state, &t.Attempts, &queued, &completed, &t.Engine, &t.Language, &t.Error, &t.Text)
		if err != nil {
			return nil, err
		}
		t.Read = time.Now().UTC()
		t.State, t.Queued = call.TranscriptStateOf(state), time.UnixMilli(queued).UTC()
		if completed > 0 {
			t.Completed = time.UnixMilli(completed).UTC()
		}
		list = append(list, t)
	}
	return list, rows.Err()
}
