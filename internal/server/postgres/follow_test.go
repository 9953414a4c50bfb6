package postgres_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"rdiostress/internal/server/call"
	"rdiostress/internal/server/postgres"
	"rdiostress/internal/server/storetest"
	"rdiostress/internal/testenv/pgtest"
)

// severalStores returns servers that share a database.
func severalStores(t *testing.T, url string, n int) (stores []*postgres.Store) {
	t.Helper()
	for range n {
		stores = append(stores, mustOpen(t, postgres.Options{
			URL: url, Dir: t.TempDir(),
			DuplicateWindow: 500 * time.Millisecond,
		}))
	}
	return stores
}

// However many servers store calls in one database, and whichever one a reader asks, it sees every call once: also
// calls of servers that stop and start meanwhile, and of a server that stores in a block below the others' blocks.
func TestFollowSeveralServers(t *testing.T) {
	url := pgtest.Open(t).Database(t)
	stores := severalStores(t, url, 3)
	var mu sync.Mutex
	var all []int64
	put := func(s call.Store, n int64) {
		id, err := s.Put(t.Context(), storetest.UploadOf(n))
		if err != nil {
			t.Error(err)
			return
		}
		mu.Lock()
		all = append(all, id)
		mu.Unlock()
	}
	put(stores[0], 1) // takes the lowest block
	readers := []*storetest.Reader{
		storetest.NewReader(call.CursorStart, 7),
		storetest.NewReader(call.CursorStart, 1000),
	}
	readAll := func() {
		readers[0].ReadAll(t, stores[0])
		readers[1].ReadAll(t, stores[1])
	}
	for round := range int64(6) {
		var wg sync.WaitGroup
		for i, s := range stores {
			if round%2 == 0 && i == 0 {
				continue // this server then stores below the calls already read
			}
			for w := range int64(4) {
				wg.Go(func() {
					for n := range int64(10) {
						put(s, 1000+round*1000+int64(i)*200+w*40+n)
					}
				})
			}
		}
		readAll()
		wg.Wait()
		readAll()
		if round == 3 {
			short, err := postgres.Open(t.Context(), postgres.Options{URL: url, Dir: t.TempDir()})
			if err != nil {
				t.Fatal(err)
			}
			put(short, 100_000)
			if err := short.Close(); err != nil {
				t.Error(err)
			}
		}
	}
	slices.Sort(all)
	for _, r := range readers {
		r.CheckOnce(t, slices.Compact(all))
		if len(r.Cursor) > 200 {
			t.Errorf("the cursor is %s", r.Cursor)
		}
	}
}

// If a server takes a block early but commits that late, a reader that has seen a later block still sees the earlier
// one: servers take blocks one after the other.
func TestBlocksAreTakenInTurn(t *testing.T) {
	url := pgtest.Open(t).Database(t)
	stores := severalStores(t, url, 2)
	ctx := context.WithoutCancel(t.Context())
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(ctx)
	// As the first server while it takes its block, before the commit.
	if _, err := conn.Exec(ctx, "BEGIN; SELECT pg_advisory_xact_lock(1919181930, 0)"); err != nil {
		t.Fatal(err)
	}
	stored := make(chan error, 1)
	go func() {
		_, err := stores[1].Put(ctx, storetest.UploadOf(1))
		stored <- err
	}()
	eventually(t, "the other server waits", func() bool {
		var n int
		probe, err := pgx.Connect(ctx, url)
		if err != nil {
			t.Fatal(err)
		}
		defer probe.Close(ctx)
		if err := probe.QueryRow(ctx, "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT "+
			"granted").Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n == 1
	})
	select {
	case err := <-stored:
		t.Errorf("stored with a block taken out of turn: %v", err)
	default:
	}
	if _, err := conn.Exec(ctx, "COMMIT"); err != nil {
		t.Fatal(err)
	}
	if err := <-stored; err != nil {
		t.Error(err)
	}
}

// A server whose block was returned by other servers, because it was away for long, stores under other ids, and readers
// see its calls.
func TestBlockTakenAway(t *testing.T) {
	url := pgtest.Open(t).Database(t)
	s := severalStores(t, url, 1)[0]
	ids := []int64{storetest.Put(t, s, storetest.UploadOf(1))}
	if n, err := exec(t, url, "UPDATE nodes SET seen_at = now() - interval '8 days'"); n != 1 || err != nil {
		t.Fatal(n, err)
	}
	other := severalStores(t, url, 1)[0] // it returns the old block
	ids = append(ids, storetest.Put(t, other, storetest.UploadOf(2)))
	r := storetest.NewReader(call.CursorStart, 100)
	r.ReadAll(t, s)
	if strings.Count(r.Cursor, ".") != 1 {
		t.Errorf("the cursor still has an eye on a block of a server that is gone: %s", r.Cursor)
	}
	var wg sync.WaitGroup
	var mu sync.Mutex
	for n := range int64(20) {
		wg.Go(func() {
			id, err := s.Put(t.Context(), storetest.UploadOf(100+n))
			mu.Lock()
			defer mu.Unlock()
			if ids = append(ids, id); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	r.ReadAll(t, s)
	r.CheckOnce(t, ids)
}

// A database that went back in time, such as a standby that lacks the last transactions, may assign ids again. No call
// is mistaken for another call with the same id.
func TestSequenceGoesBack(t *testing.T) {
	url := pgtest.Open(t).Database(t)
	stores := severalStores(t, url, 2)
	storetest.Put(t, stores[0], storetest.UploadOf(1))
	storetest.Put(t, stores[1], storetest.UploadOf(2))
	for _, statement := range []string{
		"UPDATE nodes SET first_id = NULL", "SELECT setval('call_ids', (SELECT min(id) FROM calls), false)",
	} {
		if _, err := exec(t, url, statement); err != nil {
			t.Fatal(err)
		}
	}
	want := map[int64]string{}
	for n := range int64(20) {
		u := storetest.UploadOf(1000 + n)
		eventually(t, "the call is stored", func() bool { // a client sends it again
			id, err := stores[n%2].Put(t.Context(), u)
			want[id] = u.Call.AudioName
			return err == nil
		})
	}
	delete(want, 0)
	for id, name := range want {
		rec, err := stores[0].Call(t.Context(), id)
		if err != nil || rec.Call.AudioName != name {
			t.Errorf("call %d is %s, %v; acknowledged was %s", id, rec.Call.AudioName, err, name)
		}
	}
	if n := storetest.Total(t, stores[0]); n != 22 || len(want) != 20 {
		t.Errorf("%d calls, %d acknowledged; want 22 and 20", n, len(want))
	}
}

// A database of an older version is upgraded with its calls, and their ids are not assigned again.
func TestMigratesIDs(t *testing.T) {
	url := pgtest.Open(t).Database(t)
	s := severalStores(t, url, 1)[0]
	id := storetest.Put(t, s, storetest.UploadOf(1))
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	// As the first version left it.
	for _, statement := range []string{
		"ALTER TABLE nodes DROP COLUMN seen_at, DROP COLUMN first_id", "ALTER SEQUENCE call_ids INCREMENT BY " +
			"1", "DROP TABLE store", "DROP TABLE transcripts, api_keys",
		fmt.Sprintf("SELECT setval('call_ids', %d)", id+511), "DELETE FROM rdiostress_version WHERE version_id >= 2",
	} {
		if _, err := exec(t, url, statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
	s = severalStores(t, url, 1)[0]
	if next := storetest.Put(t, s, storetest.UploadOf(2)); next <= id+511 {
		t.Errorf("call %d after %d, of whose block the older version may still have ids", next, id)
	}
	r := storetest.NewReader(call.CursorStart, 10)
	r.ReadAll(t, s)
	if len(r.Seen) != 2 {
		t.Errorf("%d calls seen, want 2", len(r.Seen))
	}
}
