-- +goose Up

-- Short audio is in segments, files of the folder of that name: audio_segment is the segment's number, audio_offset where
-- the call's record begins in it, and audio is x''. Rows of earlier versions keep their audio.
ALTER TABLE calls ADD COLUMN audio_segment INTEGER;
ALTER TABLE calls ADD COLUMN audio_offset INTEGER;

-- bytes is how much of a segment the committed transactions have written; what is after it a crash has left. calls is how
-- many rows point at the segment, which is removed when there are none, and audio_bytes what their audio takes.
CREATE TABLE segments (
    id          INTEGER PRIMARY KEY,
    bytes       INTEGER NOT NULL,
    calls       INTEGER NOT NULL,
    audio_bytes INTEGER NOT NULL
) STRICT;

-- +goose Down
DROP TABLE segments;
ALTER TABLE calls DROP COLUMN audio_offset;
ALTER TABLE calls DROP COLUMN audio_segment;
