package load

import (
	"context"
	"crypto/tls"
	"net"
	"net/url"

	"rdiostress/internal/address"
	"rdiostress/internal/measure"
	"rdiostress/internal/rdio"
)

// What senders beside the run's own uploaders need.

// UploadURL is where calls are sent.
func (s *Scenario) UploadURL() (*url.URL, error) { return clientURL(s.URL, rdio.SDRTrunk) }

// Shape is the load over the whole run.
func (s *Scenario) Shape() Shape { return shapeOf(s.phases()) }

// Open opens a connection to where u leads, of TLS where it asks for that, for HTTP/1.1.
func (o *ConnectOptions) Open(ctx context.Context, u *url.URL) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, o.connectTimeout())
	defer cancel()
	conn, err := o.dial(ctx, "tcp", address.HostPort(u))
	if err != nil || u.Scheme != "https" {
		return conn, err
	}
	secure := tls.Client(conn, tlsConfig(o.TLS, u.Hostname()))
	if err := secure.HandshakeContext(ctx); err != nil {
		conn.Close()
		return nil, err
	}
	return secure, nil
}

// IsRefused tells whether an error of Open says that nothing listens there.
func IsRefused(err error) bool { return isRefused(err) }

// Describe is an error of the network in a line for people.
func Describe(err error) string { return describe(err) }

// IsTimeout tells whether an error says that something took too long.
func IsTimeout(err error) bool { return classify(err, true) == measure.Timeout }
