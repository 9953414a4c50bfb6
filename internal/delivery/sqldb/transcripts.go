package sqldb

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"rdiostress/internal/dbread"
	"rdiostress/internal/delivery"
)

// transcriptColumns are how a server keeps transcripts, as templates like a schema's.
type transcriptColumns struct {
	has      map[string][]string // tables and columns that are needed
	words    string              // what is read
	state    string              // "made", "failed", "skipped", "waiting" or "unseen"
	made     string              // Unix milliseconds; NULL if there is no transcript
	delay    string              // milliseconds from the call being stored until then
	noDelay  string              // why there is no delay
	silent   bool                // calls leave no trace before they have a transcript
	clock    string              // selects the Unix ms of the clock that dates transcripts; empty: the server's
	sign     string              // selects what shows whether the server transcribes
	isSign   func(string) bool   // whether that shows it
	doubtful string              // what is said if nothing shows it
}

// transcriptsOf is how a server keeps transcripts; false if it keeps none that are read.
func transcriptsOf(server string) (transcriptColumns, bool) {
	switch server {
	case serverThinLine:
		return thinLineTranscripts(), true
	case serverTREngine:
		return trEngineTranscripts(), true
	}
	return transcriptColumns{}, false
}

// thinLineTranscripts are those of ThinLine Radio. Each call is pending from the beginning, whether the server
// transcribes or not. A call is marked as completed a moment before its transcript gets a row with a date; without
// speech it may get none. The database's clock dates the call, and the server's the transcript.
func thinLineTranscripts() transcriptColumns {
	const made = `(SELECT MIN(x."createdAt") FROM "transcriptions" x WHERE x."callId" = c."callId")`
	return transcriptColumns{
		has: map[string][]string{
			"transcriptions": {"callId", "createdAt"}, "calls": {"transcriptionStatus", "transcript"},
			"options": {"key", "value"},
		},
		words: `table transcriptions of ThinLine Radio`,
		state: `CASE WHEN ` + made + ` IS NOT NULL THEN 'made' ` +
			`WHEN c."transcriptionStatus" IN ('failed', 'skipped') THEN c."transcriptionStatus" ` +
			`WHEN c."transcriptionStatus" = 'completed' AND c."transcript" = '' THEN 'skipped' ELSE 'waiting' END`,
		made: made, delay: "NULL",
		noDelay: "ThinLine Radio dates calls by its database's clock and transcripts by its own",
		sign:    `SELECT o."value" FROM "options" o WHERE o."key" = 'transcriptionConfig'`,
		isSign: func(value string) bool {
			var options struct {
				Enabled bool `json:"enabled"` // beside keys of services, which are left alone
			}
			return json.Unmarshal([]byte(value), &options) == nil && options.Enabled
		},
		doubtful: "ThinLine Radio's options do not have it transcribe, and no call of the run has a transcript",
	}
}

// trEngineTranscripts are those of tr-engine. A call leaves no trace while it waits, nor when its queue is full or the
// provider fails. The database's clock dates calls and transcripts.
func trEngineTranscripts() transcriptColumns {
	const (
		of = `FROM "transcriptions" x WHERE x."call_id" = c."call_id" AND x."call_start_time" = c."start_time" ` +
			`AND x."source" <> 'human'`
		made = `(SELECT CAST(EXTRACT(EPOCH FROM MIN(x."created_at")) * 1000 AS double precision) ` + of + `)`
	)
	return transcriptColumns{
		has: map[string][]string{
			"transcriptions": {"id", "call_id", "call_start_time", "source", "created_at"},
			"calls":          {"transcription_status", "created_at"},
		},
		words: `table transcriptions of tr-engine`,
		state: `CASE WHEN ` + made + ` IS NOT NULL THEN 'made' ` +
			`WHEN c."transcription_status" IN ('empty', 'excluded') THEN 'skipped' ELSE 'unseen' END`,
		made:   made,
		delay:  made + ` - CAST(EXTRACT(EPOCH FROM c."created_at") * 1000 AS double precision)`,
		silent: true,
		clock:  `SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS double precision)`,
		sign: `SELECT CAST(x."created_at" > now() - interval '7 days' AS text) FROM "transcriptions" x ` +
			`ORDER BY x."id" DESC LIMIT 1`,
		isSign:   func(value string) bool { return value == "true" },
		doubtful: "tr-engine has made no transcript in the last week, of the run's calls or others",
	}
}

// OpenTranscripts implements TranscriptReader.
func (p *database) OpenTranscripts(ctx context.Context) (s delivery.TranscriptSource, err error) {
	columns, ok := transcriptsOf(p.schema.server)
	if p.schema.server == serverOwn {
		return s, fmt.Errorf("%w: of %s, the list of calls has them, and the database is not read for them",
			delivery.ErrNoTranscripts, serverOwn)
	}
	if !ok {
		return s, fmt.Errorf("%w: %s keeps none in its database", delivery.ErrNoTranscripts, p.schema.server)
	}
	var found dbread.Tables
	err = dbread.Retry(ctx, dbread.OpenPatience, temporary, func() (_ bool, err error) {
		found, err = dbread.ReadTables(ctx, p.db, p.dialect)
		return false, err
	})
	if err != nil {
		return s, err
	}
	if !found.HasAll(columns.has) {
		return s, fmt.Errorf("%w: this version of %s has other tables for them", delivery.ErrNoTranscripts,
			p.schema.server)
	}
	s = delivery.TranscriptSource{
		Words: columns.words + " on " + p.dialect.Product, Silent: columns.silent, DelayUnknown: columns.noDelay,
		Doubtful: columns.doubtful,
	}
	if columns.clock != "" {
		s.Clock = func(ctx context.Context) (delivery.Offset, error) { return p.compareClock(ctx, columns.clock) }
	}
	err = p.retryQuery(ctx, columns.sign, func(rows *sql.Rows) error {
		var value sql.NullString
		err := rows.Scan(&value)
		if columns.isSign(value.String) {
			s.Doubtful = ""
		}
		return err
	})
	return s, err
}

// compareClock bounds how far the database's clock is ahead.
func (p *database) compareClock(ctx context.Context, query string) (delivery.Offset, error) {
	var ms float64
	before := time.Now()
	err := p.retryQuery(ctx, query, func(rows *sql.Rows) error { return rows.Scan(&ms) })
	after := time.Now()
	theirs := fromMillis(ms)
	return delivery.Offset{Low: theirs.Sub(after.Round(0)), High: theirs.Sub(before.Round(0))}, err
}

func fromMillis(ms float64) time.Time {
	return time.UnixMicro(int64(ms * float64(time.Millisecond/time.Microsecond)))
}

// transcriptsAtOnce are read in one transaction: they have no audio.
const transcriptsAtOnce = 500

// ReadTranscripts implements TranscriptReader.
func (p *database) ReadTranscripts(ctx context.Context, visit func(*delivery.Row, delivery.Transcript)) error {
	columns, ok := transcriptsOf(p.schema.server)
	if !ok {
		return delivery.ErrNoTranscripts
	}
	fields := []string{p.schema.id}
	for i := colName; i <= colTime; i++ {
		fields = append(fields, field(p.dialect, i, p.schema.columns[i], false))
	}
	query := p.dialect.Translate(fmt.Sprintf("SELECT %s, %s, %s, %s FROM %s WHERE %s > %s ORDER BY %s LIMIT %s",
		strings.Join(fields, ", "), columns.state, columns.made, columns.delay, p.schema.from, p.schema.id,
		p.dialect.First, p.schema.id, p.dialect.Second))
	at, allFinal := max(p.start, p.transcribed), true
	return dbread.Retry(ctx, p.lookPatience, temporary, func() (gotOn bool, err error) {
		for n := transcriptsAtOnce; n == transcriptsAtOnce && err == nil; {
			n = 0
			err = p.query(ctx, query, []any{at, transcriptsAtOnce}, func(rows *sql.Rows) error {
				r, t, err := scanTranscript(rows)
				if err != nil {
					return err
				}
				if n++; n > transcriptsAtOnce || r.ID <= at {
					return errEndless
				}
				at, gotOn = r.ID, true
				if allFinal = allFinal && t.State >= delivery.TranscriptMade; allFinal {
					p.transcribed = at
				}
				visit(&r, t)
				return nil
			})
		}
		return gotOn, err
	})
}

// scanTranscript reads a row of a call and its transcript.
func scanTranscript(rows *sql.Rows) (r delivery.Row, t delivery.Transcript, err error) {
	var name, system, group, at, state sql.NullString
	var made, delay sql.NullFloat64
	if err := rows.Scan(&r.ID, &name, &system, &group, &at, &state, &made, &delay); err != nil {
		return r, t, err
	}
	r.Name, r.Size, r.Time = name.String, -1, delivery.ParseTime(at.String)
	r.System, r.Talkgroup = number(system.String), number(group.String)
	t.Delay = -1
	switch state.String {
	case "made":
		t.State = delivery.TranscriptMade
	case "failed":
		t.State = delivery.TranscriptFailed
	case "skipped":
		t.State = delivery.TranscriptSkipped
	case "waiting":
		t.State = delivery.TranscriptWaiting
	}
	if made.Valid {
		t.Made = fromMillis(made.Float64)
	}
	if delay.Valid {
		t.Delay = max(time.Duration(delay.Float64*float64(time.Millisecond)), 0)
	}
	return r, t, nil
}
