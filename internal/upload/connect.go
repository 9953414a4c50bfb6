package upload

import (
	"cmp"
	"context"
	"crypto/tls"
	"net"
	"net/url"
	"time"

	"rdiostress/internal/address"
)

// ConnectOptions says how a target is connected to.
type ConnectOptions struct {
	// many calls over one connection, if their client does so; otherwise one connection for each
	KeepAlive bool
	Reuse     bool              // with KeepAlive: also calls of clients that open a connection for each
	HTTP2     bool              // where an https target speaks it
	TLS       *tls.Config       // for https; nil checks the server's certificate against the system's authorities
	Resolve   map[string]string // where to connect instead of to a host:port, as host:port
	Connect   time.Duration     // for opening a connection, TLS included; 0 is 10 s
}

// DefaultConnectTimeout is how long opening a connection may take if nothing else is asked for.
const DefaultConnectTimeout = 10 * time.Second

// OpenTimeout is how long opening a connection may take.
func (o *ConnectOptions) OpenTimeout() time.Duration { return cmp.Or(o.Connect, DefaultConnectTimeout) }

// dial opens a connection to a host and port, or to what stands in for it.
func (o *ConnectOptions) dial(ctx context.Context, network, address string) (net.Conn, error) {
	dialer := &net.Dialer{Timeout: o.OpenTimeout(), KeepAlive: -1}
	if other, ok := o.Resolve[address]; ok {
		address = other
	}
	return dialer.DialContext(ctx, network, address)
}

// Open opens a connection to where u leads, of TLS where it asks for that, for HTTP/1.1.
func (o *ConnectOptions) Open(ctx context.Context, u *url.URL) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, o.OpenTimeout())
	defer cancel()
	conn, err := o.dial(ctx, "tcp", address.HostPort(u))
	if err != nil || u.Scheme != "https" {
		return conn, err
	}
	secure := tls.Client(conn, TLSConfig(o.TLS, u.Hostname()))
	if err := secure.HandshakeContext(ctx); err != nil {
		conn.Close()
		return nil, err
	}
	return secure, nil
}

// Target is an upload endpoint.
type Target interface {
	// Uploader returns an uploader of its own for one goroutine.
	Uploader() Uploader
	// Close frees what the uploaders share, after them.
	Close()
}

// TLSConfig is the client's side of a connection to host.
func TLSConfig(given *tls.Config, host string) *tls.Config {
	c := given.Clone() // nil if given is
	if c == nil {
		c = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	if c.ServerName == "" {
		c.ServerName = host
	}
	c.NextProtos = []string{"http/1.1"}
	// Small first records make the first bytes readable sooner, which helps nobody here and costs a system call each.
	c.DynamicRecordSizingDisabled = true
	return c
}
