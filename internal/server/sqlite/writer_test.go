package sqlite

import (
	"database/sql/driver"
	"testing"
	"time"

	"rdiostress/internal/server/groupcommit"
	"rdiostress/internal/server/storetest"
)

func testStore(t *testing.T) *Store {
	t.Helper()
	s, err := Open(t.Context(), Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// A lost connection costs only the calls that were on it.
func TestConnectionLost(t *testing.T) {
	s := testStore(t)
	s.queue.Close() // makes room for the test's own writer
	w := &writer{db: s.write, counts: make(map[countKey]countSum)}
	n := int64(0)
	store := func() error {
		n++
		return w.Commit(t.Context(), []*groupcommit.Item{{Upload: storetest.UploadOf(n)}})
	}
	for range 2 {
		if err := store(); err != nil {
			t.Fatal(err)
		}
		_ = w.conn.Raw(func(any) error { return driver.ErrBadConn })
		if err := store(); err == nil {
			t.Error("a call was stored outside of the writer's transaction")
		}
	}
	if err := store(); err != nil {
		t.Errorf("after the loss: %v", err)
	}
	w.Close()
	if n := storetest.Total(t, s); n != 3 {
		t.Errorf("%d calls stored, want 3", n)
	}
	if err := s.closeDatabases(); err != nil {
		t.Error(err)
	}
}

// Lists of calls do not block the health check.
func TestPingPassesLists(t *testing.T) {
	s := testStore(t)
	for range readers {
		conn, err := s.read.Conn(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
	}
	pinged := make(chan error, 1)
	go func() { pinged <- s.Ping(t.Context()) }()
	select {
	case err := <-pinged:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(10 * time.Second):
		t.Error("Ping waits for readers")
	}
}

// A call is not a duplicate of a call that was rolled back with it.
func TestRolledBackWhole(t *testing.T) {
	s := testStore(t)
	s.queue.Close() // makes room for the test's own writer
	w := &writer{db: s.write, window: 500, counts: make(map[countKey]countSum)}
	defer w.Close()
	first := &groupcommit.Item{Upload: storetest.UploadOf(1)}
	if err := w.Commit(t.Context(), []*groupcommit.Item{first}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.conn.ExecContext(t.Context(), "DROP TABLE call_changes"); err != nil { // fails at the end
		t.Fatal(err)
	}
	near, again := *storetest.UploadOf(2), *storetest.UploadOf(2)
	near.SHA256[0]++
	batch := []*groupcommit.Item{{Upload: storetest.UploadOf(2)}, {Upload: &near}, {Upload: &again}}
	if err := w.Commit(t.Context(), batch); err == nil {
		t.Fatal("a transaction without its counts was committed")
	}
	for i, it := range batch {
		if it.ID != 0 || it.Repeat || it.Err != nil {
			t.Errorf("call %d: id %d, repeat %v, %v; want that nothing is known of it", i, it.ID, it.Repeat, it.Err)
		}
	}
}
