-- +goose Up

-- A single row. The name distinguishes this database from others, and from a new one that replaced it.
CREATE TABLE store (
    id   integer PRIMARY KEY CHECK (id = 1),
    name text NOT NULL
);

INSERT INTO store (id, name)
VALUES (1, substr(md5(random()::text || clock_timestamp()::text || pg_backend_pid()), 1, 16));

-- Ids are assigned in blocks: nextval returns the first of 4096 ids that no other server has.
ALTER SEQUENCE call_ids INCREMENT BY 4096;

-- first_id is the first id of the block that a server uses, and NULL while it has none. It uses up a block, in the
-- order of ids, before it takes the next. seen_at is when the server last took a block or checked whether it can write.
ALTER TABLE nodes ADD COLUMN first_id bigint, ADD COLUMN seen_at timestamptz NOT NULL DEFAULT now();

-- +goose Down
ALTER TABLE nodes DROP COLUMN seen_at, DROP COLUMN first_id;
ALTER SEQUENCE call_ids INCREMENT BY 1;
DROP TABLE store;
