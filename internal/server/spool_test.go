package server_test

import (
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"rdiostress/internal/server"
)

// The audio that all uploads together may spool before their keys are known is limited. A key that comes first lifts
// the limit, and the end of an upload frees its share.
func TestUntrustedSpoolIsBounded(t *testing.T) {
	r := newRig(t)
	r.server.SetMaxUntrusted(600 << 10)
	audio := field{"audio", strings.Repeat("x", 600<<10)}
	keyFirst := form(callWith(audio))
	audioFirst := form(append([]field{audio}, callWith(field{"audio", "-absent-"})...))
	conn := r.dial(t)
	raw := rawUpload(audioFirst)
	io.WriteString(conn, raw[:550<<10])
	spooled := func(bytes int64) { // an upload still counts for a moment after its reply
		t.Helper()
		eventually(t, "what is spooled is counted", func() bool { return r.server.Untrusted() == bytes })
	}
	spooled(512 << 10) // in whole chunks
	resp, body := r.post(t, strings.NewReader(audioFirst))
	if resp.StatusCode != 503 || resp.Header.Get("Retry-After") != "1" {
		t.Errorf("a second one got %s %q, Retry-After %q", resp.Status, body, resp.Header.Get("Retry-After"))
	}
	if resp, body = r.post(t, strings.NewReader(keyFirst)); resp.StatusCode != 200 {
		t.Errorf("one whose key comes first got %s %q", resp.Status, body)
	}
	spooled(512 << 10)
	io.WriteString(conn, raw[550<<10:])
	if status, body := reply(t, conn); status != 200 {
		t.Errorf("the first one got %d %q", status, body)
	}
	for range 3 {
		spooled(0)
		if resp, body = r.post(t, strings.NewReader(audioFirst)); resp.StatusCode != 200 {
			t.Errorf("after it: got %s %q", resp.Status, body)
		}
	}
}

// A key that comes last lifts the limit as well, before the call is stored.
func TestGoodKeyLiftsBound(t *testing.T) {
	inPut, store := make(chan struct{}), make(chan struct{})
	r := newRig(t, func(o *server.Options) {
		o.Store = brokenStore{o.Store, func() error {
			inPut <- struct{}{}
			<-store
			return nil
		}}
	})
	r.server.SetMaxUntrusted(600 << 10)
	raw := rawUpload(form(append([]field{{"audio", strings.Repeat("x", 600<<10)}},
		callWith(field{"audio", "-absent-"})...)))
	conns := []*net.TCPConn{r.dial(t), r.dial(t)}
	for n, conn := range conns {
		io.WriteString(conn, raw)
		select {
		case <-inPut:
		case <-time.After(20 * time.Second):
			t.Errorf("upload %d is not stored", n)
		}
	}
	close(store)
	for n, conn := range conns {
		if status, body := reply(t, conn); status != 200 {
			t.Errorf("upload %d got %d %q", n, status, body)
		}
	}
}
