package server_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"rdiostress/internal/server"
	"rdiostress/internal/server/call"
	"rdiostress/internal/server/storetest"
	"rdiostress/internal/server/telemetry"
)

// brokenStore answers every Put with the test's error.
type brokenStore struct {
	call.Store
	put func() error
}

func (s brokenStore) Put(context.Context, *call.Upload) (int64, error) { return 0, s.put() }

// Probe succeeds if the error is the call's own: a probe has no call that could be at fault.
func (s brokenStore) Probe(context.Context) error {
	err := s.put()
	if errors.Is(err, call.ErrFull) || errors.Is(err, call.ErrClosed) || errors.Is(err, call.ErrBadCall) {
		return nil
	}
	return err
}

func TestStoreFailures(t *testing.T) {
	tests := []struct {
		name   string
		put    func() error
		status int
		body   string
		retry  string
	}{
		{"full", func() error { return call.ErrFull }, 503, "Server busy, please try again\n", "1"},
		{"closed", func() error { return call.ErrClosed }, 503, "Server is stopping\n", "5"},
		{"broken", func() error { return errors.New("disk sda1 is on fire") }, 500, "Internal server error\n", ""},
		{
			"disk full", func() error { return fmt.Errorf("%w: 13", call.ErrNoSpace) }, 507,
			"Insufficient storage: the disk is full\n", "60",
		},
		{"down", func() error {
			return fmt.Errorf("x: %w", &call.UnavailableError{
				RetryAfter: 2100 * time.Millisecond,
				Err:        errors.New("gone"),
			})
		}, 503, "The database is unavailable, please try again\n", "3"},
		{"audio elsewhere is away", func() error {
			return &call.UnavailableError{RetryAfter: time.Second, Err: fmt.Errorf("%w: x", call.ErrAudioAway)}
		}, 503, "Long audio is unavailable, please try again\n", "1"},
		{"panic", func() error { panic("index out of range") }, 500, "Internal server error\n", ""},
	}
	for _, tt := range tests {
		for _, size := range []int{100, 300 << 10} {
			t.Run(fmt.Sprintf("%s %d", tt.name, size), func(t *testing.T) {
				r := newRig(t, func(o *server.Options) { o.Store = brokenStore{o.Store, tt.put} })
				resp, body := r.post(t, strings.NewReader(form(callWith(field{"audio", strings.Repeat("x", size)}))))
				if resp.StatusCode != tt.status || body != tt.body || resp.Header.Get("Retry-After") != tt.retry {
					t.Errorf("got %s %q, Retry-After %q", resp.Status, body, resp.Header.Get("Retry-After"))
				}
				if n := r.server.Stats(); n.Busy+n.Failed != 1 {
					t.Errorf("counted %+v", n)
				}
				if names := spooled(t, r.spool); len(names) != 0 {
					t.Errorf("spool folder holds %q", names)
				}
			})
		}
	}
}

// While the store fails, /health reports it, and the log does not grow with every upload.
func TestHealthTellsOfAStoreThatFails(t *testing.T) {
	r := newRig(t, func(o *server.Options) {
		o.Store = brokenStore{o.Store, func() error { return errors.New("disk sda1 is on fire") }}
	})
	for range 50 {
		r.post(t, strings.NewReader(form(callWith())))
	}
	if resp, body := r.get(t, "/ready"); resp.StatusCode != 503 || !strings.Contains(body, `"database":"not storing"`) {
		t.Errorf("got %s %q", resp.Status, body)
	}
	if n := strings.Count(r.log.String(), "on fire"); n < 1 || n > 10 {
		t.Errorf("logged %d times for 50 failures", n)
	}
}

// Health depends on the last result of the store. A full queue, or a call that cannot be stored, is not a failure of
// the store.
func TestHealthFollowsTheStore(t *testing.T) {
	var put error
	clock := now
	r := newRig(t, func(o *server.Options) {
		o.Store = brokenStore{o.Store, func() error { return put }}
		o.Now = func() time.Time { return clock }
	})
	steps := []struct {
		put    error
		status int
	}{
		{nil, 200},
		{call.ErrFull, 200},
		{call.ErrClosed, 200},
		{fmt.Errorf("%w: 13", call.ErrBadCall), 200},
		{call.ErrNoSpace, 503},
		{nil, 200},
		{errors.New("disk sda1 is on fire"), 503},
	}
	for _, step := range steps {
		put = step.put
		r.post(t, strings.NewReader(form(callWith())))
		if resp, body := r.get(t, "/ready"); resp.StatusCode != step.status {
			t.Errorf("after %v: got %s %q", step.put, resp.Status, body)
		}
	}
	r.post(t, strings.NewReader(form(callWith())))
	r.server.Sample(t.Context())
	clock = clock.Add(time.Minute)
	r.server.Sample(t.Context())
	if log := r.log.String(); strings.Count(log, "level=ERROR msg=\"request refused\"") != 2 ||
		!strings.Contains(log, "more_like_it=2") {
		t.Errorf("logged:\n%s", log)
	}
	if got, want := r.server.Stats(), (telemetry.Stats{Accepted: 2, Busy: 2, Failed: 4}); got != want {
		t.Errorf("counted %+v, want %+v", got, want)
	}
}

// A duplicate is a success for clients and is counted as a duplicate.
func TestDuplicate(t *testing.T) {
	r := newRig(t, func(o *server.Options) {
		o.Store = brokenStore{
			o.Store,
			func() error { return call.ErrDuplicate },
		}
	})
	if resp, body := r.post(t, strings.NewReader(form(callWith()))); resp.StatusCode != 200 ||
		body != "duplicate call rejected\n" {
		t.Errorf("got %s %q", resp.Status, body)
	}
	resp, body := r.post(t, strings.NewReader(form(callWith())), "Accept", "application/json")
	if want := `{"status":"duplicate","message":"duplicate call rejected"}` + "\n"; resp.StatusCode != 200 ||
		body != want {
		t.Errorf("got %s %q", resp.Status, body)
	}
	if got, want := r.server.Stats(), (telemetry.Stats{Duplicates: 2}); got != want {
		t.Errorf("counted %+v, want %+v", got, want)
	}
	if resp, body := r.get(t, "/health"); resp.StatusCode != 200 {
		t.Errorf("/health: %s %q", resp.Status, body)
	}
}

// With too little free disk space, uploads are refused before the disk is full. Connection tests are refused too, so
// that clients wait.
func TestLowDiskRefusesUploads(t *testing.T) {
	r := newRig(t, func(o *server.Options) { o.MinFreeDisk = math.MaxInt64 })
	resp, body := r.post(t, strings.NewReader(form(callWith())))
	if resp.StatusCode != 507 || body != "Insufficient storage: the disk is full\n" ||
		resp.Header.Get("Retry-After") != "60" {
		t.Errorf("got %s %q", resp.Status, body)
	}
	r = newRig(t, func(o *server.Options) { o.MinFreeDisk = 1 })
	if resp, body := r.post(t, strings.NewReader(form(callWith()))); resp.StatusCode != 200 {
		t.Errorf("with room: %s %q", resp.Status, body)
	}
}

// Inline audio is kept in memory, and longer audio in a file, whatever the limit is.
func TestInlineAudio(t *testing.T) {
	for _, limit := range []int{1000, 32 << 10, 100_000, 1 << 20} {
		r := newRig(t, func(o *server.Options) { o.InlineAudio = int64(limit) })
		for _, size := range []int{limit - 1, limit + 1, 3*limit + 7} {
			audio := strings.Repeat("x", size)
			resp, body := r.post(t, strings.NewReader(form(callWith(field{"audio", audio}))), "Accept",
				"application/json")
			if resp.StatusCode != 200 {
				t.Fatalf("%d bytes, %d inline: %s %q", size, limit, resp.Status, body)
			}
			id := decode(t, body)["callId"].(string)
			if _, got := r.get(t, "/api/calls/"+id+"/audio"); got != audio {
				t.Errorf("%d bytes, %d inline: %d bytes come back", size, limit, len(got))
			}
			files := storetest.AudioFiles(t, filepath.Dir(r.spool))
			if (len(files) > 0) != (size > limit) {
				t.Errorf("%d bytes, %d inline: files %q", size, limit, files)
			}
		}
	}
}

// Only uploads count as refused uploads.
func TestOtherRefusalsAreNoUploads(t *testing.T) {
	r := newRig(t)
	r.get(t, "/nothing")
	r.get(t, "/api/calls/99")
	if _, body := r.get(t, "/health"); !strings.Contains(body, `"refused":0`) {
		t.Errorf("got %q", body)
	}
}
