package server_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"rdiostress/internal/server"
)

// A client that sends everything before it reads the reply sees why it was refused.
func TestRefusalIsSeen(t *testing.T) {
	r := newRig(t)
	conn := r.dial(t)
	raw := rawUpload(form(callWith(field{"key", "wr0ng"}, field{"audio", strings.Repeat("x", 900<<10)})))
	if _, err := io.WriteString(conn, raw); err != nil {
		t.Fatal(err)
	}
	if status, body := reply(t, conn); status != 401 || !strings.HasPrefix(body, "Invalid API key") {
		t.Errorf("got %d %q", status, body)
	}
	// More than the kernel's buffers hold, so that writing blocks until the server reads on.
	small := newRig(t, func(o *server.Options) { o.MaxUploadBytes = 1 << 20 })
	for want, on := range map[int]*rig{401: r, 413: small} {
		conn := on.dial(t)
		raw := rawUpload(form(callWith(field{"key", "wr0ng"}, field{"audio", strings.Repeat("x", 20<<20)})))
		if _, err := io.WriteString(conn, raw); err != nil {
			t.Errorf("%d: the server does not read on: %v", want, err)
			continue
		}
		if status, body := reply(t, conn); status != want {
			t.Errorf("20 MB: got %d %q, want %d", status, body, want)
		}
	}
}

// A client with much left to send gets its reply at once, and may continue to send.
func TestRefusalIsEarly(t *testing.T) {
	r := newRig(t)
	raw := rawUpload(form(callWith(field{"key", "wr0ng"}, field{"audio", strings.Repeat("x", 20<<20)})))
	conn := r.dial(t)
	io.WriteString(conn, raw[:100<<10])
	if status, body := reply(t, conn); status != 401 || !strings.HasPrefix(body, "Invalid API key") {
		t.Errorf("got %d %q", status, body)
	}
	if _, err := io.WriteString(conn, raw[100<<10:]); err != nil {
		t.Errorf("the server does not read on: %v", err)
	}
	if n, err := conn.Read(make([]byte, 1)); n != 0 || err != io.EOF {
		t.Errorf("the connection stays open, or is reset: %d, %v", n, err)
	}
}

// A client that is refused at the end of its upload keeps its connection, whatever it has sent.
func TestRefusalKeepsConnection(t *testing.T) {
	r := newRig(t)
	raw := rawUpload(form(callWith(field{"system", "one"}, field{"audio", strings.Repeat("x", 3<<20)})))
	conn := r.dial(t)
	for range 2 {
		io.WriteString(conn, raw)
		if status, body := reply(t, conn); status != 400 || !strings.HasPrefix(body, "Invalid call data") {
			t.Errorf("got %d %q", status, body)
		}
	}
}

// A client that asks for permission first sends nothing when it is refused.
func TestExpectContinue(t *testing.T) {
	r := newRig(t, func(o *server.Options) { o.MaxUploadBytes = 1000 })
	conn := r.dial(t)
	fmt.Fprintf(conn, "POST /api/call-upload HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=%s\r\n"+
		"Content-Length: 5000\r\nExpect: 100-continue\r\n\r\n", boundary)
	if status, _ := reply(t, conn); status != 413 {
		t.Errorf("got %d", status)
	}
	if log := r.log.String(); !strings.Contains(log, "Upload too large: at most") || strings.Contains(log, " error=") {
		t.Errorf("logged:\n%s", log)
	}
}

// A client that got permission, and sends everything before it reads the reply, sees why it was refused.
func TestExpectContinueThenRefused(t *testing.T) {
	r := newRig(t)
	raw := rawUpload(form(callWith(field{"key", "wr0ng"}, field{"audio", strings.Repeat("x", 20<<20)})))
	head, body, _ := strings.Cut(raw, "\r\n\r\n")
	conn := r.dial(t)
	io.WriteString(conn, head+"\r\nExpect: 100-continue\r\n\r\n")
	if status, _ := reply(t, conn); status != 100 {
		t.Fatalf("got %d", status)
	}
	if _, err := io.WriteString(conn, body); err != nil {
		t.Fatal(err)
	}
	if status, _ := reply(t, conn); status != 401 {
		t.Errorf("got %d", status)
	}
}

// A refusal is logged with the client's text, and with the underlying error only if that adds something.
func TestRefusalLogged(t *testing.T) {
	r := newRig(t)
	for _, changes := range [][]field{{{"key", "wr0ng"}}, {{"system", ""}}, {{"system", "one"}}, {{"key", "x\x00"}}} {
		r.post(t, strings.NewReader(form(callWith(changes...))))
	}
	log := r.log.String()
	if n := strings.Count(log, "request refused"); n != 4 || strings.Contains(log, " error=") ||
		!strings.Contains(log, `reason="Invalid API key for system 11 talkgroup 1001" path=`) {
		t.Errorf("logged:\n%s", log)
	}
}

// trunk-recorder appends its path to the configured address, which may end in a slash. Users of SDRTrunk enter the
// whole address, which may end in one, too.
func TestSlashes(t *testing.T) {
	r := newRig(t)
	for _, path := range []string{
		"//api/call-upload", "/api//call-upload", "/api/call-upload/", "/api/call-upload//", "//api/call-upload/",
	} {
		resp, body := r.do(t, http.MethodPost, path, strings.NewReader(form(callWith())))
		if resp.StatusCode != 200 || body != "Call imported successfully.\n" {
			t.Errorf("%s: got %s %q", path, resp.Status, body)
		}
	}
}
