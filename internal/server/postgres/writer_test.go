package postgres

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"rdiostress/internal/server/call"
	"rdiostress/internal/server/groupcommit"
	"rdiostress/internal/server/storetest"
	"rdiostress/internal/testenv/pgtest"
)

// A batch may take several transactions. When a later one fails, the calls of the earlier ones are still stored.
func TestFailureAfterSomeAreStored(t *testing.T) {
	s, err := Open(t.Context(), Options{URL: pgtest.Open(t).Database(t), Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	err = s.pool.with(t.Context(), func(ctx context.Context, conn *pgxpool.Conn) error {
		_, err := conn.Exec(ctx, `CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
			$$ BEGIN RAISE EXCEPTION 'refused' USING ERRCODE = 'XX001'; END $$;
			CREATE TRIGGER refuse BEFORE INSERT ON calls FOR EACH ROW WHEN (new.audio_name = 'refused')
			EXECUTE FUNCTION refuse()`)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	good, bad, near := storetest.UploadOf(1), storetest.UploadOf(2), storetest.UploadOf(2)
	bad.Call.SystemLabel = "\x00" // PostgreSQL does not store this
	near.Call.AudioName = "refused"
	near.SHA256[0]++ // near the bad one, and so in a later transaction
	w := newWriter(s.pool, s.node, 500*time.Millisecond, nil)
	batch := []*groupcommit.Item{{Upload: good}, {Upload: bad}, {Upload: near}}
	if err := w.Commit(t.Context(), batch); err == nil {
		t.Error("no error")
	}
	if it := batch[0]; it.ID == 0 || it.Err != nil {
		t.Errorf("the good call: id %d, %v", it.ID, it.Err)
	}
	if it := batch[1]; !errors.Is(it.Err, call.ErrBadCall) {
		t.Errorf("the bad call: %v", it.Err)
	}
	if it := batch[2]; it.ID != 0 || it.Err != nil {
		t.Errorf("the refused call: id %d, %v; want that it is left to the error", it.ID, it.Err)
	}
	if _, err := s.Call(t.Context(), batch[0].ID); err != nil {
		t.Errorf("reading the good call: %v", err)
	}
}
