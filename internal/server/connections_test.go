package server_test

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"rdiostress/internal/server"
)

// dialAll opens many connections.
func dialAll(t *testing.T, r *rig, want int) []*net.TCPConn {
	t.Helper()
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

// goodClients upload calls continuously and expect each to be accepted.
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

// A thousand clients that send a byte now and then block nobody, are cut off, and leave nothing behind.
func TestSlowClients(t *testing.T) {
	r := newRig(t, func(o *server.Options) { o.Patience = 3 * time.Second })
	serve(t, r)
	r.URL = "http://" + r.addr
	conns := dialAll(t, r, 1000)
	raw := rawUpload(form(callWith(field{"audio", strings.Repeat("x", 20_000)})))
	stop := make(chan struct{})
	var drip sync.WaitGroup
	for _, conn := range conns {
		io.WriteString(conn, raw[:300])
	}
	drip.Go(func() { // one byte each, in turn
		for n := 300; ; n++ {
			for _, conn := range conns {
				conn.Write([]byte{raw[n]}) // fails once the connection is cut off
			}
			select {
			case <-stop:
				return
			case <-time.After(200 * time.Millisecond):
			}
		}
	})
	eventually(t, "all are being read", func() bool { return r.server.Stats().Reading > len(conns)*9/10 })
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

// Connections beyond the limit are refused with a reply. Open ones continue. When one is closed, a new one is accepted.
func TestConnectionLimit(t *testing.T) {
	const most = 4
	clock := &steppedClock{at: now}
	r := newRig(t, func(o *server.Options) { o.MaxConnections, o.Now = most, clock.now })
	serve(t, r)
	upload := rawUpload(form(callWith()))
	conns := dialAll(t, r, most)
	for range 3 {
		for i, conn := range conns {
			io.WriteString(conn, upload)
			if status, body := reply(t, conn); status != 200 {
				t.Errorf("an open connection got %d %q", status, body)
			}
			late := r.dial(t)
			io.WriteString(late, upload[:100*(i+1)]) // always with bytes that nobody reads
			resp, err := http.ReadResponse(bufio.NewReader(late), nil)
			if err != nil {
				t.Fatal(err)
			}
			if body := readAll(t, resp.Body); resp.StatusCode != 503 || resp.Header.Get("Retry-After") != "5" ||
				!resp.Close ||
				string(body) != "Server busy: too many connections\n" {
				t.Errorf("a refused connection got %s %q, %v", resp.Status, body, resp.Header)
			}
		}
	}
	_, text := r.get(t, "/metrics")
	for _, want := range []string{
		"rdiostress_connections 4\n", "rdiostress_connections_limit 4\n", "rdiostress_connections_refused_total 12\n",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the metrics lack %q", want)
		}
	}
	r.sampleFor(t, clock, 12*time.Second)
	if raised := r.alertsOf(t); len(raised) != 1 || raised[0] != "high connection_usage" {
		t.Errorf("raised: %q", raised)
	}
	conns[0].Close()
	eventually(t, "there is room again", func() bool {
		conn := r.dial(t)
		defer conn.Close()
		io.WriteString(conn, upload)
		status, _ := reply(t, conn)
		return status == 200
	})
}

// Over TLS, connections beyond the limit are closed without a reply.
func TestConnectionLimitOverTLS(t *testing.T) {
	cert, certKey := filepath.Join(t.TempDir(), "cert.pem"), filepath.Join(t.TempDir(), "key.pem")
	writeCert(t, cert, certKey)
	r := newRig(t, func(o *server.Options) { o.MaxConnections, o.CertFile, o.CertKey = 1, cert, certKey })
	serve(t, r)
	first := r.dial(t)
	defer first.Close()
	if n, err := r.dial(t).Read(make([]byte, 1)); n > 0 || err == nil {
		t.Errorf("read %d bytes, %v", n, err)
	}
}

// Open files of long audio are limited: beyond the limit uploads and listeners get 503, and later ones are accepted
// again.
func TestOpenFilesAreBounded(t *testing.T) {
	r := newRig(t, func(o *server.Options) { o.InlineAudio = 1000 })
	long := form(callWith(field{"audio", strings.Repeat("x", 100_000)}))
	give := r.server.TakeAudioFiles()
	if resp, body := r.post(t, strings.NewReader(long)); resp.StatusCode != 503 ||
		resp.Header.Get("Retry-After") == "" {
		t.Errorf("got %s %q", resp.Status, body)
	}
	give()
	if resp, body := r.post(t, strings.NewReader(long)); resp.StatusCode != 200 {
		t.Fatalf("got %s %q", resp.Status, body)
	}
	give = r.server.TakeAudioFiles()
	if resp, body := r.get(t, "/api/calls/1/audio"); resp.StatusCode != 503 {
		t.Errorf("got %s %q", resp.Status, body)
	}
	give()
	if resp, body := r.get(t, "/api/calls/1/audio"); resp.StatusCode != 200 || len(body) != 100_000 {
		t.Errorf("got %s, %d bytes", resp.Status, len(body))
	}
	_, text := r.get(t, "/metrics")
	if !strings.Contains(text, `rdiostress_uploads_refused_total{reason="open_files"} 1`) ||
		!strings.Contains(text, "rdiostress_audio_files_open 0\n") {
		t.Errorf("the metrics do not say so")
	}
}
