package server_test

import (
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"rdiostress/internal/server"
	"rdiostress/internal/server/sqlite"
)

// Once Serve has returned and the store is closed, no goroutine is left, whatever clients were doing, refused ones
// included.
func TestServeLeavesNoGoroutine(t *testing.T) {
	before := goleak.IgnoreCurrent()
	dir := t.TempDir()
	store, err := sqlite.Open(t.Context(), sqlite.Options{Dir: dir, Retention: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	keys := filepath.Join(dir, "keys.yaml")
	writeKeys(t, keys, "keys:\n- {label: a, key: key-number-1}\n")
	s, err := server.New(server.Options{
		Store: store, SpoolDir: filepath.Join(dir,
			"spool"), APIKey: key, KeyFile: keys, MaxConnections: 3, Grace: 50 * time.Millisecond,
		Reload: time.Millisecond, Sample: time.Millisecond, Now: func() time.Time { return now },
	})
	if err != nil {
		t.Fatal(err)
	}
	r := &rig{server: s}
	_, stop, ended := serve(t, r)
	conns := dialAll(t, r, 3)
	// The first is cut off, the second stays connected.
	io.WriteString(conns[0], rawUpload(form(callWith(field{"audio", strings.Repeat("x", 600<<10)})))[:500<<10])
	io.WriteString(conns[1], rawUpload(form(callWith())))
	if status, body := reply(t, conns[1]); status != http.StatusOK {
		t.Errorf("got %d %q", status, body)
	}
	io.WriteString(r.dial(t), "POST / HTTP/1.1\r\n") // is refused
	eventually(t, "the first upload is being read", func() bool { return s.Stats().Reading == 1 })
	stop()
	if err := <-ended; err != nil {
		t.Errorf("Serve: %v", err)
	}
	if err := store.Close(); err != nil {
		t.Error(err)
	}
	for _, conn := range conns {
		conn.Close()
	}
	goleak.VerifyNone(t, before)
}
