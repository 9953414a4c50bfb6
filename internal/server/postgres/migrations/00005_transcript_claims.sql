-- +goose Up

-- Open jobs that any server can do, and those that are bound to one server, apart: jobs of a server that is gone for good
-- do not stand in the way of the others. Both have all columns that counting jobs takes.
DROP INDEX transcripts_due;
CREATE INDEX transcripts_due ON transcripts (due_ms, call_id) INCLUDE (state, queued_ms)
    WHERE state < 2 AND node IS NULL;
CREATE INDEX transcripts_bound ON transcripts (node, due_ms, call_id) INCLUDE (state, queued_ms)
    WHERE state < 2 AND node IS NOT NULL;

-- Leased jobs, also those whose lease has ended without a result.
CREATE INDEX transcripts_leased ON transcripts (due_ms, call_id) WHERE state = 1;

-- +goose Down
DROP INDEX transcripts_leased, transcripts_bound, transcripts_due;
CREATE INDEX transcripts_due ON transcripts (due_ms, call_id) INCLUDE (state, queued_ms) WHERE state < 2;
