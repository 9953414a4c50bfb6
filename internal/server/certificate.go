package server

import (
	"crypto/tls"
	"errors"
	"fmt"
	"sync/atomic"
)

// certificate is the server's certificate. It may be replaced while the server runs.
type certificate struct {
	at atomic.Pointer[tls.Certificate]
}

func (c *certificate) load(certFile, keyFile string, certText, keyText []byte) error {
	pair, err := tls.X509KeyPair(certText, keyText)
	if err != nil {
		return fmt.Errorf("certificate %s with key %s: %w", certFile, keyFile, err)
	}
	c.at.Store(&pair)
	return nil
}

// config returns the TLS configuration of the connections.
func (c *certificate) config() *tls.Config {
	return &tls.Config{
		MinVersion: tls.VersionTLS12,
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
			if pair := c.at.Load(); pair != nil {
				return pair, nil
			}
			return nil, errors.New("no certificate")
		},
	}
}
