package upload

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"rdiostress/internal/rdio"
	"rdiostress/internal/upload/uploadtest"
)

func newTestTarget(t *testing.T, address string, o ConnectOptions) *HTTPTarget {
	t.Helper()
	s := uploadtest.Scenario()
	s.URL = address
	target, err := NewHTTPTarget(s, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(target.Close)
	return target
}

// Reach says why no connection can be opened.
func TestReach(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	address := server.URL
	if err := newTestTarget(t, address, ConnectOptions{}).Reach(t.Context()); err != nil {
		t.Error(err)
	}
	server.Close()
	for name, want := range map[string]string{
		address:               "nothing listens on",
		"http://nowhere.test": "cannot resolve the host name",
	} {
		var te *TargetError
		o := ConnectOptions{Resolve: map[string]string{"nowhere.test:80": "nowhere.invalid:80"}}
		if err := newTestTarget(t, name, o).Reach(t.Context()); !errors.As(err, &te) ||
			!strings.Contains(te.Error(), want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	ended, end := context.WithCancel(t.Context())
	end()
	if err := newTestTarget(t, address, ConnectOptions{}).Reach(ended); err == nil {
		t.Error("a connection was opened after the end")
	}
}

// Open and Client connect as uploaders do: over TLS if the address asks for it, and to the replacement of the host.
func TestOpen(t *testing.T) {
	server := uploadtest.QuietTLSServer(http.NotFoundHandler())
	defer server.Close()
	o := ConnectOptions{
		TLS:     server.Client().Transport.(*http.Transport).TLSClientConfig,
		Resolve: map[string]string{"example.com:443": server.Listener.Addr().String()},
	}
	conn, err := o.Open(t.Context(), &url.URL{Scheme: "https", Host: "example.com"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Write([]byte("GET / HTTP/1.0\r\n\r\n")); err != nil {
		t.Error(err)
	}
	_ = conn.Close()
	client := o.Client()
	defer client.CloseIdleConnections()
	resp, err := client.Get("https://example.com/")
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusNotFound {
		t.Errorf("status %d", resp.StatusCode)
	}
	if _, err := (&ConnectOptions{}).Open(t.Context(),
		&url.URL{Scheme: "https", Host: server.Listener.Addr().String()}); err == nil {
		t.Error("a certificate of nobody is taken")
	}
}

func TestErrorsAreToldApart(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	at := listener.Addr().String()
	_ = listener.Close()
	if _, err = (&ConnectOptions{}).Open(t.Context(), &url.URL{Scheme: "http", Host: at}); !IsRefused(err) ||
		IsTimeout(err) || IsReset(err) {
		t.Errorf("nothing listens: %v", err)
	}
}

// An endpoint's address is shown without secrets.
func TestEndpointAddress(t *testing.T) {
	target := newTestTarget(t, "http://user:secret@example.com:3000/base?token=secret", ConnectOptions{})
	const want = "http://example.com:3000/base/api/call-upload?…"
	if got := target.Endpoint(rdio.SDRTrunk).Address(); got != want {
		t.Errorf("%s, want %s", got, want)
	}
	if target.Host() != "example.com:3000" || target.Timeout() <= 0 || len(target.Clients()) != 1 {
		t.Errorf("host %s, timeout %v, clients %v", target.Host(), target.Timeout(), target.Clients())
	}
}
