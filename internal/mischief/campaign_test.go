package mischief

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"rdiostress/internal/measure"
	"rdiostress/internal/upload"
)

// unsound is a server that treats every connection alike.
func unsound(t *testing.T, treat func(conn net.Conn)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				treat(conn)
			}()
		}
	}()
	return "http://" + l.Addr().String()
}

// says reads a request's head, answers at once, and reads whatever else comes.
func says(answer string) func(net.Conn) {
	return func(conn net.Conn) {
		if _, err := http.ReadRequest(bufio.NewReader(conn)); err != nil {
			return
		}
		_, _ = io.WriteString(conn, answer)
		_, _ = io.Copy(io.Discard, conn)
	}
}

const (
	imported = "HTTP/1.1 200 OK\r\nContent-Length: 27\r\n\r\nCall imported successfully."
	failed   = "HTTP/1.1 500 Internal Server Error\r\nContent-Length: 17\r\n\r\nno: the-right-key"
	full     = "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n"
	moved    = "HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 0\r\n\r\n"
	bad      = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"
	created  = "HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\n{}"
)

func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	deadline := time.Now().Add(time.Minute)
	for tick := time.NewTicker(5 * time.Millisecond); !ok(); <-tick.C {
		if time.Now().After(deadline) {
			t.Fatalf("still not so: %s", what)
		}
	}
}

// campaign runs a mix against a server until each kind has ended once, except slow kinds.
func campaign(t *testing.T, address, mix string, change func(*Options)) *measure.Mischief {
	t.Helper()
	parsed, err := ParseMix(mix)
	if err != nil {
		t.Fatal(err)
	}
	s := testScenario(address)
	o := Options{
		Mix: parsed, Scenario: s, RunID: testRun, Start: time.Now(),
		Calls: func() measure.Snapshot { return measure.Snapshot{} }, Local: true,
	}
	o.Traffic = testTraffic(t, s, o.Start)
	if change != nil {
		change(&o)
	}
	c, err := Start(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, "all have ended", c.allEnded)
	m := c.Stop(nil, false)
	for _, k := range m.Kinds {
		if k.Sound+k.Unsound+k.Busy+k.Unreachable+k.Unfinished != k.Sent || k.Sent == 0 {
			t.Errorf("the counts do not add up: %+v", k)
		}
	}
	return m
}

// allEnded reports whether each kind has an ended request, or one in flight that ends only when it is hurried.
func (c *Campaign) allEnded() bool {
	if c.calls.Load() < uint64(len(c.Mix)) {
		return false
	}
	c.tally.mu.Lock()
	defer c.tally.mu.Unlock()
	for _, k := range c.tally.kinds {
		if k.Sent == 0 && k.Kind != "slow" && k.Kind != "stalled" {
			return false
		}
	}
	return true
}

// found is the problem that was found for each kind.
func found(m *measure.Mischief) map[string]string {
	problems := make(map[string]string)
	for _, f := range m.Findings {
		problems[f.Kind] += f.Problem
	}
	return problems
}

func TestUnsoundServers(t *testing.T) {
	harmless, _ := Names()
	either := []string{"slow", "garbage-audio", "path-traversal"}
	mayClose := []string{"stalled", "oversize", "abort"}
	for name, c := range map[string]struct {
		treat    func(net.Conn)
		problem  string
		sound    []string // kinds for which that is no problem
		evidence string
	}{
		"accepts all": {says(imported), "accepted", either, "200 Call imported successfully."},
		"creates all": {says(created), "accepted", either, "201 {}"},
		"fails":       {says(failed), "server_error", nil, "500 no: [key]"},
		"redirects":   {says(moved), "odd_answer", nil, "302"},
		"speaks FTP": {func(c net.Conn) {
			_, _ = io.WriteString(c, "220 ready\r\n")
			_, _ = io.Copy(io.Discard, c)
		}, "not_http", nil, "not HTTP"},
		"closes at once":  {func(c net.Conn) {}, "closed", mayClose, "connection closed without an answer"},
		"refuses in time": {says(bad), "", harmless, ""},
		"is busy":         {says(full), "", harmless, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := campaign(t, unsound(t, c.treat), "all=1", nil)
			problems := found(m)
			for _, k := range m.Kinds {
				want := c.problem
				if slices.Contains(c.sound, k.Kind) {
					want = ""
				}
				if problems[k.Kind] != want {
					t.Errorf("%s: problem %q, want %q; %+v", k.Kind, problems[k.Kind], want, k)
				}
			}
			for _, f := range m.Findings {
				if !strings.Contains(f.Evidence, c.evidence) ||
					!strings.Contains(f.Evidence, "rs-"+testRun+"-bad-"+f.Kind) ||
					strings.Contains(f.Evidence, testKey) {
					t.Errorf("%s: evidence %q", f.Kind, f.Evidence)
				}
			}
		})
	}
}

// A server that never answers is reported to hang, and one that reads without end to have no limit.
func TestServerThatNeverAnswers(t *testing.T) {
	address := unsound(t, func(c net.Conn) { _, _ = io.Copy(io.Discard, c); <-t.Context().Done() })
	m := campaign(
		t, address, "truncated=1,wrong-key=1,abort=1,oversize=1",
		func(o *Options) { o.Scenario.Timeout = 2 * time.Second },
	)
	problems := found(m)
	for kind, want := range map[string]string{"truncated": "timeout", "wrong-key": "timeout", "abort": "timeout"} {
		if problems[kind] != want {
			t.Errorf("%s: problem %q, want %q", kind, problems[kind], want)
		}
	}
	// A slow machine does not get that far in the time.
	if got := problems["oversize"]; got != "unlimited" && got != "timeout" {
		t.Errorf("oversize: problem %q", got)
	}
}

// A stalled client is given up at the end of the run, and a slow one sends the rest at once.
func TestEndOfTheRunHurries(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if n, err := io.Copy(io.Discard, r.Body); err != nil || n != r.ContentLength {
			http.Error(w, "incomplete", http.StatusBadRequest)
			return
		}
		_, _ = io.WriteString(w, "Call imported successfully.")
	}))
	t.Cleanup(server.Close)
	began := time.Now()
	m := campaign(t, server.URL, "slow=1,stalled=1", nil)
	if took := time.Since(began); took > slowTime {
		t.Errorf("it took %v", took)
	}
	if slow, stalled := m.Kinds[0], m.Kinds[1]; slow.Sound != 1 || slow.Answers["accepted"] != 1 ||
		stalled.Unfinished != 1 ||
		len(m.Findings) > 0 {
		t.Errorf("slow %+v, stalled %+v, findings %v", slow, stalled, m.Findings)
	}
}

// If a server is gone after a call, the finding names the kind.
func TestServerThatDies(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{}
	server.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := r.ParseMultipartForm(1 << 20); err == nil && r.FormValue("timestamp") != "" {
			// like rdio-scanner, after it has answered
			defer time.AfterFunc(200*time.Millisecond, func() { server.Close() })
		}
		_, _ = io.WriteString(w, "Call imported successfully.")
	})
	go func() { _ = server.Serve(l) }()
	t.Cleanup(func() { server.Close() })
	m := campaign(t, "http://"+l.Addr().String(), "future-time=1", nil)
	if len(m.Findings) != 1 {
		t.Fatalf("findings %v", m.Findings)
	}
	if f := m.Findings[0]; f.Kind != "future-time" || f.Problem != "died" ||
		f.Title != "was gone after a call from an hour ahead" ||
		!strings.Contains(f.Evidence, "nothing listens any more") ||
		!strings.Contains(f.Evidence, "1 of future-time") {
		t.Errorf("finding %+v", f)
	}
	if m.Kinds[0].Answers["accepted"] != 1 {
		t.Errorf("kinds %+v", m.Kinds)
	}
}

// A server that was never there did not die of mischief.
func TestNoServer(t *testing.T) {
	m := campaign(t, "http://127.0.0.1:1", "truncated=1", nil)
	if len(m.Findings) > 0 || m.Kinds[0].Unreachable != 1 || m.Kinds[0].Answers["no_connection"] != 1 {
		t.Errorf("%+v", m)
	}
}

// A server that trusts a file's name is found to write outside of its folder.
func TestServerThatBelievesNames(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_ = r.ParseMultipartForm(1 << 20)
		if _, path, ok := strings.Cut(r.FormValue("audioName"), climb); ok {
			path = "/" + path
			if err := os.WriteFile(path, nil, 0o600); err != nil {
				t.Error(err)
			}
			t.Cleanup(func() { os.Remove(path) })
		}
		_, _ = io.WriteString(w, "Call imported successfully.")
	}))
	t.Cleanup(server.Close)
	if _, err := os.Stat("/tmp"); err != nil {
		t.Skip("this system has no /tmp")
	}
	m := campaign(t, server.URL, "path-traversal=1", nil)
	if len(m.Findings) != 1 || m.Findings[0].Problem != "wrote_outside" ||
		!strings.Contains(m.Findings[0].Evidence, "/tmp/rs-"+testRun+"-bad-path-traversal") {
		t.Errorf("findings %+v", m.Findings)
	}
}

// All kinds work over TLS.
func TestMischiefOverTLS(t *testing.T) {
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_ = r.ParseMultipartForm(1 << 20)
		_, _ = io.WriteString(w, "Call imported successfully.")
	}))
	t.Cleanup(server.Close)
	m := campaign(t, server.URL, "wrong-key=1,abort=1,garbage-audio=1", func(o *Options) {
		o.Connect = upload.ConnectOptions{TLS: &tls.Config{InsecureSkipVerify: true}}
	})
	if p := found(m); p["wrong-key"] != "accepted" || p["abort"] != "accepted" || p["garbage-audio"] != "" {
		t.Errorf("problems %v", p)
	}
}

// When the user stops the run, everything ends at once, and requests that were cut off are no findings.
func TestInterrupt(t *testing.T) {
	var heard atomic.Int64 // clients that have begun to send
	address := unsound(t, func(c net.Conn) {
		if n, _ := c.Read(make([]byte, 1)); n == 1 {
			heard.Add(1)
		}
		_, _ = io.Copy(io.Discard, c)
	})
	ctx, cancel := context.WithCancel(t.Context())
	s := testScenario(address)
	s.Timeout = 10 * time.Minute
	mix, _ := ParseMix("wrong-key=1,slow=1,stalled=1")
	o := Options{
		Mix:      mix,
		Scenario: s,
		RunID:    testRun,
		Start:    time.Now(),
		Calls:    func() measure.Snapshot { return measure.Snapshot{} },
	}
	o.Traffic = testTraffic(t, s, o.Start)
	c, err := Start(ctx, o)
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, "three are under way", func() bool { return heard.Load() == 3 })
	cancel()
	if m := c.Stop(nil, false); len(m.Findings) > 0 || m.Unfinished != 3 {
		t.Errorf("%+v", m)
	}
}

// When the user stops the run, a slow client learns of it in two ways: the context ends, which leaves it no time, and
// mischief stops, which leaves it time to send the rest of its form. In either order, it has no time.
func TestInterruptBeforeStopping(t *testing.T) {
	conn, far := net.Pipe()
	defer conn.Close()
	defer far.Close()
	ctx, cancel := context.WithCancel(t.Context())
	stopping := make(chan struct{})
	c := &connection{Conn: conn, stopping: stopping, timeout: 10 * time.Minute}
	cancel()
	c.cut()
	close(stopping)
	go func() { _, _ = io.Copy(io.Discard, far) }() // reads anything that the client should not send
	size := 1
	if _, answered := c.pausePiece(ctx, &size, 2); answered || size != 2 {
		t.Fatalf("answered %v, pieces of %d", answered, size)
	}
	if _, err := conn.Write([]byte("x")); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("the client went on: %v", err)
	}
}
