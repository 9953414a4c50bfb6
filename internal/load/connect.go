package load

import (
	"cmp"
	"context"
	"crypto/tls"
	"net"
	"time"
)

// ConnectOptions says how a target is connected to.
type ConnectOptions struct {
	KeepAlive bool              // many calls over one connection, if their client does so; otherwise one connection for each
	Reuse     bool              // with KeepAlive: also calls of clients that open a connection for each
	HTTP2     bool              // where an https target speaks it
	TLS       *tls.Config       // for https; nil checks the server's certificate against the system's authorities
	Resolve   map[string]string // where to connect instead of to a host:port, as host:port
	Connect   time.Duration     // for opening a connection, TLS included; 0 is 10 s
}

// connectTimeout is how long opening a connection may take if nothing else is asked for.
const connectTimeout = 10 * time.Second

func (o *ConnectOptions) connectTimeout() time.Duration { return cmp.Or(o.Connect, connectTimeout) }

// dial opens a connection to a host and port, or to what stands in for it.
func (o *ConnectOptions) dial(ctx context.Context, network, address string) (net.Conn, error) {
	dialer := &net.Dialer{Timeout: o.connectTimeout(), KeepAlive: -1}
	if other, ok := o.Resolve[address]; ok {
		address = other
	}
	return dialer.DialContext(ctx, network, address)
}

// Target is an upload endpoint.
type Target interface {
	// Uploader returns an uploader of its own for one goroutine.
	Uploader() Uploader
	// Close frees what the uploaders share, after them.
	Close()
}

// NewTarget returns the scenario's endpoint, spoken to in the cheapest way that can do what is asked for.
func NewTarget(s *Scenario, o ConnectOptions) (Target, error) {
	if o.HTTP2 {
		return NewHTTPTarget(s, o)
	}
	return NewWireTarget(s, o)
}

// Spread returns what makes the uploaders of a run that has another number of connections than of slots; nil if it has not. With
// more connections, each slot uses its share of them in turn, and uploaders beyond the slots, of repeats, have one each; with fewer, all
// wait for one to be free.
func Spread(t Target, slots, connections int) func() Uploader {
	switch {
	case connections == 0 || connections == slots:
		return nil
	case connections > slots:
		next := 0
		return func() Uploader {
			share := connections / slots
			switch {
			case next >= slots:
				share = 1
			case next < connections%slots:
				share++
			}
			next++
			turns := &inTurn{}
			for range share {
				turns.uploaders = append(turns.uploaders, t.Uploader())
			}
			return turns
		}
	default:
		free := make(chan Uploader, connections)
		for range connections {
			free <- t.Uploader()
		}
		return func() Uploader { return shared{free} }
	}
}
