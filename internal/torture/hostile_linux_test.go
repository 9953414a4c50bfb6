package torture

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"slices"
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

// acknowledges reports whether an answer of the kind may be taken for that of a call that was imported, once.
func (h hostility) acknowledges() bool {
	return slices.Contains([]string{afterPhrase, cutPhrase, unasked}, h.name)
}

const (
	afterPhrase = "endless body after the phrase"
	cutPhrase   = "cut off after the phrase"
	unasked     = "answers nobody asked for"
)

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
	return slices.Concat(endings(), floods(), trickles(), malformed(), surprises())
}

// answers is a hostility that says something, and closes the connection.
func answers(name, text string) hostility {
	return hostility{name, func(c *net.TCPConn, _ *rand.Rand) { say(c, text) }}
}

// pours is a hostility that says something, and then a piece again and again.
func pours(name, text, piece string) hostility {
	return hostility{name, func(c *net.TCPConn, _ *rand.Rand) { say(c, text); pour(c, []byte(piece), 0) }}
}

// trickles are answers that take for ever.
func trickles() []hostility {
	slow := func(name, head string) hostility {
		return hostility{name, func(c *net.TCPConn, _ *rand.Rand) { say(c, head); pour(c, []byte("x"), time.Second) }}
	}
	return []hostility{
		{"never answers", func(c *net.TCPConn, _ *rand.Rand) { quiet(c) }},
		slow("a byte a second", okHead+"\r\n"),
		slow("a header byte a second", okHead),
		slow("a byte of the status a second", "HTTP/1.1 2"),
	}
}

// endings are connections that end before the answer does.
func endings() []hostility {
	return []hostility{
		{"reset", func(c *net.TCPConn, _ *rand.Rand) { _ = c.SetLinger(0) }},
		{"closed without an answer", func(*net.TCPConn, *rand.Rand) {}},
		{"reset in the answer", func(c *net.TCPConn, _ *rand.Rand) {
			say(c, okHead+"Content-Length: 1000\r\n\r\nCall imp")
			_ = c.SetLinger(0)
		}},
		answers(cutPhrase, okHead+"Content-Length: 1000\r\n\r\n"+okText),
	}
}

// floods are answers without an end.
func floods() []hostility {
	kilobyte := strings.Repeat("x", 1024)
	return []hostility{
		pours("endless body", okHead+"\r\n", kilobyte),
		pours(afterPhrase, okHead+"\r\n"+okText, kilobyte),
		pours("endless chunks", okHead+"Transfer-Encoding: chunked\r\n\r\n", "400\r\n"+kilobyte+"\r\n"),
		pours("a body of 9 exabytes", okHead+"Content-Length: 9223372036854775807\r\n\r\n", kilobyte),
		pours("endless header", okHead, "X-Y: zzzzzzzzzz\r\n"),
		pours("endless header line", okHead+"X: ", kilobyte),
		pours("endless status line", "HTTP/1.1 200 ", kilobyte),
		pours("endless interim answers", "", "HTTP/1.1 100 Continue\r\n\r\n"),
	}
}

// malformed are answers that are no HTTP.
func malformed() []hostility {
	noise := func(head string) func(c *net.TCPConn, random *rand.Rand) {
		return func(c *net.TCPConn, random *rand.Rand) {
			noise := make([]byte, 1+random.IntN(100_000))
			for i := range noise {
				noise[i] = byte(random.Uint32())
			}
			say(c, head+string(noise))
		}
	}
	return []hostility{
		{"noise", noise("")},
		{"noise for a body", noise(okHead + "\r\n")},
		{"noise for chunks", noise(okHead + "Transfer-Encoding: chunked\r\n\r\n")},
		answers("a length below zero", okHead+"Content-Length: -5\r\n\r\n"+okText),
		answers("two lengths", okHead+"Content-Length: 5\r\nContent-Length: 28\r\n\r\n"+okText),
		answers("status 99999", "HTTP/1.1 99999 Over\r\nContent-Length: 0\r\n\r\n"),
		answers("a TLS alert", "\x15\x03\x01\x00\x02\x02\x28"),
	}
}

// surprises are answers that are HTTP, and not what was asked for.
func surprises() []hostility {
	const escapes = "\x1b[2J\x1b]0;owned\x07\r\n\x00{{.}}<script>alert(1)</script>"
	answer := fmt.Sprintf("%sContent-Length: %d\r\n\r\n%s", okHead, len(okText), okText)
	stays := func(name, text string) hostility {
		return hostility{name, func(c *net.TCPConn, _ *rand.Rand) { say(c, text); quiet(c) }}
	}
	return []hostility{
		answers("escape sequences", fmt.Sprintf("HTTP/1.1 500 \x1b[2J\r\nContent-Length: %d\r\n\r\n%s", len(escapes),
			escapes)),
		answers("a redirect to itself", "HTTP/1.1 308 X\r\nLocation: /api/call-upload\r\nContent-Length: 0\r\n\r\n"),
		stays("another protocol", "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n"),
		stays("HTTP/2 unasked", "\x00\x00\x00\x04\x00\x00\x00\x00\x00"),
		stays(unasked, strings.Repeat(answer, 50)),
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
			if h.kind.acknowledges() {
				h.good.Add(1)
			}
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
