-- +goose Up

-- One row per call. Times are Unix milliseconds, UTC. Unknown numbers are 0 and unknown texts '', as in the protocol.
-- Lists are JSON, or NULL if empty. The audio is either in the row or in a file of the audio folder. It is the last
-- column, so that reading the rest of a row never reads it.
CREATE TABLE calls (
    id               INTEGER PRIMARY KEY,
    system_id        INTEGER NOT NULL CHECK (system_id > 0),
    talkgroup_id     INTEGER NOT NULL CHECK (talkgroup_id > 0),
    started_ms       INTEGER NOT NULL,
    received_ms      INTEGER NOT NULL,
    frequency_hz     INTEGER NOT NULL,
    source_id        INTEGER NOT NULL,
    site_id          INTEGER NOT NULL,
    system_label     TEXT NOT NULL,
    talkgroup_label  TEXT NOT NULL,
    talkgroup_name   TEXT NOT NULL,
    talkgroup_tag    TEXT NOT NULL,
    talkgroup_groups TEXT,
    talker_alias     TEXT NOT NULL,
    units            TEXT,
    frequencies      TEXT,
    patches          TEXT,
    audio_name       TEXT NOT NULL,
    audio_type       TEXT NOT NULL,
    audio_bytes      INTEGER NOT NULL,
    audio_sha256     BLOB NOT NULL CHECK (length(audio_sha256) = 32),
    audio_file       TEXT,
    audio            BLOB,
    CHECK ((audio_file IS NULL) <> (audio IS NULL))
) STRICT;

CREATE INDEX calls_by_talkgroup ON calls (system_id, talkgroup_id, started_ms);
CREATE INDEX calls_by_time ON calls (started_ms);
CREATE UNIQUE INDEX calls_by_audio_file ON calls (audio_file) WHERE audio_file IS NOT NULL;

-- +goose Down
DROP TABLE calls;
