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

// A connection that is lost costs the calls that were on it, and no more.
func TestConnectionLost(t *testing.T) {
	s := testStore(t)
	s.queue.Close() // the store's own writer makes room for one of the test's
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

// Lists of calls do not hold up the question whether the store is well.
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
