package load

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"rdiostress/internal/rdio"
)

// answers is a server that answers the connection test and calls differently.
func answers(test, call http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.FormValue("test") != "" {
			test(w, r)
		} else {
			call(w, r)
		}
	}
}

func TestPreflight(t *testing.T) {
	imported := reply(200, "Call imported successfully.\n")
	for _, tt := range []struct {
		name    string
		handler http.HandlerFunc
		problem string // in the error; empty: none
		warning string
	}{
		{"bundled server", answers(reply(200, rdio.PhraseTest), imported), "", ""},
		{"rdio-scanner 7", answers(reply(417, "Incomplete call data: no audio\n\n"), imported), "", ""},
		{"sdrtrunk-rdio-api without a test", answers(reply(400, `{"detail":"Audio file is required"}`), imported), "is no RdioScanner upload API", ""},
		{"wrong key, seen with the test", reply(401, "Invalid API key\n"), "refused the API key (401 Invalid API key)", ""},
		{"wrong key, seen with a call", answers(reply(417, "Incomplete call data: no audio\n"), reply(401, "Invalid API key for system 11\n")), "refused the API key", ""},
		{"another web server", reply(404, "404 page not found\n"), "is no RdioScanner upload API: it answered 404 404 page not found", ""},
		{"another web server that knows no POST", reply(501, "<!DOCTYPE HTML>\n"), "is no RdioScanner upload API: it answered 501 an HTML page", ""},
		{"a login page", reply(200, "<html>"), "is no RdioScanner upload API: it answered 200 an HTML page", ""},
		{"always busy", reply(503, "try again\n"), "", "answered a first call with 503 try again"},
		{"drops the probe as a duplicate", answers(reply(417, "Incomplete call data: no talkgroup\n"), reply(200, "duplicate call rejected\n")), "", "200 duplicate call rejected"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			server := httptest.NewServer(tt.handler)
			defer server.Close()
			checkPreflight(t, server.URL, tt.problem, tt.warning)
		})
	}
}

func checkPreflight(t *testing.T, url, problem, warning string) {
	t.Helper()
	s := testScenario()
	s.URL = url
	target, err := NewHTTPTarget(s, ConnectOptions{KeepAlive: true})
	if err != nil {
		t.Fatal(err)
	}
	defer target.Close()
	got, err := target.Preflight(t.Context(), NewTraffic(s, "abc", time.Now(), silence{}))
	var te *TargetError
	switch {
	case problem == "" && err != nil, problem != "" && err == nil:
		t.Errorf("error %v, want %q", err, problem)
	case err != nil && (!errors.As(err, &te) || !strings.Contains(te.Problem, problem) || te.Hint == ""):
		t.Errorf("error %#v, want %q and a hint", err, problem)
	case !strings.Contains(got, warning) || warning == "" && got != "":
		t.Errorf("warning %q, want %q", got, warning)
	}
}

func TestPreflightWithoutAServer(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	server.Close()
	checkPreflight(t, server.URL, "nothing listens on 127.0.0.1:", "")
	checkPreflight(t, "http://no-such-host.invalid:8000", `cannot resolve the host name "no-such-host.invalid"`, "")
	checkPreflight(t, rawServer(t, "220 mail.example ESMTP\r\n"), "does not answer as a web server does", "")

	secure := quietTLSServer(reply(200, ""))
	defer secure.Close()
	checkPreflight(t, secure.URL, "no TLS connection to 127.0.0.1:", "")
	plain := httptest.NewServer(http.NotFoundHandler())
	defer plain.Close()
	checkPreflight(t, strings.Replace(plain.URL, "http:", "https:", 1), "speaks HTTP, not HTTPS", "")
}

// A server whose replies do not show what it is, is not said to acknowledge before it stores.
func TestPreflightRecognisesNobody(t *testing.T) {
	server := httptest.NewServer(answers(reply(200, rdio.PhraseTest), reply(200, rdio.PhraseImported)))
	defer server.Close()
	s := testScenario()
	s.URL = server.URL
	target, err := NewHTTPTarget(s, ConnectOptions{KeepAlive: true})
	if err != nil {
		t.Fatal(err)
	}
	defer target.Close()
	if _, err := target.Preflight(t.Context(), NewTraffic(s, "abc", time.Now(), silence{})); err != nil {
		t.Fatal(err)
	}
	if named, first := target.Recognised(); named != "" || first {
		t.Errorf("recognised %q, which acknowledges first: %t", named, first)
	}
}

// A server that fails now and then is what a run is to measure: it is asked again before it is judged.
func TestPreflightAsksAgain(t *testing.T) {
	var n atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		if n.Add(1)%2 == 1 {
			w.WriteHeader(500)
			return
		}
		_, _ = io.WriteString(w, rdio.PhraseImported)
	}))
	defer server.Close()
	checkPreflight(t, server.URL, "", "")
	if n.Load() != 4 {
		t.Errorf("%d requests, want each of two twice", n.Load())
	}
}

// Only rdio-scanner 7, by its answer to the connection test, is known to read milliseconds.
func TestPreflightKnowsWhoReadsMilliseconds(t *testing.T) {
	for answer, want := range map[string]bool{"no audio": true, "no talkgroup": false} {
		server := httptest.NewServer(answers(reply(417, "Incomplete call data: "+answer+"\n"), reply(200, rdio.PhraseImported)))
		s := testScenario()
		s.URL = server.URL
		s.Clients, _ = ParseMix("curl")
		target, err := NewHTTPTarget(s, ConnectOptions{KeepAlive: true})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := target.Preflight(t.Context(), NewTraffic(s, "abc", time.Now(), silence{})); err != nil || target.Milliseconds() != want {
			t.Errorf("%s: %v, %v", answer, target.Milliseconds(), err)
		}
		named, first := target.Recognised()
		if !first || (named == "rdio-scanner 7") != want || named == "" {
			t.Errorf("%s: recognised %q, which acknowledges first: %t", answer, named, first)
		}
		target.Close()
		server.Close()
	}
}
