-- +goose Up

-- Every filter and every order has an index with all columns that are needed to find a page, including the calls' ids:
-- the table, with its audio, is only read for the calls of the page.
DROP INDEX calls_by_talkgroup;
DROP INDEX calls_by_time;
CREATE INDEX calls_by_time ON calls (started_ms);
CREATE INDEX calls_by_system ON calls (system_id, started_ms);
CREATE INDEX calls_by_talkgroup ON calls (talkgroup_id, started_ms, id, system_id);
CREATE INDEX calls_by_id ON calls (id, started_ms, system_id, talkgroup_id);

-- The number of calls and the bytes of their audio, by the day that they began on: started_ms / 86400000. Updated in
-- the transactions that add and delete calls.
CREATE TABLE call_counts (
    day          INTEGER NOT NULL,
    system_id    INTEGER NOT NULL,
    talkgroup_id INTEGER NOT NULL,
    calls        INTEGER NOT NULL,
    audio_bytes  INTEGER NOT NULL,
    PRIMARY KEY (day, system_id, talkgroup_id)
) STRICT, WITHOUT ROWID;

INSERT INTO call_counts
SELECT started_ms / 86400000, system_id, talkgroup_id, count(*), sum(audio_bytes) FROM calls GROUP BY 1, 2, 3;

-- +goose Down
DROP TABLE call_counts;
DROP INDEX calls_by_id;
DROP INDEX calls_by_system;
DROP INDEX calls_by_talkgroup;
CREATE INDEX calls_by_talkgroup ON calls (system_id, talkgroup_id, started_ms);
