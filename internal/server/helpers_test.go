package server_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"rdiostress/internal/server"
	"rdiostress/internal/server/call"
	"rdiostress/internal/server/sqlite"
	"rdiostress/internal/testenv"
)

const key = "k3y-of-the-test"

// now is when all requests arrive, shortly after the newest capture.
var now = time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC)

// rig is a server with a real store and real HTTP.
type rig struct {
	*httptest.Server
	server *server.Server
	store  *sqlite.Store
	spool  string
	addr   string // address that dial connects to
	log    *testenv.Output
}

// newRig starts a rig that ends with the test. Options may be changed first; a wrapped store must be returned.
func newRig(t testing.TB, change ...func(o *server.Options)) *rig {
	t.Helper()
	return newRigOn(t, sqlite.Options{}, change...)
}

// newRigOn returns a rig whose store has some options of its own.
func newRigOn(t testing.TB, so sqlite.Options, change ...func(o *server.Options)) *rig {
	t.Helper()
	dir := t.TempDir()
	so.Dir = dir
	store, err := sqlite.Open(t.Context(), so)
	if err != nil {
		t.Fatal(err)
	}
	r := &rig{store: store, spool: filepath.Join(dir, "spool"), log: &testenv.Output{}}
	o := server.Options{
		Store: store, SpoolDir: r.spool, APIKey: key, Version: "v1.2.3", Now: func() time.Time { return now },
		Logger: slog.New(slog.NewTextHandler(r.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	}
	for _, c := range change {
		c(&o)
	}
	r.spool = o.SpoolDir
	if r.server, err = server.New(o); err != nil {
		t.Fatal(err)
	}
	r.Server = httptest.NewServer(r.server)
	r.addr = r.Listener.Addr().String()
	t.Cleanup(func() {
		r.Server.Close()
		if err := store.Close(); err != nil {
			t.Error(err)
		}
		if names := spooled(t, r.spool); len(names) > 0 {
			t.Errorf("left in the spool folder: %q", names)
		}
		if log := r.log.String(); strings.Contains(log, key) || strings.Contains(log, "wr0ng") {
			t.Errorf("a key is in the log:\n%s", log)
		}
	})
	return r
}

// spooled lists the files in a spool folder.
func spooled(t testing.TB, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

// total returns how many calls are stored.
func (r *rig) total(t testing.TB) int64 {
	t.Helper()
	_, n, err := r.store.Calls(context.WithoutCancel(t.Context()), call.Query{SortBy: call.SortID, Page: 1, PerPage: 1})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// eventually polls until ok returns true, and fails the test if that takes too long.
func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for tick := time.NewTicker(2 * time.Millisecond); !ok(); <-tick.C {
		if time.Now().After(deadline) {
			t.Fatalf("timed out waiting: %s", what)
		}
	}
}

const boundary = "xxBOUNDxx"

// field is one part of a form. The field called "audio" is a file.
type field struct{ name, value string }

// callWith returns the fields of a valid call, the audio last; some are changed, added, or omitted with "-absent-".
func callWith(changes ...field) []field {
	fields := []field{
		{"key", key},
		{"system", "11"},
		{"talkgroup", "1001"},
		{"dateTime", "1764000000"},
		{"audio", strings.Repeat("x", 100)},
	}
	for _, c := range changes {
		found := false
		for i := range fields {
			if fields[i].name == c.name {
				fields[i].value, found = c.value, true
			}
		}
		if !found {
			fields = append([]field{c}, fields...)
		}
	}
	return fields
}

// form encodes fields as a body.
func form(fields []field) string {
	var b strings.Builder
	for _, f := range fields {
		if f.value == "-absent-" {
			continue
		}
		fmt.Fprintf(&b, "--%s\r\nContent-Disposition: form-data; name=%q", boundary, f.name)
		if f.name == "audio" {
			b.WriteString(`; filename="a.mp3"`)
		}
		fmt.Fprintf(&b, "\r\n\r\n%s\r\n", f.value)
	}
	return b.String() + "--" + boundary + "--\r\n"
}

// post uploads a form and returns the reply with its body.
func (r *rig) post(t testing.TB, body io.Reader, header ...string) (*http.Response, string) {
	t.Helper()
	return r.do(t, http.MethodPost, "/api/call-upload", body, header...)
}

func (r *rig) get(t testing.TB, path string, header ...string) (*http.Response, string) {
	t.Helper()
	return r.do(t, http.MethodGet, path, nil, header...)
}

func (r *rig) do(t testing.TB, method, path string, body io.Reader, header ...string) (*http.Response, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, r.URL+path, body)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "multipart/form-data; boundary="+boundary)
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := r.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	return resp, string(readAll(t, resp.Body))
}

// dial opens a bare connection to the rig.
func (r *rig) dial(t testing.TB) *net.TCPConn {
	t.Helper()
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", r.addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	conn.SetDeadline(time.Now().Add(30 * time.Second))
	return conn.(*net.TCPConn)
}

// rawUpload returns the bytes of an upload's request.
func rawUpload(body string) string {
	return fmt.Sprintf("POST /api/call-upload HTTP/1.1\r\nHost: test\r\nContent-Type: multipart/form-data; "+
		"boundary=%s\r\n"+
		"Content-Length: %d\r\n\r\n%s", boundary, len(body), body)
}

// reply reads one reply from a bare connection.
func reply(t testing.TB, conn net.Conn) (status int, body string) {
	t.Helper()
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(readAll(t, resp.Body))
}

// readAll reads r to its end and closes it.
func readAll(t testing.TB, r io.ReadCloser) []byte {
	t.Helper()
	defer r.Close()
	all, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return all
}
