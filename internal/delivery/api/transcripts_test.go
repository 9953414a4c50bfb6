package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"rdiostress/internal/delivery"
)

// transcriber is a server whose list of calls has transcripts.
type transcriber struct {
	mu     sync.Mutex
	states []string // of the call with each id, from 1 on; empty if it was never queued
	reads  int      // calls that were listed
	gone   bool     // cursors are of another database
}

func (s *transcriber) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	q := r.URL.Query()
	zero := int64(0)
	page := ListPage{Calls: []ListedCall{}, AfterID: &zero, Total: int64(len(s.states))}
	if at := q.Get("cursor"); at != "" {
		if s.gone && at != "start" {
			w.WriteHeader(http.StatusGone)
			return
		}
		after, _ := strconv.Atoi(at) // "now" and "start" are 0
		limit, _ := strconv.Atoi(q.Get("per_page"))
		for id := after + 1; id <= len(s.states) && len(page.Calls) < limit; id++ {
			page.Calls = append(page.Calls, s.call(id))
			after = id
		}
		if at != "now" {
			s.reads += len(page.Calls)
		} else {
			page.Calls, after = nil, 0
		}
		page.NextCursor = strconv.Itoa(after)
		if page.Calls == nil {
			page.Calls = []ListedCall{}
		}
	}
	_ = json.NewEncoder(w).Encode(page)
}

func (s *transcriber) call(id int) ListedCall {
	c := ListedCall{ID: int64(id), Name: fmt.Sprintf("run-%06d.mp3", id)}
	if state := s.states[id-1]; state != "" {
		c.Transcript = &ListedTranscript{State: state, Engine: "exec"}
		if state == "done" {
			delay := 4.25
			c.Transcript.Completed, c.Transcript.DelayS = "2026-11-24T12:00:04.250Z", &delay
		}
	}
	return c
}

func (s *transcriber) set(change func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change()
}

// A list says of each call how far its transcript is. Once the first ones are made, they are not read again.
func TestTranscriptsOfAList(t *testing.T) {
	s := &transcriber{}
	server := httptest.NewServer(s)
	defer server.Close()
	p, err := Open(t.Context(), server.Client(), server.URL)
	if err != nil {
		t.Fatal(err)
	}
	reader := p.(delivery.TranscriptReader)
	source, err := reader.OpenTranscripts(t.Context())
	if err != nil || source.Words != "GET /api/calls" || source.Silent || source.Clock == nil {
		t.Fatalf("%+v, %v", source, err)
	}
	s.set(func() {
		s.states = slices.Repeat([]string{"done"}, 2500)
		s.states[2200], s.states[2201], s.states[2202], s.states[2203] = "running", "waiting", "failed", ""
	})
	count := func() map[delivery.TranscriptState]int {
		t.Helper()
		found := make(map[delivery.TranscriptState]int)
		err := reader.ReadTranscripts(t.Context(), func(r *delivery.Row, tr delivery.Transcript) {
			found[tr.State]++
			if tr.State == delivery.TranscriptMade && (tr.Delay != 4250*time.Millisecond || tr.Engine != "exec" ||
				!tr.Made.Equal(time.Date(2026, 11, 24, 12, 0, 4, 250e6, time.UTC)) || r.Name == "") {
				t.Fatalf("%+v of %+v", tr, r)
			}
		})
		if err != nil {
			t.Fatal(err)
		}
		return found
	}
	if got := fmt.Sprint(count()); got != "map[0:1 1:2 2:2496 3:1]" {
		t.Errorf("found %s", got)
	}
	s.set(func() { s.reads = 0; s.states[2200], s.states[2201] = "done", "done" })
	if got := fmt.Sprint(count()); got != "map[0:1 2:498 3:1]" || s.reads != 500 {
		t.Errorf("found %s in %d calls that were read again", got, s.reads)
	}
	s.set(func() { s.gone = true; s.states = s.states[:3] })
	err = reader.ReadTranscripts(t.Context(), func(*delivery.Row, delivery.Transcript) {})
	if !errors.Is(err, delivery.ErrBegunAnew) {
		t.Errorf("a list that has begun anew: %v", err)
	}
	if got := fmt.Sprint(count()); got != "map[2:3]" {
		t.Errorf("found %s in the new list", got)
	}
}

// The clock that dates transcripts may be another than that of the server which answers.
func TestClockOfTranscripts(t *testing.T) {
	const ahead = 90 * time.Second
	s := &transcriber{states: []string{"done"}}
	read := func() string { return time.Now().Add(ahead).UTC().Format("2006-01-02T15:04:05.000Z07:00") }
	mux := http.NewServeMux()
	mux.Handle("/api/calls", s)
	mux.HandleFunc("/api/calls/1", func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(map[string]any{"transcript": map[string]string{"read_at": read()}})
	})
	server := httptest.NewServer(mux)
	defer server.Close()
	p := &api{client: server.Client(), cursor: "start"}
	base, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	p.list = *base.JoinPath(ListPath)
	source, err := p.OpenTranscripts(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if o, err := source.Clock(t.Context()); err == nil {
		t.Errorf("before a transcript is known, the clock is ahead by %+v", o)
	}
	if err := p.ReadTranscripts(t.Context(), func(*delivery.Row, delivery.Transcript) {}); err != nil {
		t.Fatal(err)
	}
	if o, err := source.Clock(t.Context()); err != nil || o.Low > ahead || o.High < ahead || o.Error() > time.Second {
		t.Errorf("ahead by %+v, %v", o, err)
	}
	read = func() string { return "" }
	if o, err := source.Clock(t.Context()); err == nil {
		t.Errorf("by a page without a time, the clock is ahead by %+v", o)
	}
}

// Lists of other servers have no transcripts, and say so.
func TestListsWithoutTranscripts(t *testing.T) {
	for _, p := range []delivery.TranscriptReader{&api{}, &trEngineAPI{}} {
		if _, err := p.OpenTranscripts(t.Context()); !errors.Is(err, delivery.ErrNoTranscripts) {
			t.Errorf("%T: %v", p, err)
		}
	}
	if err := (&trEngineAPI{}).ReadTranscripts(t.Context(), nil); !errors.Is(err, delivery.ErrNoTranscripts) {
		t.Error(err)
	}
}

// What a list says of a transcript that cannot be is not known.
func TestOddTranscripts(t *testing.T) {
	huge, negative := 1e300, -1.0
	for _, l := range []ListedTranscript{
		{State: "done", Completed: "yesterday"}, {State: "done", DelayS: &huge}, {State: "done", DelayS: &negative},
	} {
		c := ListedCall{Transcript: &l}
		if tr := c.transcript(); tr.State != delivery.TranscriptMade || !tr.Made.IsZero() || tr.Delay >= 0 {
			t.Errorf("%+v of %+v", tr, l)
		}
	}
}

// The dates of a few answers bound how far a server's clock is ahead, to within milliseconds.
func TestCompareClock(t *testing.T) {
	const ahead = 37*time.Hour + 123*time.Millisecond
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodHead || r.URL.Path != "/" || r.URL.RawQuery != "" {
			t.Errorf("asked by %s %s", r.Method, r.URL)
		}
		w.Header().Set("Date", time.Now().Add(ahead).UTC().Format(http.TimeFormat))
	}))
	defer server.Close()
	o, err := CompareClock(t.Context(), server.Client(), server.URL+"/api/call-upload?key=hush", nil)
	for range 4 {
		if err != nil {
			t.Fatal(err)
		}
		if o.Low > ahead || o.High < ahead {
			t.Fatalf("%v is not within %+v", ahead, o)
		}
		var newer delivery.Offset
		if newer, err = CompareClock(t.Context(), server.Client(), server.URL, &o); err == nil {
			o = o.Narrow(newer)
		}
	}
	if o.Error() > 300*time.Millisecond { // each halves it, but on a busy machine
		t.Errorf("known to within %v only", o.Error())
	}
}

// What cannot be compared is an error without the address, which may hold a secret.
func TestCompareClockFails(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header()["Date"] = nil
	}))
	defer server.Close()
	over, cancel := context.WithCancel(t.Context())
	cancel()
	for address, ctx := range map[string]context.Context{
		server.URL: t.Context(), "http://user:hush@127.0.0.1:1": t.Context(), "http://hush:x y/": t.Context(),
		"http://127.0.0.1:2": over,
	} {
		_, err := CompareClock(ctx, server.Client(), address, &delivery.Offset{})
		if err == nil || strings.Contains(err.Error(), "hush") {
			t.Errorf("%s: %v", address, err)
		}
	}
}
