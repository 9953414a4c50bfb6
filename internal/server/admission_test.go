package server_test

import (
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"rdiostress/internal/server"
	"rdiostress/internal/server/telemetry"
)

// wantBusy checks that an upload was refused because the server was busy.
func wantBusy(t *testing.T, resp *http.Response, text, want string) {
	t.Helper()
	if resp.StatusCode != 503 || resp.Header.Get("Retry-After") != "1" || text != want+"\n" {
		t.Errorf("got %s %q, Retry-After %q; want 503 %q", resp.Status, text, resp.Header.Get("Retry-After"), want)
	}
}

// When all workers are busy, uploads wait for one. When too many wait, others are refused at once.
func TestAdmissionQueue(t *testing.T) {
	work := make(chan struct{})
	var working atomic.Int64
	r := newRig(t, func(o *server.Options) {
		o.Workers, o.Queue = 2, 3
		o.Now = func() time.Time { // a worker calls this
			working.Add(1)
			<-work
			return now
		}
	})
	raw := rawUpload(form(callWith()))
	var conns []*net.TCPConn
	send := func(n int) {
		for range n {
			conns = append(conns, r.dial(t))
			io.WriteString(conns[len(conns)-1], raw)
		}
	}
	send(2)
	eventually(t, "two uploads are worked on", func() bool { return working.Load() == 2 })
	send(3)
	eventually(t, "three wait", func() bool { return r.server.Waiting() == 3 })
	resp, text := r.post(t, strings.NewReader(form(callWith())))
	wantBusy(t, resp, text, "Server busy, please try again")
	close(work)
	for n, conn := range conns {
		if status, text := reply(t, conn); status != 200 {
			t.Errorf("upload %d got %d %q", n, status, text)
		}
	}
	if resp, text = r.post(t, strings.NewReader(form(callWith()))); resp.StatusCode != 200 {
		t.Errorf("after them: got %s %q", resp.Status, text)
	}
	if got, want := r.server.Stats(), (telemetry.Stats{Accepted: 6, Busy: 1}); got != want {
		t.Errorf("counted %+v, want %+v", got, want)
	}
}

// An upload that waits for the network or for its commit holds no worker.
func TestWorkersDoNotWait(t *testing.T) {
	commit := make(chan struct{})
	var committing atomic.Int64
	r := newRig(t, func(o *server.Options) {
		o.Workers = 1
		o.Store = brokenStore{o.Store, func() error {
			committing.Add(1)
			<-commit
			return nil
		}}
	})
	raw := rawUpload(form(callWith()))
	half := r.dial(t)
	io.WriteString(half, raw[:len(raw)-50])
	eventually(t, "the first upload is being read", func() bool { return r.server.Stats().Reading == 1 })
	var conns []*net.TCPConn
	for range 20 {
		conns = append(conns, r.dial(t))
		io.WriteString(conns[len(conns)-1], raw)
	}
	eventually(t, "twenty wait for their commit", func() bool { return committing.Load() == 20 })
	close(commit)
	io.WriteString(half, raw[len(raw)-50:])
	for _, conn := range append(conns, half) {
		if status, text := reply(t, conn); status != 200 {
			t.Errorf("got %d %q", status, text)
		}
	}
}

// Large uploads get half of the memory at most: when they are refused, small ones are not.
func TestLargeUploadsLeaveRoom(t *testing.T) {
	r := newRig(t, func(o *server.Options) { o.UploadMemory = 2 << 20 })
	raw := rawUpload(form(callWith(field{"audio", strings.Repeat("x", 600<<10)})))
	var conns []*net.TCPConn
	for n := range 3 { // each has 64 kB at first and a buffer of 256 kB
		conns = append(conns, r.dial(t))
		io.WriteString(conns[n], raw[:500<<10])
		eventually(t, "it is spooled", func() bool { return len(spooled(t, r.spool)) == n+1 })
	}
	resp, text := r.post(t, strings.NewReader(form(callWith(field{"audio", strings.Repeat("x", 600<<10)}))))
	wantBusy(t, resp, text, "Server busy: no memory for more uploads")
	for range 20 {
		if resp, text := r.post(t, strings.NewReader(form(callWith()))); resp.StatusCode != 200 {
			t.Errorf("a small upload got %s %q", resp.Status, text)
		}
	}
	for _, conn := range conns {
		io.WriteString(conn, raw[500<<10:])
		if status, text := reply(t, conn); status != 200 {
			t.Errorf("a large upload got %d %q", status, text)
		}
	}
	if n := r.server.HeldMemory(); n != 0 {
		t.Errorf("%d bytes count as held by no upload", n)
	}
}

// Fields stay in memory while a form is read, and count as memory.
func TestFieldsAreCounted(t *testing.T) {
	r := newRig(t, func(o *server.Options) { o.UploadMemory = 512 << 10 })
	body := form(callWith(field{"a", strings.Repeat("x", 250<<10)}, field{"b", strings.Repeat("x", 250<<10)}))
	resp, text := r.post(t, strings.NewReader(body))
	wantBusy(t, resp, text, "Server busy: no memory for more uploads")
	if resp, text = r.post(t, strings.NewReader(form(callWith()))); resp.StatusCode != 200 {
		t.Errorf("got %s %q", resp.Status, text)
	}
	if n := r.server.HeldMemory(); n != 0 {
		t.Errorf("%d bytes count as held by no upload", n)
	}
}

// An upload below the required rate is cut off, and its connection is closed.
func TestSlowUploadIsCutOff(t *testing.T) {
	r := newRig(t, func(o *server.Options) { o.MinRate, o.Patience = 1000, 300*time.Millisecond })
	conn := r.dial(t)
	io.WriteString(conn, rawUpload(form(callWith()))[:200])
	if status, text := reply(t, conn); status != 408 || text != "Upload too slow\n" {
		t.Errorf("got %d %q", status, text)
	}
	if n, err := conn.Read(make([]byte, 1)); n != 0 || err != io.EOF {
		t.Errorf("the connection stays open: %d, %v", n, err)
	}
	eventually(t, "nothing is being read", func() bool { return r.server.Stats().Reading == 0 })
}
