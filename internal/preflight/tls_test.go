package preflight

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"rdiostress/internal/rdio"
	"rdiostress/internal/traffic"
	"rdiostress/internal/upload"
	"rdiostress/internal/upload/uploadtest"
)

// Where TLS fails for a client certificate or for the server's name, the hint says which setting helps.
func TestPreflightHintsAtTLS(t *testing.T) {
	page := "<html>\r\n<head><title>400 No required SSL certificate was sent</title></head>\r\n" +
		"<body>\r\n<center><h1>400 Bad Request</h1></center>\r\n" +
		"<center>No required SSL certificate was sent</center>\r\n</body>\r\n</html>\r\n"
	for _, tt := range []struct {
		name          string
		server        func(c *tls.Config)
		client        func(c *tls.Config)
		handler       http.Handler
		problem, hint string
	}{
		{
			"a client certificate, TLS 1.3", func(c *tls.Config) { c.ClientAuth = tls.RequireAnyClientCert }, nil, nil,
			"certificate required", "client cert",
		},
		{
			"a client certificate, TLS 1.2",
			func(c *tls.Config) { c.ClientAuth, c.MaxVersion = tls.RequireAnyClientCert, tls.VersionTLS12 }, nil, nil,
			"tls: ", "client cert",
		},
		{
			"a client certificate, nginx", nil, nil, uploadtest.Reply(400, page),
			"it answered 400 No required SSL certificate was sent", "client cert",
		},
		{
			"another name", nil, func(c *tls.Config) { c.ServerName = "scanner.example.net" }, nil,
			"certificate is valid for example.com, *.example.com, not scanner.example.net", "server name",
		},
		{
			"an authority that nobody knows", nil, func(c *tls.Config) { c.RootCAs = x509.NewCertPool() }, nil,
			"unknown authority", "ca cert",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if tt.handler == nil {
				tt.handler = uploadtest.Reply(200, rdio.PhraseImported)
			}
			server := httptest.NewUnstartedServer(tt.handler)
			server.Config.ErrorLog = log.New(io.Discard, "", 0)
			server.TLS = &tls.Config{MinVersion: tls.VersionTLS12}
			if tt.server != nil {
				tt.server(server.TLS)
			}
			server.StartTLS()
			defer server.Close()
			config := server.Client().Transport.(*http.Transport).TLSClientConfig.Clone()
			if tt.client != nil {
				tt.client(config)
			}
			s := uploadtest.Scenario()
			s.URL = server.URL
			target, err := upload.NewHTTPTarget(s, upload.ConnectOptions{KeepAlive: true, TLS: config})
			if err != nil {
				t.Fatal(err)
			}
			defer target.Close()
			_, err = Run(t.Context(), target,
				traffic.New(s, traffic.Options{RunID: "abc", Start: start, Clips: uploadtest.Silence{}}))
			var te *upload.TargetError
			if !errors.As(err, &te) || !strings.Contains(te.Error(), tt.problem) ||
				!strings.Contains(te.Hint.String(), tt.hint) {
				t.Errorf("%v, hint %q; want %q, hint at %q", err, te.Hint, tt.problem, tt.hint)
			}
		})
	}
}
