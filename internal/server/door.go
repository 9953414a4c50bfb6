package server

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
	crowdText   = "Server busy: too many connections"
	crowdRetryS = 5

	// Clients that are turned away and still send get this long, and so much is read of it, to see the reply: closed with bytes
	// unread, a connection is reset, and the reply lost. So many at once get that.
	farewellTime  = time.Second
	farewellBytes = 256 << 10
	farewells     = 32
)

// door lets connections in while there is room, and turns others away at once, so that the store and the spool always have files
// left. It may be used concurrently.
type door struct {
	limit    int64
	open     atomic.Int64
	refused  atomic.Int64
	farewell chan struct{} // a token for each connection that is being turned away with care
	leaving  sync.WaitGroup
}

func newDoor(limit int) *door {
	return &door{limit: int64(limit), farewell: make(chan struct{}, farewells)}
}

// left says that a connection which Accept has returned is closed.
func (d *door) left() { d.open.Add(-1) }

// usage is the share of the room that is taken.
func (d *door) usage() float64 { return float64(d.open.Load()) / float64(d.limit) }

// guardedListener is a listener with a door. With text, who is turned away is told so in HTTP; over TLS that would cost a handshake.
type guardedListener struct {
	net.Listener

	door *door
	text bool
}

// Accept returns the next connection that there is room for.
func (l *guardedListener) Accept() (net.Conn, error) {
	for {
		conn, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		if l.door.open.Add(1) <= l.door.limit {
			return conn, nil
		}
		l.door.open.Add(-1)
		l.door.refused.Add(1)
		l.door.turnAway(conn, l.text)
	}
}

// turnAway closes a connection. It never waits for the client.
func (d *door) turnAway(conn net.Conn, text bool) {
	if !text {
		conn.Close() // nobody is told
		return
	}
	conn.SetDeadline(time.Now().Add(farewellTime)) // a fresh connection has room for the reply
	fmt.Fprintf(conn, "HTTP/1.1 %d %s\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: %d\r\nRetry-After: %d\r\n"+
		"Connection: close\r\n\r\n%s\n", http.StatusServiceUnavailable, http.StatusText(http.StatusServiceUnavailable),
		len(crowdText)+1, crowdRetryS, crowdText)
	select {
	case d.farewell <- struct{}{}:
	default:
		conn.Close()
		return
	}
	d.leaving.Go(func() {
		defer func() { <-d.farewell }()
		defer conn.Close()
		if half, ok := conn.(interface{ CloseWrite() error }); ok {
			half.CloseWrite()
		}
		io.CopyN(io.Discard, conn, farewellBytes) // until the client has closed, too
	})
}
