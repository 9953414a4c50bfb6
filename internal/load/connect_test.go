package load

import (
	"crypto/tls"
	"crypto/x509"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"rdiostress/internal/measure"
	"rdiostress/internal/rdio"
	"rdiostress/internal/scenario"
	"rdiostress/internal/upload"
	"rdiostress/internal/upload/uploadtest"
)

// countingServer is a call server that counts connections and the protocols spoken.
type countingServer struct {
	*httptest.Server
	opened atomic.Int64
	mu     sync.Mutex
	protos map[string]int
}

func newCountingServer(t *testing.T, useTLS bool) *countingServer {
	t.Helper()
	c := &countingServer{protos: make(map[string]int)}
	c.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		c.mu.Lock()
		c.protos[r.Proto]++
		c.mu.Unlock()
		_, _ = io.WriteString(w, rdio.PhraseImported)
	}))
	c.Config.ConnState = func(_ net.Conn, s http.ConnState) {
		if s == http.StateNew {
			c.opened.Add(1)
		}
	}
	if useTLS {
		c.EnableHTTP2 = true
		c.StartTLS()
	} else {
		c.Start()
	}
	t.Cleanup(c.Close)
	return c
}

// trust is a TLS configuration that trusts the server.
func (c *countingServer) trust() *tls.Config {
	pool := x509.NewCertPool()
	pool.AddCert(c.Certificate())
	return &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: pool}
}

// runTotal makes a closed run with a total over real connections.
func runTotal(t *testing.T, s *scenario.Scenario, o upload.ConnectOptions) measure.Result {
	t.Helper()
	s.Talkgroups, _ = scenario.ParseIDs("1-1000")
	target, err := NewTarget(s, o)
	if err != nil {
		t.Fatal(err)
	}
	defer target.Close()
	now := time.Now()
	r := &Runner{
		Scenario: s, Traffic: testTraffic(s, now), Recorder: measure.NewRecorder(), Start: now,
		Target: target, Uploader: upload.Pool(target, s.MaxConcurrent, s.Connections),
	}
	var res measure.Result
	r.Fill(&res, r.Run(t.Context()))
	if res.Totals.Accepted != s.Total || res.Totals.Failed > 0 {
		t.Fatalf("totals %+v, errors %+v", res.Totals, res.ErrorDetails)
	}
	return res
}

func TestConnections(t *testing.T) {
	for _, tt := range []struct {
		name        string
		connections int
		keepAlive   bool
		want        int64 // connections opened for 200 calls by 4 uploaders
	}{
		{"one for each uploader", 0, true, 4},
		{"more than uploaders", 10, true, 10},
		{"fewer than uploaders", 2, true, 2},
		{"one for each call", 0, false, 200},
	} {
		t.Run(tt.name, func(t *testing.T) {
			server := newCountingServer(t, false)
			s := uploadtest.Scenario()
			s.URL, s.Total, s.Connections = server.URL, 200, tt.connections
			res := runTotal(t, s, upload.ConnectOptions{KeepAlive: tt.keepAlive})
			if got := server.opened.Load(); got != tt.want || res.Generator.Connects != uint64(got) {
				t.Errorf("%d connections opened, %d reported, want %d", got, res.Generator.Connects, tt.want)
			}
		})
	}
}

func TestHTTP2(t *testing.T) {
	server := newCountingServer(t, true)
	for _, tt := range []struct {
		http2 bool
		want  string
	}{{false, "HTTP/1.1"}, {true, "HTTP/2.0"}} {
		s := uploadtest.Scenario()
		s.URL, s.Total = server.URL, 20
		if res := runTotal(t, s,
			upload.ConnectOptions{KeepAlive: true, HTTP2: tt.http2, TLS: server.trust()}); res.Generator.Connects == 0 {
			t.Errorf("http2 %v: no connection was reported", tt.http2)
		}
		server.mu.Lock()
		if len(server.protos) != 1 || server.protos[tt.want] != 20 {
			t.Errorf("http2 %v: spoken were %v, want %s", tt.http2, server.protos, tt.want)
		}
		clear(server.protos)
		server.mu.Unlock()
	}
}

func TestResolve(t *testing.T) {
	server := newCountingServer(t, false)
	address := strings.TrimPrefix(server.URL, "http://")
	_, port, _ := strings.Cut(address, ":")
	for _, http2 := range []bool{false, true} { // both ways to upload
		s := uploadtest.Scenario()
		s.URL, s.Total = "http://scanner.invalid:"+port, 5
		runTotal(t, s,
			upload.ConnectOptions{
				KeepAlive: true, HTTP2: http2,
				Resolve: map[string]string{"scanner.invalid:" + port: address},
			})
	}
}
