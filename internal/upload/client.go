package upload

import (
	"net/http"
	"time"
)

// Client returns a client for requests that are not part of the load. It connects as the uploaders do.
func (o ConnectOptions) Client() *http.Client {
	return &http.Client{
		Transport: &http.Transport{
			DialContext: o.dial, TLSHandshakeTimeout: o.OpenTimeout(), TLSClientConfig: o.TLS.Clone(),
			IdleConnTimeout: time.Minute,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}
