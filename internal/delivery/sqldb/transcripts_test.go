package sqldb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"rdiostress/internal/delivery"
	"rdiostress/internal/testenv/pgtest"
)

// transcribedDatabase makes a PostgreSQL database, and returns a way to change it.
func transcribedDatabase(t *testing.T, tables string) (url string, exec func(text string, args ...any)) {
	t.Helper()
	url = pgtest.Open(t).Database(t)
	db, err := sql.Open("pgx", url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	exec = func(text string, args ...any) {
		t.Helper()
		if _, err := db.ExecContext(context.WithoutCancel(t.Context()), text, args...); err != nil {
			t.Fatalf("%v in %.200s", err, text)
		}
	}
	exec(tables)
	return url, exec
}

// found is what a prober says of transcripts, by the calls' names.
func found(t *testing.T, p delivery.Prober) map[string]string {
	t.Helper()
	all := make(map[string]string)
	err := p.(delivery.TranscriptReader).ReadTranscripts(t.Context(), func(r *delivery.Row, tr delivery.Transcript) {
		made := ""
		if !tr.Made.IsZero() {
			made = tr.Made.UTC().Format(" 15:04:05.000")
		}
		all[r.Name] = fmt.Sprintf("%d%s %v", tr.State, made, tr.Delay)
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func opened(t *testing.T, url string) (delivery.Prober, delivery.TranscriptSource) {
	t.Helper()
	p, err := OpenPostgres(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	source, err := p.(delivery.TranscriptReader).OpenTranscripts(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return p, source
}

func check(t *testing.T, got, want map[string]string) {
	t.Helper()
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("\ngot  %v\nwant %v", got, want)
	}
}

const (
	thinLineMore = `
		ALTER TABLE "calls" ADD "transcript" text NOT NULL DEFAULT '';
		ALTER TABLE "calls" ADD "transcriptionStatus" text NOT NULL DEFAULT 'pending';
		CREATE TABLE "options" ("key" text, "value" text);`
	thinLineCall = `INSERT INTO "calls" ("audio", "audioFilename", "audioMime", "systemId", "talkgroupId", "timestamp")
		VALUES ('x', $1, 'audio/mpeg', 1, 1, 1795953600000)`
)

// ThinLine Radio's transcripts are read from its table, by its own clock; a call is pending whether it is transcribed
// or not, so its options say whether to expect any.
func TestThinLineTranscripts(t *testing.T) {
	url, exec := transcribedDatabase(t, thinLineTables()+thinLineMore)
	exec(thinLineCall, "before.mp3")
	p, source := opened(t, url)
	if source.Words != "table transcriptions of ThinLine Radio on PostgreSQL" || source.Doubtful == "" ||
		source.Silent || source.Clock != nil || source.DelayUnknown == "" {
		t.Errorf("%+v", source)
	}
	for _, name := range []string{"made", "failed", "skipped", "silence", "storing", "processing", "pending"} {
		exec(thinLineCall, name)
	}
	status := func(name, status, text string) {
		exec(`UPDATE "calls" SET "transcriptionStatus" = $2, "transcript" = $3 WHERE "audioFilename" = $1`,
			name, status, text)
	}
	for _, name := range []string{"failed", "skipped", "processing"} {
		status(name, name, "")
	}
	status("made", "completed", "FIRE")
	status("silence", "completed", "")
	status("storing", "completed", "SMOKE") // its row comes a moment later
	exec(`INSERT INTO "transcriptions" ("callId", "transcript", "createdAt")
		SELECT "callId", 'FIRE', 1795953604250 FROM "calls" WHERE "audioFilename" = 'made'`)
	want := map[string]string{
		"made": "2 12:00:04.250 -1ns", "failed": "3 -1ns", "skipped": "4 -1ns", "silence": "4 -1ns",
		"storing": "1 -1ns", "processing": "1 -1ns", "pending": "1 -1ns",
	}
	check(t, found(t, p), want)
	for _, name := range []string{"made", "failed", "skipped", "silence"} { // which are final
		delete(want, name)
	}
	check(t, found(t, p), want)
	for enabled, doubtful := range map[string]bool{
		`{"enabled": true, "openAIKey": "x"}`: false, `{"enabled": 0}`: true,
	} {
		exec(`DELETE FROM "options"`)
		exec(`INSERT INTO "options" VALUES ('transcriptionConfig', $1)`, enabled)
		if _, source := opened(t, url); source.Doubtful != "" != doubtful {
			t.Errorf("with %s: %q", enabled, source.Doubtful)
		}
	}
}

// tr-engine's transcripts and calls are dated by one clock, its database's. A call leaves no trace while it waits.
func TestTREngineTranscripts(t *testing.T) {
	url, exec := transcribedDatabase(t, trEngineTables+`
		ALTER TABLE calls ADD created_at timestamptz NOT NULL DEFAULT '2026-11-29 12:00:00Z',
			ADD transcription_status text NOT NULL DEFAULT 'none';
		CREATE TABLE transcriptions (id serial PRIMARY KEY, call_id bigint NOT NULL,
			call_start_time timestamptz NOT NULL, text text, source text NOT NULL,
			created_at timestamptz NOT NULL DEFAULT now())`)
	p, source := opened(t, url)
	if source.Words != "table transcriptions of tr-engine on PostgreSQL" || source.Doubtful == "" || !source.Silent ||
		source.DelayUnknown != "" {
		t.Errorf("%+v", source)
	}
	if o, err := source.Clock(t.Context()); err != nil || o.Low > 2*time.Millisecond || o.High < -2*time.Millisecond ||
		o.Low > o.High {
		t.Errorf("a clock of this machine is ahead by %+v, %v", o, err)
	}
	for _, name := range []string{"made", "empty", "none", "typed"} {
		exec(`INSERT INTO calls (system_id, tgid, start_time, audio_file_path, system_name)
			VALUES (1, 1001, '2026-11-29 11:59:00Z', $1, 'rdiostress-900')`, name)
	}
	exec(`UPDATE calls SET transcription_status = 'empty' WHERE audio_file_path = 'empty'`)
	for name, source := range map[string]string{"made": "auto", "typed": "human"} {
		exec(`INSERT INTO transcriptions (call_id, call_start_time, text, source, created_at)
			SELECT call_id, start_time, 'fire', $2, '2026-11-29 12:00:07.5Z' FROM calls WHERE audio_file_path = $1`,
			name, source)
	}
	check(t, found(t, p), map[string]string{
		"made": "2 12:00:07.500 7.5s", "empty": "4 -1ns", "none": "0 -1ns", "typed": "0 -1ns",
	})
	exec(`INSERT INTO transcriptions (call_id, call_start_time, source) VALUES (1, now(), 'auto')`)
	if _, source := opened(t, url); source.Doubtful != "" {
		t.Errorf("with a transcript of today: %q", source.Doubtful)
	}
}

// Other databases have no transcripts, and say so.
func TestDatabasesWithoutTranscripts(t *testing.T) {
	url, _ := transcribedDatabase(t, thinLineTables())
	old, err := OpenPostgres(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer old.Close()
	six, err := OpenSQLite(t.Context(), filepath.Join("..", "testdata", "rdio-scanner-6.6.3.sqlite"))
	if err != nil {
		t.Fatal(err)
	}
	defer six.Close()
	for _, p := range []delivery.Prober{old, six, &database{schema: &schema{server: serverOwn}}} {
		_, err := p.(delivery.TranscriptReader).OpenTranscripts(t.Context())
		if !errors.Is(err, delivery.ErrNoTranscripts) {
			t.Errorf("%s: %v", p.(*database).schema.server, err)
		}
	}
	if err := six.(delivery.TranscriptReader).ReadTranscripts(t.Context(), nil); !errors.Is(err,
		delivery.ErrNoTranscripts) {
		t.Error(err)
	}
}
