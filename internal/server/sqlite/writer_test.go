package sqlite

import (
	"crypto/sha256"
	"database/sql/driver"
	"testing"
	"time"

	"rdiostress/internal/rdio"
	"rdiostress/internal/server"
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
	s.mu.Lock() // the store's own writer makes room for one of the test's
	s.closed = true
	close(s.queue)
	s.mu.Unlock()
	s.writer.Wait()
	w := &writer{db: s.write}
	store := func() error {
		audio := []byte("x")
		p := &pending{upload: &server.Upload{
			Call:     rdio.Call{System: 1, Talkgroup: 2, Time: time.Unix(1764000000, 0)},
			Received: time.Unix(1764000001, 0), Audio: audio, Size: 1, SHA256: sha256.Sum256(audio),
		}}
		w.batch = []*pending{p}
		w.store(t.Context())
		return p.err
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
	w.release(false)
	_, total, err := s.Calls(t.Context(), server.Query{SortBy: server.SortID, Page: 1, PerPage: 1})
	if total != 3 || err != nil {
		t.Errorf("%d calls stored, %v; want 3", total, err)
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
