package server_test

import (
	"io"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"rdiostress/internal/server"
)

// crowd opens as many connections as are wanted, or as may be open: each takes two files here, one for either end.
func crowd(t *testing.T, r *rig, want int) []*net.TCPConn {
	t.Helper()
	if allowed := (openFilesLimit() - 500) / 2; want > allowed {
		t.Logf("%d connections instead of %d: no more files may be open", allowed, want)
		want = allowed
	}
	conns := make([]*net.TCPConn, want)
	var next atomic.Int64
	var dialers sync.WaitGroup
	for range 16 {
		dialers.Go(func() {
			for i := next.Add(1) - 1; i < int64(want); i = next.Add(1) - 1 {
				conn, err := net.DialTimeout("tcp", r.addr, 30*time.Second)
				if err != nil {
					t.Error(err)
					return
				}
				conns[i] = conn.(*net.TCPConn)
			}
		})
	}
	dialers.Wait()
	t.Cleanup(func() {
		for _, conn := range conns {
			if conn != nil {
				conn.SetLinger(0) // so that the ports are free at once
				conn.Close()
			}
		}
	})
	if t.Failed() {
		t.FailNow()
	}
	return conns
}

// goodClients upload calls all the while, and want each to be taken.
func goodClients(t *testing.T, r *rig) {
	t.Helper()
	var clients sync.WaitGroup
	for range 8 {
		clients.Go(func() {
			for range 25 {
				resp, body := r.post(t, strings.NewReader(form(callWith())))
				if resp.StatusCode != 200 {
					t.Errorf("a good client got %s %q", resp.Status, body)
				}
			}
		})
	}
	clients.Wait()
}

// A thousand clients that send a byte now and then hold up nobody, are cut off, and leave nothing.
func TestSlowClients(t *testing.T) {
	r := newRig(t, func(o *server.Options) { o.Patience = 3 * time.Second })
	serve(t, r)
	r.URL = "http://" + r.addr
	conns := crowd(t, r, 1000)
	raw := rawUpload(form(callWith(field{"audio", strings.Repeat("x", 20_000)})))
	stop := make(chan struct{})
	var drip sync.WaitGroup
	for _, conn := range conns {
		io.WriteString(conn, raw[:300])
	}
	drip.Go(func() { // a byte each, in turn
		for n := 300; ; n++ {
			for _, conn := range conns {
				conn.Write([]byte{raw[n]}) // fails once it is cut off
			}
			select {
			case <-stop:
				return
			case <-time.After(200 * time.Millisecond):
			}
		}
	})
	eventually(t, "all are in hand", func() bool { return r.server.Stats().Reading > len(conns)*9/10 })
	goodClients(t, r)
	eventually(t, "all are cut off", func() bool { // each leaves before it is counted
		return r.server.Stats().Reading == 0 && r.server.Stats().Refused >= int64(len(conns))
	})
	close(stop)
	drip.Wait()
	if n := r.server.Stats().Refused; n != int64(len(conns)) {
		t.Errorf("%d were cut off, want %d", n, len(conns))
	}
	if n := r.total(t); n != 200 {
		t.Errorf("%d calls are stored, want 200", n)
	}
	if n := r.server.HeldMemory(); n != 0 {
		t.Errorf("%d bytes count as held", n)
	}
}

// Ten thousand connections on which nothing comes hold up nobody.
func TestIdleConnections(t *testing.T) {
	r := newRig(t, func(o *server.Options) { o.Grace = time.Second })
	serve(t, r)
	r.URL = "http://" + r.addr
	conns := crowd(t, r, 10_000)
	goodClients(t, r)
	// They are still there, and can be used.
	for _, conn := range []*net.TCPConn{conns[0], conns[len(conns)/2], conns[len(conns)-1]} {
		io.WriteString(conn, rawUpload(form(callWith())))
		if status, body := reply(t, conn); status != 200 {
			t.Errorf("got %d %q", status, body)
		}
	}
}
