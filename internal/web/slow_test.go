package web

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"rdiostress/internal/capacity"
	"rdiostress/internal/report/html"
)

// slowReader is the writer of a reader that takes a kilobyte in a second.
type slowReader struct {
	header   http.Header
	deadline time.Time
	got      bytes.Buffer
}

func (r *slowReader) Header() http.Header { return r.header }

func (r *slowReader) WriteHeader(int) {}

func (r *slowReader) Write(text []byte) (int, error) {
	time.Sleep(time.Duration(len(text)) * time.Second / 1024)
	if time.Now().After(r.deadline) {
		return 0, os.ErrDeadlineExceeded
	}
	return r.got.Write(text)
}

func (r *slowReader) SetWriteDeadline(to time.Time) error {
	r.deadline = to
	return nil
}

func (r *slowReader) FlushError() error { return nil }

// unserved returns a server that no address leads to.
func unserved() *Server {
	return &Server{
		document: NewDocument(Options{Version: "dev"}), patience: writeTimeout, over: make(chan struct{}),
		closing: make(chan struct{}),
	}
}

// A reader that is slow gets all of the page and of a state, however long that takes.
func TestSlowReader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := unserved()
		text := strings.Repeat("x", 1<<20)
		s.End(t.Context(), Final{
			State: func() (html.State, error) { return html.State{Main: text}, nil },
			Page: func(w io.Writer) error {
				_, err := io.WriteString(w, text)
				return err
			},
		})
		for path, serve := range map[string]http.HandlerFunc{
			"/": func(w http.ResponseWriter, r *http.Request) { s.servePage(w, r) }, "/events": s.serveEvents,
		} {
			r := slowReader{header: http.Header{}}
			serve(&r, httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil))
			if got := r.got.String(); !strings.Contains(got, text) {
				t.Errorf("%s: it gets %d of %d bytes", path, len(got), len(text))
			}
		}
	})
}

// A request for the header of the events does not follow.
func TestHeadOfEvents(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		r := slowReader{header: http.Header{}}
		unserved().serveEvents(&r, httptest.NewRequestWithContext(ctx, http.MethodHead, "/events", nil))
		if ctx.Err() != nil || r.got.Len() > 0 || r.Header().Get("Content-Type") != eventStream {
			t.Errorf("it follows: %v, %s", ctx.Err(), &r.got)
		}
	})
}

// An interrupt ends the wait for those who do not take the end.
func TestEndIsInterrupted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := unserved()
		s.followers.add()
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		began := time.Now()
		s.End(ctx, Final{})
		if took := time.Since(began); took != time.Millisecond {
			t.Errorf("it waited for %v", took)
		}
	})
}

// A failure is the end of those who follow, and what the page shows from then on, with the figures until then.
func TestFailureIsShown(t *testing.T) {
	failure := Failure{Text: "cannot reach <the server>", Hint: "start it", ExitCode: 3}
	words := []string{"cannot reach &lt;the server&gt;", "start it", "exit code 3", "No report"}
	for name, tt := range map[string]struct {
		prepare func(*Document)
		words   string
	}{
		"preparing": {func(*Document) {}, "nothing was looked for"},
		"a run":     {func(d *Document) { recorded(d, 3) }, "chart-uploads"},
		"a search": {func(d *Document) {
			d.Search().Observe(capacity.Ended{})
		}, "1 step"},
	} {
		d := NewDocument(Options{Version: "dev"})
		tt.prepare(d)
		s := listen(t, d, "")
		s.Fail(t.Context(), failure)
		f := s.follow(t)
		kind, now := f.next()
		f.body.Close()
		_, page := s.get(t, http.MethodGet, "/", nil)
		for _, want := range append(words, tt.words) {
			if kind != "end" || !strings.Contains(now.Main, want) || !strings.Contains(page, want) {
				t.Errorf("%s: %s: there is no %q in\n%s", name, kind, want, now.Main)
			}
		}
		for _, no := range []string{"Running", "Download", "looked for at the end", "when all is over"} {
			if strings.Contains(now.Main, no) {
				t.Errorf("%s: there is %q in\n%.3000s", name, no, now.Main)
			}
		}
	}
}
