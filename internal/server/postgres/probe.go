package postgres

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// probe tries a write: it inserts a call like any other, and undoes that.
const probe = `SAVEPOINT probe;
	INSERT INTO calls (
		id, system_id, talkgroup_id, started_ms, received_ms, frequency_hz, source_id, site_id, audio_bytes,
		system_label, talkgroup_label,
		talkgroup_name, talkgroup_tag, talker_alias, audio_name, audio_type, audio_sha256, audio
	) VALUES (-1, 1, 1, 0, 0, 0, 0, 0, 0, '', '', '', '', '', '', '', decode(repeat('00', 32), 'hex'), '');
	ROLLBACK TO SAVEPOINT probe;
	INSERT INTO call_counts VALUES ('', -1, 1, 1, 0, 0);
	ROLLBACK TO SAVEPOINT probe`

// errUnknownNode means that the database no longer knows the data folder: it is another database, or an older copy.
var errUnknownNode = errors.New("this is not the database that was opened, or it is an older copy")

// Probe implements groupcommit.Committer.
func (w *writer) Probe(ctx context.Context) error {
	patience := pingLimit
	return describe(w.pool.withOnce(ctx, &patience, func(ctx context.Context, conn *pgxpool.Conn) error {
		return pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
			if _, err := tx.Exec(ctx, probe); err != nil {
				return err
			}
			tag, err := tx.Exec(ctx, "UPDATE nodes SET seen_at = now() WHERE id = $1", w.node)
			if err == nil && tag.RowsAffected() != 1 {
				err = errUnknownNode
			}
			return err
		})
	}))
}
