package cli

import (
	"bytes"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"rdiostress/internal/delivery"
	"rdiostress/internal/discover"
	"rdiostress/internal/scenario"
)

// What a process calls itself and its files changes nothing on a terminal.
func TestFoundNamesArePrintable(t *testing.T) {
	const evil = "rdio\x1b[2J\r\nscanner"
	wild := discover.Place{Method: discover.SQLite, Where: evil, How: "in " + evil}
	for name, found := range map[string]*discover.Found{
		"its program":  {PID: 7, Name: evil},
		"its files":    {PID: 7, Name: "x", Problem: evil + " is inside a container"},
		"its database": {PID: 7, Name: "x", Places: []discover.Place{wild}},
	} {
		var out bytes.Buffer
		o := &runOptions{ios: &streams{Err: &out}}
		c := &check{found: found}
		_, why := c.openFound(t.Context(), o)
		c.announce(o, silentProber{}, wild)
		printError(o.ios, withHint(errors.New("cannot look: "+why+evil), evil))
		if said := strings.ReplaceAll(out.String(), "\n", ""); said != printable(said) || why != printable(why) ||
			!strings.Contains(why, "rdio [2J  scanner") && !strings.Contains(why, "cannot be read") {
			t.Errorf("%s: says %q, %q", name, why, out.String())
		}
	}
}

// silentProber is a Prober that only says what it is.
type silentProber struct{ delivery.Prober }

func (silentProber) Source() string { return "a test" }

// On a terminal, the line that says where storage is looked at takes the place of the one that says what is done.
func TestAnnouncedInPlaceOfTheStage(t *testing.T) {
	var out bytes.Buffer
	o := &runOptions{ios: &streams{Err: &out, ErrTerminal: true}}
	end := o.beginStages()
	defer end()
	o.stageLine.mu.Lock()
	o.stageLine.shown = true
	o.stageLine.mu.Unlock()
	new(check).announce(o, silentProber{}, discover.Place{Where: "calls.db", How: "open"})
	end()
	if want := clearLine + "rdiostress: verifying storage in calls.db (a test), found open\n"; out.String() != want {
		t.Errorf("writes %q, want %q", out.String(), want)
	}
}

// The key of the uploads goes to no other host than theirs, nor in clear where theirs is encrypted.
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
		o := &runOptions{scenario: scenario.Scenario{URL: target, Key: "hush"}}
		_, err := openList(t.Context(), o, web.URL)
		web.Close()
		if err == nil || got != want {
			t.Errorf("target %s: the list is asked with %q, want %q (%v)", target, got, want, err)
		}
	}
}
