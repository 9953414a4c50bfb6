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

	// Refused clients that still send get lingerTime, and up to lingerBytes are read of them, so that they see the
	// reply: a connection that is closed with bytes unread is reset, and the reply lost. At most maxLingering get that
	// at once.
	lingerTime   = time.Second
	lingerBytes  = 256 << 10
	maxLingering = 32
)

// ConnectionLimiter lets connections in while there is room, and refuses others at once, so that the store and the
// spool always have files left. It may be used concurrently. Make one with NewConnectionLimiter.
type ConnectionLimiter struct {
	limit     int64
	open      atomic.Int64
	refused   atomic.Int64
	lingering chan struct{} // a token for each connection that is refused and still read
	closing   sync.WaitGroup
}

// NewConnectionLimiter returns a limiter of up to limit connections.
func NewConnectionLimiter(limit int) *ConnectionLimiter {
	return &ConnectionLimiter{limit: int64(limit), lingering: make(chan struct{}, maxLingering)}
}

// Closed says that a connection which Accept has returned is closed.
func (l *ConnectionLimiter) Closed() { l.open.Add(-1) }

// ConnectionUsage is how many connections there are and may be.
type ConnectionUsage struct{ Open, Limit, Refused int64 }

// Usage returns how many connections there are now.
func (l *ConnectionLimiter) Usage() ConnectionUsage {
	return ConnectionUsage{Open: l.open.Load(), Limit: l.limit, Refused: l.refused.Load()}
}

// Wait returns once all refused connections are closed. No listener may accept any more.
func (l *ConnectionLimiter) Wait() { l.closing.Wait() }

// Listener returns ln with the limit. With reply, refused clients get a reply in HTTP; over TLS that would cost a
// handshake.
func (l *ConnectionLimiter) Listener(ln net.Listener, reply bool) net.Listener {
	return &limitedListener{Listener: ln, limiter: l, reply: reply}
}

type limitedListener struct {
	net.Listener

	limiter *ConnectionLimiter
	reply   bool
}

// Accept returns the next connection that there is room for.
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
	conn.SetDeadline(time.Now().Add(lingerTime)) // a fresh connection has room for the reply
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
		io.CopyN(io.Discard, conn, lingerBytes) // until the client has closed, too
	})
}
