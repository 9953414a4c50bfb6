package server_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"rdiostress/internal/server"
	"rdiostress/internal/testenv"
)

// SDRTrunk's client offers HTTP/2 with each request; the server replies over HTTP/1.1 on the same connection.
func TestUpgradeOfferIsAnsweredPlainly(t *testing.T) {
	r := newRig(t, func(o *server.Options) { o.APIKey = "test-api-key" })
	serve(t, r)
	conn := r.dial(t)
	for range 3 {
		conn.Write(capture(t, "sdrtrunk-call.http"))
		if status, body := reply(t, conn); status != 200 || body != "Call imported successfully.\n" {
			t.Errorf("got %d %q", status, body)
		}
	}
}

// curl speaks HTTP/2 without TLS: by upgrade and by prior knowledge.
func TestCurlHTTP2(t *testing.T) {
	testenv.Program(t, "curl", "curl")
	r := newRig(t)
	_, stop, ended := serve(t, r)
	for flag, version := range map[string]string{"--http2": "1.1", "--http2-prior-knowledge": "2"} {
		cmd := exec.CommandContext(t.Context(), "curl", "-sS", flag, "-w", "%{http_version}",
			"http://"+r.addr+"/api/call-upload", "-F", "key="+key,
			"-F", "system=11", "-F", "talkgroup=1", "-F", "dateTime=1764000000", "-F", "audio=@-;filename=a.mp3")
		cmd.Stdin = strings.NewReader(strings.Repeat("x", 400<<10))
		if out, err := cmd.CombinedOutput(); err != nil || string(out) != "Call imported successfully.\n"+version {
			t.Errorf("%s: %v, %q", flag, err, out)
		}
	}
	stop()
	if err := <-ended; err != nil {
		t.Errorf("Serve: %v", err)
	}
}

// Over HTTP/2 too, a slow upload is cut off, and the others on its connection are not.
func TestSlowUploadOverHTTP2(t *testing.T) {
	r := newRig(t, func(o *server.Options) { o.Patience = time.Second })
	serve(t, r)
	protocols := new(http.Protocols)
	protocols.SetUnencryptedHTTP2(true)
	client := &http.Client{Transport: &http.Transport{Protocols: protocols}}
	defer client.CloseIdleConnections()
	upload := func(body io.Reader) (int, error) {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+r.addr+"/api/call-upload", body)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "multipart/form-data; boundary="+boundary)
		resp, err := client.Do(req)
		if err != nil {
			return 0, err
		}
		defer resp.Body.Close()
		return resp.StatusCode, nil
	}
	slow, end := io.Pipe()
	defer end.Close()
	cut := make(chan int, 1)
	go func() {
		status, _ := upload(slow)
		cut <- status
	}()
	io.WriteString(end, form(callWith())[:200])
	for range 5 {
		if status, err := upload(strings.NewReader(form(callWith()))); status != 200 {
			t.Errorf("got %d, %v", status, err)
		}
	}
	select {
	case status := <-cut:
		if status != 408 && status != 0 {
			t.Errorf("the slow one got %d", status)
		}
	case <-time.After(20 * time.Second):
		t.Error("the slow one is not cut off")
	}
	eventually(t, "nothing is being read", func() bool { return r.server.Stats().Reading == 0 })
}

// writeCert writes a certificate for localhost with its key, and returns its serial number.
func writeCert(t testing.TB, certFile, keyFile string) *big.Int {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	serial, err := rand.Int(rand.Reader, big.NewInt(1<<62))
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: "localhost"}, DNSNames: []string{"localhost"},
		IPAddresses: []net.IP{net.IPv4(127, 0, 0,
			1)}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		BasicConstraintsValid: true, IsCA: true,
	}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	for path, block := range map[string]*pem.Block{
		certFile: {Type: "CERTIFICATE", Bytes: cert}, keyFile: {Type: "PRIVATE KEY", Bytes: der},
	} {
		if err := os.WriteFile(path, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return serial
}

// The server serves TLS with the current certificate files; connections use HTTP/2 if the client can.
func TestTLS(t *testing.T) {
	dir := t.TempDir()
	certFile, keyFile := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	first := writeCert(t, certFile, keyFile)
	r := newRig(t, func(o *server.Options) { o.CertFile, o.CertKey = certFile, keyFile })
	serve(t, r)
	served := func(alpn ...string) (*big.Int, string) {
		conn, err := tls.Dial("tcp", r.addr, &tls.Config{InsecureSkipVerify: true, NextProtos: alpn})
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		return conn.ConnectionState().PeerCertificates[0].SerialNumber, conn.ConnectionState().NegotiatedProtocol
	}
	if serial, proto := served("h2", "http/1.1"); serial.Cmp(first) != 0 || proto != "h2" {
		t.Errorf("certificate %v over %q, want %v over h2", serial, proto, first)
	}
	if _, proto := served("http/1.1"); proto != "http/1.1" {
		t.Errorf("protocol %q", proto)
	}
	second := writeCert(t, certFile, keyFile)
	r.server.Reload()
	if serial, _ := served(); serial.Cmp(second) != 0 {
		t.Errorf("after a reload: certificate %v, want %v", serial, second)
	}
	if err := os.WriteFile(keyFile, []byte("nothing"), 0o600); err != nil {
		t.Fatal(err)
	}
	r.server.Reload()
	if serial, _ := served(); serial.Cmp(second) != 0 {
		t.Errorf("with a broken file: certificate %v, want %v", serial, second)
	}
	if !strings.Contains(r.log.String(), "cannot reload the certificate") {
		t.Errorf("log:\n%s", r.log)
	}
}
