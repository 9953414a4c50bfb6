package sqlite

import (
	"context"
	"fmt"
	"time"
)

// probe tries a write: it inserts a call like any other, and undoes that.
const probe = `SAVEPOINT probe;
	INSERT INTO calls (
		id, system_id, talkgroup_id, started_ms, received_ms, frequency_hz, source_id, site_id, system_label,
		talkgroup_label, talkgroup_name,
		talkgroup_tag, talker_alias, audio_name, audio_type, audio_bytes, audio_sha256, audio
	) VALUES (-1, 1, 1, 0, 0, 0, 0, 0, '', '', '', '', '', '', '', 0, zeroblob(32), x'');
	INSERT INTO call_changes VALUES (-1, 1, 1, 0, 0);
	ROLLBACK TO probe;
	RELEASE probe`

// Probe implements groupcommit.Committer.
func (w *writer) Probe(ctx context.Context) error {
	if w.segments != nil {
		if err := w.segments.Probe(); err != nil {
			return noSpace(fmt.Errorf("writing to a segment: %w", err))
		}
	}
	return w.transact(ctx, func() error {
		if _, err := w.conn.ExecContext(ctx, probe); err != nil {
			return err
		}
		_, err := w.conn.ExecContext(ctx, "UPDATE store SET probed_ms = ?", time.Now().UnixMilli())
		return err
	})
}
