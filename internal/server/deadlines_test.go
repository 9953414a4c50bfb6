package server_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// steadyRecorder requires a new deadline before each 64 kB.
type steadyRecorder struct {
	*httptest.ResponseRecorder
	t    *testing.T
	left int
}

func (r *steadyRecorder) SetWriteDeadline(at time.Time) error {
	if in := time.Until(at); in <= 0 || in > time.Minute {
		r.t.Errorf("a deadline in %v", in)
	}
	r.left = 64 << 10
	return nil
}

func (r *steadyRecorder) Write(p []byte) (int, error) {
	if r.left -= len(p); r.left < 0 {
		r.t.Errorf("%d bytes are written under one deadline", 64<<10-r.left)
	}
	return r.ResponseRecorder.Write(p)
}

// A client that does not read its reply is cut off, however long the reply is.
func TestRepliesHaveDeadlines(t *testing.T) {
	r := newRig(t)
	const size = 1 << 20
	r.upload(t, field{"audio", strings.Repeat("x", size)})
	for range 200 {
		r.upload(t, field{"talkgroupLabel", strings.Repeat("x", 1<<10)})
	}
	tests := []struct {
		path, span string
		atLeast    int
	}{
		{"/api/calls/1/audio", "", size},
		{"/api/calls/1/audio", "bytes=100-", size - 100},
		{"/api/calls?per_page=200", "", 200 << 10},
		{"/nothing", "", 1},
	}
	for _, tt := range tests {
		rec := &steadyRecorder{httptest.NewRecorder(), t, 0}
		req := httptest.NewRequest(http.MethodGet, tt.path, nil)
		req.Header.Set("Range", tt.span)
		r.server.ServeHTTP(rec, req)
		if n := rec.Body.Len(); n < tt.atLeast {
			t.Errorf("%s: %d bytes", tt.path, n)
		}
	}
}

// The write deadline of a connection's last reply is extended before anything is written for the next request, such as
// "100 Continue".
func TestRequestRenewsDeadline(t *testing.T) {
	r := newRig(t)
	rec := &steadyRecorder{httptest.NewRecorder(), t, 0}
	body := readerFunc(func([]byte) (int, error) {
		if rec.left == 0 {
			t.Error("the last reply's deadline is still set")
		}
		return 0, io.EOF
	})
	req := httptest.NewRequest(http.MethodPost, "/api/call-upload", body)
	req.Header.Set("Content-Type", "multipart/form-data; boundary="+boundary)
	r.server.ServeHTTP(rec, req)
}

type readerFunc func(p []byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }
