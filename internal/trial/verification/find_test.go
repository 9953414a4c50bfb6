package verification

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"rdiostress/internal/discover"
	"rdiostress/internal/plain"
)

// The names of a process and its files cannot affect a terminal.
func TestFoundNamesArePrintable(t *testing.T) {
	const evil = "rdio\x1b[2J\r\nscanner"
	wild := discover.Place{Method: discover.SQLite, Where: evil, How: "in " + evil}
	for name, process := range map[string]*discover.Found{
		"its program":  {PID: 7, Name: evil},
		"its files":    {PID: 7, Name: "x", Problem: evil + " is inside a container"},
		"its database": {PID: 7, Name: "x", Places: []discover.Place{wild}},
	} {
		v := &Verification{process: process}
		p, why := v.openFound(t.Context())
		if p != nil || why != plain.Text(why) || !strings.Contains(why, "rdio [2J  scanner") &&
			!strings.Contains(why, "cannot be read") {
			t.Errorf("%s: %q", name, why)
		}
		if v.unread != strings.Contains(why, "cannot be read") {
			t.Errorf("%s: unread %t: %q", name, v.unread, why)
		}
	}
}

// The key of the uploads is sent to no other host than theirs, and not in clear text if theirs is encrypted.
func TestKeyGoesToTheTargetsHost(t *testing.T) {
	for _, tt := range []struct {
		target, address string
		want            bool
	}{
		{"http://calls.test:3000", "http://calls.test:3000", true},
		{"http://calls.test:3000/api/v1/call-upload", "http://Calls.test:8080", true},
		{"https://calls.test", "https://calls.test:8443", true},
		{"http://calls.test", "https://calls.test", true},
		{"https://calls.test", "http://calls.test", false},
		{"http://calls.test", "http://calls.test.evil.test", false},
		{"http://127.0.0.1:3000", "http://127.0.0.2:3000", false},
		{"http://calls.test", "http://calls.test@evil.test", false},
	} {
		if got := mayHaveKey(tt.target, tt.address); got != tt.want {
			t.Errorf("%s for %s: %t", tt.address, tt.target, got)
		}
	}
}

func TestListIsAskedWithTheKeyOfItsHost(t *testing.T) {
	for target, want := range map[string]string{"http://127.0.0.1:1": "Bearer hush", "http://127.0.0.2:1": ""} {
		got := "not asked"
		web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if strings.Contains(r.URL.Path, "/v1/") {
				got = r.Header.Get("Authorization")
			}
			http.NotFound(w, r)
		}))
		v := &Verification{server: Server{URL: target, Key: "hush", Client: http.DefaultClient}}
		_, err := v.openList(t.Context(), web.URL)
		web.Close()
		if err == nil || got != want {
			t.Errorf("target %s: the list is asked with %q, want %q (%v)", target, got, want, err)
		}
	}
}
