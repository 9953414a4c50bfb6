-- +goose Up

-- The transcription of calls: one row for each call that was stored while the server transcribed. It is also the queue.
-- state is 0 waiting, 1 running, 2 done, 3 given up. A job may be leased from due_ms on: a waiting one from when it is to
-- be tried, a running one from the end of its lease. attempts counts leases.
CREATE TABLE transcripts (
    call_id      INTEGER PRIMARY KEY,
    state        INTEGER NOT NULL DEFAULT 0 CHECK (state BETWEEN 0 AND 3),
    attempts     INTEGER NOT NULL DEFAULT 0,
    queued_ms    INTEGER NOT NULL,
    due_ms       INTEGER NOT NULL,
    completed_ms INTEGER NOT NULL DEFAULT 0,
    engine       TEXT NOT NULL DEFAULT '',
    language     TEXT NOT NULL DEFAULT '',
    error        TEXT NOT NULL DEFAULT '',
    text         TEXT NOT NULL DEFAULT ''
) STRICT;

-- Only open jobs, with all columns that finding and counting them takes.
CREATE INDEX transcripts_due ON transcripts (due_ms, call_id, state, queued_ms) WHERE state < 2;

-- +goose StatementBegin
CREATE TRIGGER calls_delete_transcripts AFTER DELETE ON calls BEGIN
    DELETE FROM transcripts WHERE call_id = old.id;
END;
-- +goose StatementEnd

-- +goose Down
DROP TRIGGER calls_delete_transcripts;
DROP TABLE transcripts;
