-- +goose Up

-- A single row. The name distinguishes this database from others, and from a new one that replaced it. last_id is the
-- highest id of the deleted calls: no other call gets it. probed_ms is written to test whether writes succeed.
CREATE TABLE store (
    id        INTEGER PRIMARY KEY CHECK (id = 1),
    name      TEXT NOT NULL,
    last_id   INTEGER NOT NULL DEFAULT 0,
    probed_ms INTEGER NOT NULL DEFAULT 0
) STRICT;

INSERT INTO store (id, name) VALUES (1, lower(hex(randomblob(8))));

-- +goose Down
DROP TABLE store;
