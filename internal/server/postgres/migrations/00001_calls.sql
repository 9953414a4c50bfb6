-- +goose Up

-- Servers assign ids from this sequence, each in the order of its commits.
CREATE SEQUENCE call_ids;

-- The data folders of the servers that use this database. Each has the audio files of its own calls.
CREATE TABLE nodes (
    id       text PRIMARY KEY,
    added_at timestamptz NOT NULL DEFAULT now()
);

-- One row per call. Times are Unix milliseconds, UTC. Unknown numbers are 0 and unknown texts '', as in the protocol.
-- Lists are JSON, or NULL if empty. The audio is either in the row or in a file of a node's audio folder.
CREATE TABLE calls (
    id               bigint NOT NULL,
    system_id        bigint NOT NULL CHECK (system_id > 0),
    talkgroup_id     bigint NOT NULL CHECK (talkgroup_id > 0),
    started_ms       bigint NOT NULL,
    received_ms      bigint NOT NULL,
    frequency_hz     bigint NOT NULL,
    source_id        bigint NOT NULL,
    site_id          bigint NOT NULL,
    audio_bytes      bigint NOT NULL,
    system_label     text NOT NULL,
    talkgroup_label  text NOT NULL,
    talkgroup_name   text NOT NULL,
    talkgroup_tag    text NOT NULL,
    talkgroup_groups text,
    talker_alias     text NOT NULL,
    units            text,
    frequencies      text,
    patches          text,
    audio_name       text NOT NULL,
    audio_type       text NOT NULL,
    audio_sha256     bytea NOT NULL CHECK (length(audio_sha256) = 32),
    audio_node       text REFERENCES nodes,
    audio_file       text,
    audio            bytea,
    PRIMARY KEY (id) INCLUDE (started_ms, system_id, talkgroup_id),
    CHECK ((audio_file IS NULL) <> (audio IS NULL)),
    CHECK ((audio_file IS NULL) = (audio_node IS NULL))
) WITH (autovacuum_vacuum_insert_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.02);

-- Audio is already compressed.
ALTER TABLE calls ALTER COLUMN audio SET STORAGE EXTERNAL;

-- Every filter and every order has an index with all columns that are needed to find a page: the table is only read for
-- the calls of the page.
CREATE INDEX calls_by_time ON calls (started_ms, id);
CREATE INDEX calls_by_system ON calls (system_id, started_ms, id);
CREATE INDEX calls_by_talkgroup ON calls (talkgroup_id, started_ms, id, system_id);
CREATE UNIQUE INDEX calls_by_audio_file ON calls (audio_file) WHERE audio_file IS NOT NULL;

-- The number of calls and the bytes of their audio, by the day that they began on: started_ms / 86400000. Updated in
-- the transactions that add and delete calls. Each node has its own rows, so that servers do not wait for each other;
-- the totals are the sums of the rows.
CREATE TABLE call_counts (
    node         text NOT NULL,
    day          bigint NOT NULL,
    system_id    bigint NOT NULL,
    talkgroup_id bigint NOT NULL,
    calls        bigint NOT NULL,
    audio_bytes  bigint NOT NULL,
    PRIMARY KEY (node, day, system_id, talkgroup_id)
) WITH (fillfactor = 50);

-- +goose Down
DROP TABLE call_counts, calls, nodes;
DROP SEQUENCE call_ids;
