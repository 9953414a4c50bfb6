-- +goose Up

-- Each call has a record in a segment, a file of the folder of that name: segment_id is the segment's number, and
-- segment_offset where the record begins. Audio that is not a file of its own is in the record, and audio is x''. Calls of
-- earlier versions have no record, and keep their audio in the row.
ALTER TABLE calls ADD COLUMN segment_id INTEGER;
ALTER TABLE calls ADD COLUMN segment_offset INTEGER;

-- bytes is how much of a segment the committed transactions have written; what is after it a crash has left. records is
-- how many calls have got a record in the segment, and calls how many of them are left. Without any it is removed.
CREATE TABLE segments (
    id      INTEGER PRIMARY KEY,
    bytes   INTEGER NOT NULL,
    records INTEGER NOT NULL,
    calls   INTEGER NOT NULL
) STRICT;

-- Changes of call_counts that are not in it yet. A transaction's calls are of many talkgroups, whose counts are all over
-- call_counts; here they are in a row, and go there all together from time to time. all_counts has both.
CREATE TABLE call_changes (
    day          INTEGER NOT NULL,
    system_id    INTEGER NOT NULL,
    talkgroup_id INTEGER NOT NULL,
    calls        INTEGER NOT NULL,
    audio_bytes  INTEGER NOT NULL
) STRICT;

CREATE VIEW all_counts AS
    SELECT day, system_id, talkgroup_id, calls, audio_bytes FROM call_counts
    UNION ALL SELECT day, system_id, talkgroup_id, calls, audio_bytes FROM call_changes;

-- +goose Down
INSERT INTO call_counts
    SELECT day, system_id, talkgroup_id, sum(calls), sum(audio_bytes) FROM call_changes WHERE true GROUP BY 1, 2, 3
    ON CONFLICT DO UPDATE SET calls = calls + excluded.calls, audio_bytes = audio_bytes + excluded.audio_bytes;
DROP VIEW all_counts;
DROP TABLE call_changes;
DROP TABLE segments;
ALTER TABLE calls DROP COLUMN segment_offset;
ALTER TABLE calls DROP COLUMN segment_id;
