package trial

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"rdiostress/internal/inputfile"
	"rdiostress/internal/upload"
)

// Connection says how to connect to the server. The files are read when the trial begins.
type Connection struct {
	Insecure   bool              `json:",omitempty"` // the server's certificate is not checked
	CAFile     string            `json:",omitempty"` // PEM file of trusted authorities; empty: the system's
	CertFile   string            `json:",omitempty"` // PEM file with the client certificate
	KeyFile    string            `json:",omitempty"` // PEM file with its key; empty: the same file
	ServerName string            `json:",omitempty"` // name in the server's certificate; empty: the URL's host
	Resolve    map[string]string `json:",omitempty"` // addresses to connect to in place of a host:port
}

// ConnectionError is an error in a file of a Connection.
type ConnectionError struct {
	Field string // CAFile or CertFile
	Err   error
}

// Error implements error.
func (e *ConnectionError) Error() string { return e.Field + ": " + e.Err.Error() }

// Unwrap returns the cause.
func (e *ConnectionError) Unwrap() error { return e.Err }

// TLS reads the files, and returns the TLS configuration. The error joins a *ConnectionError for each file.
func (c *Connection) TLS() (*tls.Config, error) {
	config := &tls.Config{MinVersion: tls.VersionTLS12, InsecureSkipVerify: c.Insecure, ServerName: c.ServerName}
	return config, errors.Join(c.readAuthorities(config), c.readCertificate(config))
}

func (c *Connection) readAuthorities(config *tls.Config) error {
	if c.CAFile == "" {
		return nil
	}
	text, err := inputfile.Read(c.CAFile, maxPEM)
	if err != nil {
		return &ConnectionError{"CAFile", err}
	}
	config.RootCAs = x509.NewCertPool()
	if !config.RootCAs.AppendCertsFromPEM(text) {
		return &ConnectionError{"CAFile", fmt.Errorf("%s holds no certificate in PEM form", c.CAFile)}
	}
	return nil
}

func (c *Connection) readCertificate(config *tls.Config) error {
	if c.CertFile == "" {
		return nil
	}
	cert, err := readKeyPair(c.CertFile, cmp.Or(c.KeyFile, c.CertFile))
	if err != nil {
		return &ConnectionError{"CertFile", err}
	}
	config.Certificates = []tls.Certificate{cert}
	return nil
}

// maxPEM is the maximum size of a PEM file; the authorities of a whole system take about 300 kB.
const maxPEM = 16 << 20

// readKeyPair reads a certificate and its key.
func readKeyPair(certFile, keyFile string) (tls.Certificate, error) {
	cert, err := inputfile.Read(certFile, maxPEM)
	if err != nil {
		return tls.Certificate{}, err
	}
	key, err := inputfile.Read(keyFile, maxPEM)
	if err != nil {
		return tls.Certificate{}, err
	}
	return tls.X509KeyPair(cert, key)
}

// connect returns how uploads connect to the server.
func (p *Plan) connect() (upload.ConnectOptions, error) {
	config, err := p.Connection.TLS()
	if err != nil {
		return upload.ConnectOptions{}, err
	}
	s := &p.Scenario
	return upload.ConnectOptions{
		KeepAlive: !s.NoKeepAlive, Reuse: s.Reuse, HTTP2: s.HTTP2, RealClients: s.RealClients, TLS: config,
		Resolve: p.Connection.Resolve,
	}, nil
}

// pageClient returns an HTTP client that connects in the same way, for the server's metrics pages. The caller closes
// its idle connections.
func pageClient(o upload.ConnectOptions) *http.Client {
	dialer := net.Dialer{Timeout: 5 * time.Second}
	return &http.Client{Transport: &http.Transport{
		TLSClientConfig: o.TLS.Clone(),
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			if to, ok := o.Resolve[address]; ok {
				address = to
			}
			return dialer.DialContext(ctx, network, address)
		},
	}}
}
