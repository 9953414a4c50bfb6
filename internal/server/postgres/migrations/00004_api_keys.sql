-- +goose Up

-- API keys, each with what it may be used for: as in a file of keys. Empty lists mean no restriction. The key itself is
-- not kept.
CREATE TABLE api_keys (
    label      text PRIMARY KEY CHECK (label <> ''),
    sha256     bytea NOT NULL UNIQUE CHECK (length(sha256) = 32),
    systems    text[] NOT NULL DEFAULT '{}',
    talkgroups text[] NOT NULL DEFAULT '{}',
    cidrs      cidr[] NOT NULL DEFAULT '{}',
    expires_at timestamptz
);

-- Rises with every change of api_keys, in the same transaction: whoever has seen the number has seen the change.
ALTER TABLE store ADD COLUMN keys_version bigint NOT NULL DEFAULT 0;

-- +goose StatementBegin
CREATE OR REPLACE FUNCTION api_keys_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE store SET keys_version = keys_version + 1;
    PERFORM pg_notify('rdiostress_api_keys', '');
    RETURN NULL;
END
$$;
-- +goose StatementEnd

CREATE TRIGGER api_keys_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON api_keys
    FOR EACH STATEMENT EXECUTE FUNCTION api_keys_changed();

-- +goose Down
DROP TABLE api_keys;
DROP FUNCTION api_keys_changed;
ALTER TABLE store DROP COLUMN keys_version;
