package server_test

import (
	"fmt"
	"net/http"
	"net/netip"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"rdiostress/internal/server"
	"rdiostress/internal/server/call"
)

// linesWith returns the lines of the log that contain a text, from an offset onwards.
func (r *rig) linesWith(text string, from int) (lines []string) {
	for line := range strings.Lines(r.log.String()[from:]) {
		if strings.Contains(line, text) {
			lines = append(lines, line)
		}
	}
	return lines
}

// wantLines checks that the log has n lines with a text, and that each of the other texts is in one of them.
func (r *rig) wantLines(t *testing.T, from, n int, text string, others ...string) {
	t.Helper()
	lines := r.linesWith(text, from)
	if len(lines) != n {
		t.Errorf("%d lines with %q, want %d:\n%s", len(lines), text, n, strings.Join(lines, ""))
	}
	for _, want := range others {
		if !strings.Contains(strings.Join(lines, ""), want) {
			t.Errorf("not logged: %s, in\n%s", want, strings.Join(lines, ""))
		}
	}
}

// minuteLater advances the server's clock by a minute.
func (r *rig) minuteLater(t *testing.T, clock *steppedClock) {
	t.Helper()
	clock.step(61 * time.Second)
	r.server.Sample(t.Context())
}

// However many uploads are refused, each kind is logged once, and then its count once a minute, by address and key
// label.
func TestRefusalsAreCounted(t *testing.T) {
	keys := filepath.Join(t.TempDir(), "keys.yaml")
	writeKeys(t, keys, "keys:\n- {label: scoped, key: key-scoped, systems: [99]}\n- {label: feed, key: key-feed-1}\n")
	clock := &steppedClock{at: now}
	r := newRig(t, func(o *server.Options) {
		o.Now, o.KeyFile, o.Proxies = clock.now, keys, []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}
	})
	r.server.Sample(t.Context())
	refused := func(n int, from string, fields ...field) {
		for range n {
			if resp, _ := r.post(t, strings.NewReader(form(callWith(fields...))), "X-Forwarded-For",
				from); resp.StatusCode < 400 {
				t.Errorf("%v from %s: %s", fields, from, resp.Status)
			}
		}
	}
	refused(51, "192.0.2.1", field{"key", "wr0ng"})
	refused(20, "192.0.2.2", field{"key", "wr0ng"}, field{"system", "12"}) // another text of the same kind
	refused(5, "2001:db8::1", field{"key", "wr0ng"})
	refused(6, "2001:db8::2", field{"key", "wr0ng"}) // the same subscriber
	refused(31, "192.0.2.1", field{"key", "key-scoped"})
	refused(11, "192.0.2.1", field{"key", "key-feed-1"}, field{"system", "one"})
	refused(10, "192.0.2.1", field{"key", "key-feed-1"}, field{"talkgroup", ""})
	r.wantLines(t, 0, 4, `msg="request refused"`,
		`level=WARN msg="request refused" status=401 reason="Invalid API key for system 11 talkgroup 1001" `+
			`path=/api/call-upload client=192.0.2.1`, `status=403`, `key=scoped`,
		`reason="Invalid call data: system is not a number"`, `no talkgroup`)
	r.wantLines(t, 0, 0, `msg="requests refused"`)
	r.minuteLater(t, clock)
	r.wantLines(
		t, 0, 6, `msg="requests refused"`, `more_like_it=50 over=1m1s why=key client=192.0.2.1 key=""`,
		`more_like_it=20 over=1m1s why=key client=192.0.2.2`,
		`more_like_it=11 over=1m1s why=key client=2001:db8::/64`,
		`more_like_it=30 over=1m1s why=scope client=192.0.2.1 key=scoped`,
		`more_like_it=10 over=1m1s why=malformed detail=system client=192.0.2.1 key=feed`,
		`more_like_it=9 over=1m1s why=incomplete detail=talkgroup`)
	from := len(r.log.String())
	refused(3, "192.0.2.1", field{"key", "wr0ng"}) // counting continues
	r.minuteLater(t, clock)
	r.wantLines(t, from, 0, `msg="request refused"`)
	r.wantLines(t, from, 1, `msg="requests refused"`, "more_like_it=3")
	r.minuteLater(t, clock) // a minute without refusals
	from = len(r.log.String())
	refused(1, "192.0.2.9", field{"key", "wr0ng"})
	r.minuteLater(t, clock)
	r.wantLines(t, from, 1, `msg="request refused"`, "client=192.0.2.9")
	r.wantLines(t, from, 0, `msg="requests refused"`)
}

// The log is bounded, whatever clients send: beyond some number, clients are counted together, and so are requests that
// are not uploads.
func TestLogIsBounded(t *testing.T) {
	clock := &steppedClock{at: now}
	r := newRig(t, func(o *server.Options) {
		o.Now, o.ReadKey, o.Proxies = clock.now, "read-s3cret", []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}
	})
	r.server.Sample(t.Context())
	for n := range 300 {
		from := fmt.Sprintf("10.0.%d.%d", n/250, n%250)
		r.post(t, strings.NewReader(form(callWith(field{"key", "wr0ng"}))), "X-Forwarded-For", from)
		if resp, _ := r.get(t, "/api/calls", "X-API-Key", "wr0ng"); resp.StatusCode != http.StatusUnauthorized {
			t.Fatalf("reading: %s", resp.Status)
		}
	}
	r.minuteLater(t, clock)
	r.wantLines(t, 0, 2, `msg="request refused"`)
	r.wantLines(t, 0, 101, `msg="requests refused"`, "client=others",
		"more_like_it=299 over=1m1s why=request detail=401 client=127.0.0.1")
	total := 0
	for _, line := range r.linesWith("why=key", 0) {
		var n int
		if _, err := fmt.Sscanf(line[strings.Index(line, "more_like_it="):], "more_like_it=%d", &n); err != nil {
			t.Fatal(err)
		}
		total += n
	}
	if total != 299 {
		t.Errorf("%d refusals are logged of 299", total)
	}
}

// A failing store is logged once with its cause. While its breaker is open, which is already logged, nothing more is
// logged.
func TestStoreFailuresAreLoggedOnce(t *testing.T) {
	var put error
	r := newRig(t, func(o *server.Options) { o.Store = brokenStore{o.Store, func() error { return put }} })
	put = &call.UnavailableError{RetryAfter: time.Second, Err: fmt.Errorf("database is locked")}
	for range 20 {
		r.post(t, strings.NewReader(form(callWith())))
	}
	r.wantLines(t, 0, 1, "level=ERROR", "database is locked")
	put = &call.UnavailableError{RetryAfter: time.Second, Err: fmt.Errorf("circuit breaker is open"), Logged: true}
	for range 20 {
		r.post(t, strings.NewReader(form(callWith())))
	}
	r.wantLines(t, 0, 1, "level=ERROR")
}

// Pending counts are logged when the server stops.
func TestRefusalsAreLoggedAtTheEnd(t *testing.T) {
	r := newRig(t)
	_, stop, ended := serve(t, r)
	r.URL = "http://" + r.addr
	for range 5 {
		r.post(t, strings.NewReader(form(callWith(field{"key", "wr0ng"}))))
	}
	r.Client().CloseIdleConnections()
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	r.wantLines(t, 0, 1, `msg="requests refused"`, "more_like_it=4")
}
