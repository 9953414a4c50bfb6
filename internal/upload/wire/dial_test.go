package wire

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"rdiostress/internal/measure"
	"rdiostress/internal/scenario"
	"rdiostress/internal/upload"
)

func TestWireRequest(t *testing.T) {
	tests := []struct{ url, line, host, more string }{
		{"http://localhost:8000", "POST /api/call-upload", "localhost:8000", ""},
		{"http://h/base/?x=1&y=%2F", "POST /base/api/call-upload?x=1&y=%2F", "h", ""},
		{"http://h/a%20b/api/call-upload", "POST /a%20b/api/call-upload", "h", ""},
		{"http://[fe80::1%25eth0]:80", "POST /api/call-upload", "[fe80::1]:80", ""},
		{"http://me:secret@h", "POST /api/call-upload", "h", "Authorization: Basic bWU6c2VjcmV0\r\n"},
	}
	for _, tt := range tests {
		u := wire(t, tt.url, nil)
		d, req := u.target.newDraft(), transfer{}
		u.target.encode(&d, testCall([]byte("audio")), &req)
		head, form, _ := strings.Cut(string(bytes.Join(req.parts[:], nil)), "\r\n\r\n")
		length := len(form)
		want := tt.line + " HTTP/1.1\r\nConnection: Upgrade, HTTP2-Settings\r\nContent-Length: " +
			strconv.Itoa(length) + "\r\nHost: " + tt.host +
			"\r\nHTTP2-Settings: AAEAAEAAAAIAAAAAAAMAAAAAAAQBAAAAAAUAAEAAAAYABgAA\r\nUpgrade: h2c" +
			"\r\nContent-Type: multipart/form-data; boundary=--sdrtrunk-sdrtrunk-sdrtrunk\r\nUser-Agent: sdrtrunk\r\n" +
			tt.more + "\r\n"
		if head += "\r\n\r\n"; head != want || len(head) != req.head || req.size != len(head)+length {
			t.Errorf("%s: got\n%s\nwant\n%s", tt.url, head, want)
		}
	}
	if _, err := NewTarget(&scenario.Scenario{URL: "http://bücher.example"}, upload.ConnectOptions{}); err == nil {
		t.Error("a host name beyond ASCII is taken")
	}
}

// Each failure before a connection is open has a class of its own.
func TestWireNoConnection(t *testing.T) {
	eachWiring(t, func(t *testing.T, open wiring) {
		dead, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		dead.Close()
		url := "http://" + dead.Addr().String()
		noNames := &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
			return nil, errors.New("no network")
		}}
		noFiles := func(context.Context, string, string, syscall.RawConn) error { return tooManyFiles }
		slow := func(ctx context.Context, _, _ string, _ syscall.RawConn) error { <-ctx.Done(); return ctx.Err() }
		for name, tt := range map[string]struct {
			url    string
			dialer net.Dialer
			class  measure.Class
		}{
			"refused":   {url, net.Dialer{}, measure.Refused},
			"unknown":   {"http://radio.example.com", net.Dialer{Resolver: noNames}, measure.DNS},
			"exhausted": {url, net.Dialer{ControlContext: noFiles}, measure.Exhausted},
			"no answer": {url, net.Dialer{ControlContext: slow}, measure.ConnectTimeout},
		} {
			t.Run(name, func(t *testing.T) {
				u := open.wire(t, tt.url,
					func(_ *scenario.Scenario, o *upload.ConnectOptions) { o.Connect = 500 * time.Millisecond })
				u.target.dialer = tt.dialer
				a := u.Upload(t.Context(), testCall(smallAudio()))
				if a.Class != tt.class || a.Detail == "" || a.NewConn || !a.Sent.IsZero() || a.Bytes != 0 {
					t.Errorf("attempt %+v, want class %v", a, tt.class)
				}
			})
		}
	})
}

// Connections that hang do not keep others from opening.
func TestWireOpeningOthers(t *testing.T) {
	url, _ := scripted(t, again)
	u := wire(t, url, nil)
	for range maxOpening {
		u.target.opening <- struct{}{}
	}
	if a := u.Upload(t.Context(), testCall(smallAudio())); a.Class != measure.Accepted {
		t.Errorf("attempt %+v", a)
	}
}

func TestWireResolve(t *testing.T) {
	eachWiring(t, func(t *testing.T, open wiring) {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			io.Copy(io.Discard, r.Body)
			io.WriteString(w, "Call imported successfully. "+r.Host)
		}))
		u := open.wire(t, "http://radio.example.com", func(_ *scenario.Scenario, o *upload.ConnectOptions) {
			o.Resolve = map[string]string{"radio.example.com:80": server.Listener.Addr().String()}
		})
		if a := u.Upload(t.Context(), testCall(smallAudio())); a.Class != measure.Accepted {
			t.Errorf("attempt %+v", a)
		}
		if got := string(u.text()); !strings.HasSuffix(got, " radio.example.com") {
			t.Errorf("reply %q: the server was told another name", got)
		}
		if u.target.found.Load() == nil {
			t.Error("the address is not kept")
		}
		server.Close()
		u.Close()
		if a := u.Upload(t.Context(), testCall(smallAudio())); a.Class != measure.Refused {
			t.Errorf("attempt %+v", a)
		}
		if u.target.found.Load() != nil {
			t.Error("the address is kept though nothing is there any more")
		}
	})
}

// trust makes an uploader trust a test server.
func trust(server *httptest.Server) func(*scenario.Scenario, *upload.ConnectOptions) {
	roots := x509.NewCertPool()
	roots.AddCert(server.Certificate())
	return func(_ *scenario.Scenario, o *upload.ConnectOptions) {
		o.TLS = &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}
	}
}

func importing(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseMultipartForm(1 << 20); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	io.WriteString(w, "Call imported successfully.\n")
}

func TestWireTLS(t *testing.T) {
	server := httptest.NewTLSServer(http.HandlerFunc(importing))
	defer server.Close()
	u := wire(t, server.URL, trust(server))
	for i, audio := range [][]byte{smallAudio(), make([]byte, 1<<20), smallAudio()} {
		a := u.Upload(t.Context(), testCall(audio))
		if a.Class != measure.Accepted || a.NewConn != (i == 0) || (a.Steps[measure.Handshake] > 0) != a.NewConn ||
			a.Bytes <= int64(len(audio)) {
			t.Errorf("attempt %+v", a)
		}
	}
	server.CloseClientConnections()
	*u.idle -= 2 * idleCheck
	if a := u.Upload(t.Context(), testCall(smallAudio())); a.Class != measure.Accepted || !a.Reconnected {
		t.Errorf("after the server closed the connection: %+v", a)
	}
}

func TestWireTLSFailures(t *testing.T) {
	server := httptest.NewTLSServer(http.HandlerFunc(importing))
	defer server.Close()
	server.Config.ErrorLog = nil
	plain, _ := scripted(t, func(s *side) { s.r.Peek(1); s.write("HTTP/1.1 400 Bad Request\r\n\r\n") })
	gone, _ := scripted(t, func(*side) {})
	silent, _ := scripted(t, (*side).hold)
	for name, tt := range map[string]struct {
		url     string
		class   measure.Class
		connect time.Duration
	}{
		"unknown authority": {server.URL, measure.TLS, 0},
		"no TLS":            {"https" + strings.TrimPrefix(plain, "http"), measure.TLS, 0},
		"closed":            {"https" + strings.TrimPrefix(gone, "http"), measure.TLS, 0},
		"silent": {
			"https" + strings.TrimPrefix(silent, "http"), measure.ConnectTimeout,
			200 * time.Millisecond,
		},
	} {
		t.Run(name, func(t *testing.T) {
			u := wire(t, tt.url, func(_ *scenario.Scenario, o *upload.ConnectOptions) { o.Connect = tt.connect })
			if a := u.Upload(t.Context(), testCall(smallAudio())); a.Class != tt.class || a.Detail == "" ||
				a.Bytes != 0 {
				t.Errorf("attempt %+v, want class %v", a, tt.class)
			}
		})
	}
}

func TestWireTLSEarlyReply(t *testing.T) {
	held := make(chan struct{})
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ContentLength < 1<<20 {
			importing(w, r)
			return
		}
		w.Header().Set("Content-Length", "4")
		w.WriteHeader(http.StatusRequestEntityTooLarge)
		io.WriteString(w, "big\n")
		http.NewResponseController(w).Flush()
		<-held
	}))
	defer server.Close()
	defer close(held)
	u := wire(t, server.URL, trust(server))
	for range 2 {
		if a := u.Upload(t.Context(), testCall(hugeAudio())); a.Status != 413 || a.Class != measure.Status {
			t.Errorf("attempt %+v", a)
		}
		if a := u.Upload(t.Context(), testCall(smallAudio())); a.Class != measure.Accepted || !a.NewConn {
			t.Errorf("the next one: %+v", a)
		}
	}
}
