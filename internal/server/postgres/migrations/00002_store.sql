-- +goose Up

-- What there is one of. The name tells this database from others, and from a new one in its place.
CREATE TABLE store (
    id   integer PRIMARY KEY CHECK (id = 1),
    name text NOT NULL
);

INSERT INTO store (id, name)
VALUES (1, substr(md5(random()::text || clock_timestamp()::text || pg_backend_pid()), 1, 16));

-- Ids are handed out in blocks: nextval gives the first of 4096 that nobody else has.
ALTER SEQUENCE call_ids INCREMENT BY 4096;

-- first_id is the first of the block that a server is using, and NULL while it has none; it uses one up before it takes
-- the next, in the order of ids. seen_at is when the server last took a block, or saw whether it can write.
ALTER TABLE nodes ADD COLUMN first_id bigint, ADD COLUMN seen_at timestamptz NOT NULL DEFAULT now();

-- +goose Down
ALTER TABLE nodes DROP COLUMN seen_at, DROP COLUMN first_id;
ALTER SEQUENCE call_ids INCREMENT BY 1;
DROP TABLE store;
