package postgres_test

import (
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"rdiostress/internal/server/postgres"
	"rdiostress/internal/server/storetest"
	"rdiostress/internal/testenv/pgtest"
)

// A database whose clock is ahead dates transcripts by that clock, and says how late it is by it.
func TestTranscriptsShowTheirClock(t *testing.T) {
	url := pgtest.Open(t).Database(t)
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	for _, statement := range []string{
		"CREATE SCHEMA ahead",
		`CREATE FUNCTION ahead.now() RETURNS timestamptz LANGUAGE sql STABLE
			AS 'SELECT pg_catalog.now() + interval ''90 s'''`,
		`DO $$ BEGIN
			EXECUTE format('ALTER DATABASE %I SET search_path = ahead, pg_catalog', current_database());
		END $$`,
	} {
		if _, err := conn.Exec(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	s, err := postgres.Open(t.Context(), postgres.Options{URL: url, Dir: t.TempDir(), Queue: 10, Transcribe: true})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	id := storetest.Put(t, s, storetest.UploadOf(1))
	before := time.Now()
	list, err := s.Transcripts(t.Context(), []int64{id}, false)
	if err != nil || len(list) != 1 {
		t.Fatalf("%+v, %v", list, err)
	}
	const most = 80 * time.Second // the machine may be slow, and not the other way
	if at := &list[0]; at.Queued.Sub(before) < most || at.Read.Sub(before) < most || at.Read.Before(at.Queued) {
		t.Errorf("queued %v, read %v, at %v here", at.Queued, at.Read, before)
	}
}
