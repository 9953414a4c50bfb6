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

// ConnectOptions says how to connect to a target.
type ConnectOptions struct {
	// send many calls over one connection if their client does so, instead of opening one for each call
	KeepAlive bool
	Reuse     bool // with KeepAlive: also for clients that open a connection for each call
	// keep answered connections open and follow redirects where the client does; a redirect to another machine is not
	// followed, as calls must not go where nobody has sent them
	RealClients bool

	HTTP2 bool // use HTTP/2 if an https target has it
	// for https; nil checks the server's certificate against the authorities of the system
	TLS     *tls.Config
	Resolve map[string]string // host:port to connect to instead of a host:port
	Connect time.Duration     // timeout for opening a connection, including TLS; 0 is DefaultConnectTimeout
}

// DefaultConnectTimeout is the timeout for opening a connection unless the options have another.
const DefaultConnectTimeout = 10 * time.Second

// OpenTimeout returns the timeout for opening a connection.
func (o *ConnectOptions) OpenTimeout() time.Duration { return cmp.Or(o.Connect, DefaultConnectTimeout) }

// dial opens a connection to a host and port, or to its replacement.
func (o *ConnectOptions) dial(ctx context.Context, network, address string) (net.Conn, error) {
	dialer := &net.Dialer{Timeout: o.OpenTimeout(), KeepAlive: -1}
	if other, ok := o.Resolve[address]; ok {
		address = other
	}
	return dialer.DialContext(ctx, network, address)
}

// Open opens a connection for HTTP/1.1 to the host of a URL, with TLS if the URL asks for it.
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
	// Uploader returns a new uploader, for one goroutine.
	Uploader() Uploader
	// Close frees what the uploaders share. The uploaders must have been closed.
	Close()
}

// TLSConfig returns the configuration of the client for a connection to a host.
func TLSConfig(given *tls.Config, host string) *tls.Config {
	c := given.Clone() // nil if given is nil
	if c == nil {
		c = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	if c.ServerName == "" {
		c.ServerName = host
	}
	c.NextProtos = []string{"http/1.1"}
	// With small first records, the first bytes could be read sooner, which is of no use here and costs system calls.
	c.DynamicRecordSizingDisabled = true
	return c
}
