-- +goose Up

-- Leased jobs, also those whose lease has ended without a result.
CREATE INDEX transcripts_leased ON transcripts (due_ms, call_id, attempts) WHERE state = 1;

-- +goose Down
DROP INDEX transcripts_leased;
