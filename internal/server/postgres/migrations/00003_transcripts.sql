-- +goose Up

-- The transcription of calls: one row for each call that was stored while its server transcribed. It is also the queue.
-- state is 0 waiting, 1 running, 2 done, 3 given up. A job may be leased from due_ms on: a waiting one from when it is to
-- be tried, a running one from the end of its lease. attempts counts leases. holder is the server that has the lease.
-- node is where the audio is, if it is a file: only that server can transcribe the call. Times are the database's.
CREATE TABLE transcripts (
    call_id      bigint PRIMARY KEY,
    state        smallint NOT NULL DEFAULT 0 CHECK (state BETWEEN 0 AND 3),
    attempts     integer NOT NULL DEFAULT 0,
    queued_ms    bigint NOT NULL,
    due_ms       bigint NOT NULL,
    completed_ms bigint NOT NULL DEFAULT 0,
    node         text,
    holder       text NOT NULL DEFAULT '',
    engine       text NOT NULL DEFAULT '',
    language     text NOT NULL DEFAULT '',
    error        text NOT NULL DEFAULT '',
    text         text NOT NULL DEFAULT ''
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.02);

-- Only open jobs, with all columns that counting them takes.
CREATE INDEX transcripts_due ON transcripts (due_ms, call_id) INCLUDE (state, queued_ms) WHERE state < 2;

-- +goose Down
DROP TABLE transcripts;
