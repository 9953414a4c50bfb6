package server_test

import (
	"context"
	"crypto/rand"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"rdiostress/internal/server"
)

// serve runs a rig's server with Serve on its own listener, which the rig then dials.
func serve(t *testing.T, r *rig) (ln net.Listener, stop func(), ended <-chan error) {
	t.Helper()
	ln, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r.addr = ln.Addr().String()
	ctx, cancel := context.WithCancel(t.Context())
	end := make(chan error, 1)
	go func() { end <- r.server.Serve(ctx, ln) }()
	t.Cleanup(cancel)
	return ln, cancel, end
}

// A server that is told to stop accepts nothing new and finishes the uploads that it has begun.
func TestServeDrains(t *testing.T) {
	r := newRig(t)
	_, stop, ended := serve(t, r)
	raw := rawUpload(form(callWith(field{"audio", strings.Repeat("x", 300<<10)})))
	conn := r.dial(t)
	io.WriteString(conn, raw[:len(raw)/2])
	eventually(t, "the upload is being read", func() bool { return r.server.Stats().Reading == 1 })
	stop()
	eventually(t, "no more connections are taken", func() bool {
		c, err := net.DialTimeout("tcp", r.addr, time.Second)
		if err == nil {
			c.Close()
		}
		return err != nil
	})
	io.WriteString(conn, raw[len(raw)/2:])
	if status, body := reply(t, conn); status != 200 {
		t.Errorf("got %d %q", status, body)
	}
	if err := <-ended; err != nil {
		t.Errorf("Serve: %v", err)
	}
	if n := r.total(t); n != 1 {
		t.Errorf("%d calls stored, want 1", n)
	}
}

// An upload that does not end is cut off after the grace period, and leaves nothing behind.
func TestServeCutsOff(t *testing.T) {
	r := newRig(t, func(o *server.Options) { o.Grace = 20 * time.Millisecond })
	_, stop, ended := serve(t, r)
	raw := rawUpload(form(callWith(field{"audio", strings.Repeat("x", 600<<10)})))
	io.WriteString(r.dial(t), raw[:500<<10])
	eventually(t, "the upload is spooled", func() bool { return len(spooled(t, r.spool)) == 1 })
	stop()
	if err := <-ended; err != nil {
		t.Errorf("Serve: %v", err)
	}
	if names := spooled(t, r.spool); len(names) != 0 || r.server.Stats().Reading != 0 {
		t.Errorf("when Serve has returned, the spool folder holds %q and %d uploads are read", names,
			r.server.Stats().Reading)
	}
}

func TestServeFails(t *testing.T) {
	r := newRig(t)
	ln, _, ended := serve(t, r)
	ln.Close()
	if err := <-ended; err == nil || !strings.Contains(err.Error(), "serving: ") {
		t.Errorf("Serve without a listener: %v", err)
	}
}

func TestNewRefuses(t *testing.T) {
	store := newRig(t).store
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		o    server.Options
		want string
	}{
		{server.Options{APIKey: key, SpoolDir: t.TempDir()}, "no store"},
		{server.Options{Store: store, SpoolDir: t.TempDir()}, "no API key"},
		{server.Options{Store: store, APIKey: key}, "no spool folder"},
		{server.Options{Store: store, APIKey: key, SpoolDir: filepath.Join(file, "spool")}, "spool folder: "},
	}
	for _, tt := range tests {
		if s, err := server.New(tt.o); s != nil || err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("got %v, %v; want %q", s, err, tt.want)
		}
	}
}

// Files that a crash left in the spool folder are swept, and no others.
func TestNewSweeps(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{
		strings.Repeat("A", 26) + ".spool", rand.Text() + ".spool", "mail.spool",
		"notes.txt",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	o := server.Options{Store: newRig(t).store, APIKey: key, SpoolDir: dir, Logger: slog.New(slog.DiscardHandler)}
	if _, err := server.New(o); err != nil {
		t.Fatal(err)
	}
	if names := spooled(t, dir); !slices.Equal(names, []string{"mail.spool", "notes.txt"}) {
		t.Errorf("left %q", names)
	}
}
