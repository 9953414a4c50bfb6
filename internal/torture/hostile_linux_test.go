package torture

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// A hostility is a way in which a server mistreats a request, after it has read it. It returns once it has had enough,
// or the client has left; then the connection is closed.
type hostility struct {
	name string
	do   func(conn *net.TCPConn, random *rand.Rand)
}

// pour writes something again and again, until the client leaves or a minute is over.
func pour(conn net.Conn, piece []byte, pause time.Duration) {
	for began := time.Now(); time.Since(began) < time.Minute; {
		if _, err := conn.Write(piece); err != nil {
			return
		}
		if pause > 0 {
			time.Sleep(pause) // this is how slow it is
		}
	}
}

// say writes a text; whether the client still reads does not matter.
func say(conn net.Conn, text string) { _, _ = io.WriteString(conn, text) }

// quiet says nothing until the client leaves.
func quiet(conn net.Conn) {
	_ = conn.SetReadDeadline(time.Now().Add(time.Minute))
	_, _ = io.Copy(io.Discard, conn)
}

const (
	okHead = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"
	okText = "Call imported successfully.\n"
)

// hostilities are all ways of which it is known that programs have fallen for them.
func hostilities() []hostility {
	kilobyte := []byte(strings.Repeat("x", 1024))
	return []hostility{
		{"never answers", func(c *net.TCPConn, _ *rand.Rand) { quiet(c) }},
		{"reset", func(c *net.TCPConn, _ *rand.Rand) { _ = c.SetLinger(0) }},
		{"closed without an answer", func(*net.TCPConn, *rand.Rand) {}},
		{"reset in the answer", func(c *net.TCPConn, _ *rand.Rand) {
			say(c, okHead+"Content-Length: 1000\r\n\r\nCall imp")
			_ = c.SetLinger(0)
		}},
		{"cut off after the phrase", func(c *net.TCPConn, _ *rand.Rand) {
			say(c, okHead+"Content-Length: 1000\r\n\r\n"+okText)
		}},
		{"endless body", func(c *net.TCPConn, _ *rand.Rand) { say(c, okHead+"\r\n"); pour(c, kilobyte, 0) }},
		{"endless body after the phrase", func(c *net.TCPConn, _ *rand.Rand) {
			say(c, okHead+"\r\n"+okText)
			pour(c, kilobyte, 0)
		}},
		{"endless chunks", func(c *net.TCPConn, _ *rand.Rand) {
			say(c, okHead+"Transfer-Encoding: chunked\r\n\r\n")
			pour(c, []byte("400\r\n"+string(kilobyte)+"\r\n"), 0)
		}},
		{"a body of 10 exabytes", func(c *net.TCPConn, _ *rand.Rand) {
			say(c, okHead+"Content-Length: 9223372036854775807\r\n\r\n")
			pour(c, kilobyte, 0)
		}},
		{"endless header", func(c *net.TCPConn, _ *rand.Rand) { say(c, okHead); pour(c, []byte("X-Y: zzzzzzzzzz\r\n"), 0) }},
		{"endless header line", func(c *net.TCPConn, _ *rand.Rand) { say(c, okHead+"X: "); pour(c, kilobyte, 0) }},
		{"endless status line", func(c *net.TCPConn, _ *rand.Rand) { say(c, "HTTP/1.1 200 "); pour(c, kilobyte, 0) }},
		{"endless interim answers", func(c *net.TCPConn, _ *rand.Rand) {
			pour(c, []byte("HTTP/1.1 100 Continue\r\n\r\n"), 0)
		}},
		{"a byte a second", func(c *net.TCPConn, _ *rand.Rand) { say(c, okHead+"\r\n"); pour(c, []byte("x"), time.Second) }},
		{"a header byte a second", func(c *net.TCPConn, _ *rand.Rand) { say(c, okHead); pour(c, []byte("x"), time.Second) }},
		{"noise", func(c *net.TCPConn, random *rand.Rand) {
			noise := make([]byte, 1+random.IntN(100_000))
			for i := range noise {
				noise[i] = byte(random.Uint32())
			}
			_, _ = c.Write(noise)
		}},
		{"noise after a good head", func(c *net.TCPConn, random *rand.Rand) {
			noise := make([]byte, 5000)
			for i := range noise {
				noise[i] = byte(random.Uint32())
			}
			say(c, okHead+"Transfer-Encoding: chunked\r\n\r\n")
			_, _ = c.Write(noise)
		}},
		{"a length below zero", func(c *net.TCPConn, _ *rand.Rand) { say(c, okHead+"Content-Length: -5\r\n\r\n"+okText) }},
		{"two lengths", func(c *net.TCPConn, _ *rand.Rand) {
			say(c, okHead+"Content-Length: 5\r\nContent-Length: 28\r\n\r\n"+okText)
		}},
		{"status 99999", func(c *net.TCPConn, _ *rand.Rand) { say(c, "HTTP/1.1 99999 Over\r\nContent-Length: 0\r\n\r\n") }},
		{"a change to another protocol", func(c *net.TCPConn, _ *rand.Rand) {
			say(c, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n")
			quiet(c)
		}},
		{"HTTP/2 unasked", func(c *net.TCPConn, _ *rand.Rand) { say(c, "\x00\x00\x00\x04\x00\x00\x00\x00\x00"); quiet(c) }},
		{"a TLS alert", func(c *net.TCPConn, _ *rand.Rand) { say(c, "\x15\x03\x01\x00\x02\x02\x28") }},
		{"escape sequences in the answer", func(c *net.TCPConn, _ *rand.Rand) {
			text := "\x1b[2J\x1b]0;owned\x07\r\n\x00{{.}}<script>alert(1)</script>"
			say(c, fmt.Sprintf("HTTP/1.1 500 \x1b[2J\r\nContent-Length: %d\r\n\r\n%s", len(text), text))
		}},
		{"a redirect to itself", func(c *net.TCPConn, _ *rand.Rand) {
			say(c, "HTTP/1.1 308 X\r\nLocation: /api/call-upload\r\nContent-Length: 0\r\n\r\n")
		}},
		{"answers nobody asked for", func(c *net.TCPConn, _ *rand.Rand) {
			answer := fmt.Sprintf("%sContent-Length: %d\r\n\r\n%s", okHead, len(okText), okText)
			say(c, strings.Repeat(answer, 50))
			quiet(c)
		}},
	}
}

// hostileServer takes uploads well until it turns hostile, and then some of them.
type hostileServer struct {
	url      string
	kind     hostility
	patience int64   // uploads that it takes well at first
	share    float64 // of those after them that it mistreats

	listener net.Listener
	uploads  atomic.Int64
	good     atomic.Int64 // answers that say that a call was imported
	work     sync.WaitGroup
	mu       sync.Mutex
	conns    map[net.Conn]bool
	random   *rand.Rand // guarded by mu
}

func (r *round) newHostileServer(kind hostility, patience int64, share float64) *hostileServer {
	r.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		r.Fatal(err)
	}
	h := &hostileServer{
		url: "http://" + listener.Addr().String(), kind: kind, patience: patience, share: share, listener: listener,
		conns: make(map[net.Conn]bool), random: rand.New(rand.NewPCG(r.random.Uint64(), 1)),
	}
	h.work.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			h.mu.Lock()
			h.conns[conn] = true
			h.mu.Unlock()
			h.work.Go(func() { h.serve(conn.(*net.TCPConn)) })
		}
	})
	r.Cleanup(h.close)
	return h
}

func (h *hostileServer) close() {
	h.listener.Close()
	h.mu.Lock()
	for conn := range h.conns {
		conn.Close()
	}
	h.mu.Unlock()
	h.work.Wait()
}

// isHostile decides about an upload, and draws what a hostility may need.
func (h *hostileServer) isHostile() (bool, *rand.Rand) {
	if h.uploads.Add(1) <= h.patience {
		return false, nil
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.random.Float64() < h.share, rand.New(rand.NewPCG(h.random.Uint64(), 2))
}

func (h *hostileServer) serve(conn *net.TCPConn) {
	defer func() {
		conn.Close()
		h.mu.Lock()
		delete(h.conns, conn)
		h.mu.Unlock()
	}()
	for requests := bufio.NewReader(conn); ; {
		req, err := http.ReadRequest(requests)
		if err != nil {
			return
		}
		body, err := io.ReadAll(req.Body)
		if err != nil {
			return
		}
		hostile, random := h.isHostile()
		if hostile {
			h.kind.do(conn, random)
			return
		}
		text := okText
		if bytes.Contains(body, []byte(`name="test"`)) {
			text = "incomplete call data: no talkgroup\n"
		} else {
			h.good.Add(1) // before it is sent, since afterwards the client may have counted it
		}
		say(conn, fmt.Sprintf("%sContent-Length: %d\r\n\r\n%s", okHead, len(text), text))
	}
}
