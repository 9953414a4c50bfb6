package admission

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

const (
	tooManyText   = "Server busy: too many connections"
	tooManyRetryS = 5

	// A refused client that still sends gets lingerTime to see the reply, and the server reads up to lingerBytes from
	// it. A connection that is closed with unread bytes is reset, and the reply is lost. At most maxLingering clients
	// linger at once.
	lingerTime   = time.Second
	lingerBytes  = 256 << 10
	maxLingering = 32
)

// ConnectionLimiter accepts connections up to a limit and refuses others at once, so that the store and the spool
// always have file descriptors left. It is safe for concurrent use. Create one with NewConnectionLimiter.
type ConnectionLimiter struct {
	limit     int64
	open      atomic.Int64
	refused   atomic.Int64
	lingering chan struct{} // one token for each refused connection that is still being read
	closing   sync.WaitGroup
}

// NewConnectionLimiter returns a limiter of up to limit connections.
func NewConnectionLimiter(limit int) *ConnectionLimiter {
	return &ConnectionLimiter{limit: int64(limit), lingering: make(chan struct{}, maxLingering)}
}

// Closed records that a connection that Accept returned is closed.
func (l *ConnectionLimiter) Closed() { l.open.Add(-1) }

// ConnectionUsage is the number of open connections and their limit.
type ConnectionUsage struct{ Open, Limit, Refused int64 }

// Usage returns the number of open connections and the limit.
func (l *ConnectionLimiter) Usage() ConnectionUsage {
	return ConnectionUsage{Open: l.open.Load(), Limit: l.limit, Refused: l.refused.Load()}
}

// Wait waits until all refused connections are closed. No listener may accept after it is called.
func (l *ConnectionLimiter) Wait() { l.closing.Wait() }

// Listener returns ln with the limit applied. If reply is set, refused clients get an HTTP reply; over TLS a reply
// would cost a handshake.
func (l *ConnectionLimiter) Listener(ln net.Listener, reply bool) net.Listener {
	return &limitedListener{Listener: ln, limiter: l, reply: reply}
}

type limitedListener struct {
	net.Listener

	limiter *ConnectionLimiter
	reply   bool
}

// Accept returns the next connection within the limit.
func (l *limitedListener) Accept() (net.Conn, error) {
	for {
		conn, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		if l.limiter.open.Add(1) <= l.limiter.limit {
			return conn, nil
		}
		l.limiter.open.Add(-1)
		l.limiter.refused.Add(1)
		l.limiter.refuse(conn, l.reply)
	}
}

// refuse closes a connection. It never waits for the client.
func (l *ConnectionLimiter) refuse(conn net.Conn, reply bool) {
	if !reply {
		conn.Close()
		return
	}
	conn.SetDeadline(time.Now().Add(lingerTime)) // a new connection's send buffer has room for the reply
	const format = "HTTP/1.1 %d %s\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: %d\r\n" +
		"Retry-After: %d\r\nConnection: close\r\n\r\n%s\n"
	const status = http.StatusServiceUnavailable
	fmt.Fprintf(conn, format, status, http.StatusText(status), len(tooManyText)+1, tooManyRetryS, tooManyText)
	select {
	case l.lingering <- struct{}{}:
	default:
		conn.Close()
		return
	}
	l.closing.Go(func() {
		defer func() { <-l.lingering }()
		defer conn.Close()
		if half, ok := conn.(interface{ CloseWrite() error }); ok {
			half.CloseWrite()
		}
		io.CopyN(io.Discard, conn, lingerBytes) // until the client closes its side
	})
}
