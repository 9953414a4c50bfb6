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

-- +goose Down
DROP TABLE segments;
ALTER TABLE calls DROP COLUMN segment_offset;
ALTER TABLE calls DROP COLUMN segment_id;
