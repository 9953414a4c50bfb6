package preflight

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"rdiostress/internal/measure"
	"rdiostress/internal/rdio"
	"rdiostress/internal/scenario"
	"rdiostress/internal/traffic"
	"rdiostress/internal/upload"
	"rdiostress/internal/upload/uploadtest"
)

// answers is a server that replies to the connection test and to calls differently.
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
	reply := uploadtest.Reply
	imported := reply(200, "Call imported successfully.\n")
	for _, tt := range []struct {
		name    string
		handler http.HandlerFunc
		problem string // in the error; empty: none
		warning string
	}{
		{"bundled server", answers(reply(200, rdio.PhraseTest), imported), "", ""},
		{"rdio-scanner 7", answers(reply(417, "Incomplete call data: no audio\n\n"), imported), "", ""},
		{
			"a server that does not know the test", answers(reply(400, `{"detail":"Audio file is required"}`),
				imported),
			"", "",
		},
		{
			"wrong key, seen with the test", reply(401, "Invalid API key\n"),
			"refused the API key: URL/api/call-upload answered 401 Invalid API key", "",
		},
		{"wrong key, seen with a call", answers(reply(417, "Incomplete call data: no audio\n"), reply(401, "Invalid "+
			"API key for system 11\n")), "refused the API key: URL/api/call-upload answered 401", ""},
		{
			"another web server", reply(404, "404 page not found\n"),
			"URL/api/call-upload is no RdioScanner upload API: it answered 404 404 page not found", "",
		},
		{
			"nginx", reply(404, "<html>\n<head><title>404 Not Found</title></head>\n"),
			"URL/api/call-upload is no RdioScanner upload API: it answered 404 an HTML page", "",
		},
		{
			"another web server that knows no POST", reply(501, "<!DOCTYPE HTML>\n"),
			"is no RdioScanner upload API: it answered 501 an HTML page", "",
		},
		{
			"files without POST", answers(reply(417, "Incomplete call data: no audio\n"), reply(405, "")),
			"URL/api/call-upload takes no calls of clients sdrtrunk: it answered 405", "",
		},
		{"a login page", reply(200, "<html>"), "is no RdioScanner upload API: it answered 200 an HTML page", ""},
		{"a proxy's login", reply(401, "<html>\nAuthorization Required"), "URL/api/call-upload answered 401 an HTML " +
			"page: it is no upload API, or it refuses the API key", ""},
		{
			"a forbidden folder", reply(403, ""),
			"URL/api/call-upload answered 403: it is no upload API, or it refuses the API key", "",
		},
		{"always busy", reply(503, "try again\n"), "", "answered a first call with 503 try again"},
		{"drops each call as a duplicate", answers(reply(417, "Incomplete call data: no "+
			"talkgroup\n"), reply(200, "duplicate call rejected\n")), "", "200 duplicate call rejected"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			server := httptest.NewServer(tt.handler)
			defer server.Close()
			checkPreflight(t, server.URL, strings.ReplaceAll(tt.problem, "URL", server.URL), tt.warning)
		})
	}
}

// preflighted makes a preflight with a key and clients.
func preflighted(t *testing.T, url, key, clients string) (Learned, error) {
	t.Helper()
	s := uploadtest.Scenario()
	s.URL = url
	s.Key = key
	mix, err := scenario.ParseMix(clients)
	if err != nil {
		t.Fatal(err)
	}
	s.Clients = mix
	return preflightOf(t, s, "abc")
}

func preflightOf(t *testing.T, s *scenario.Scenario, runID string) (Learned, error) {
	t.Helper()
	target, err := upload.NewHTTPTarget(s, upload.ConnectOptions{KeepAlive: true})
	if err != nil {
		t.Fatal(err)
	}
	defer target.Close()
	calls := traffic.New(s, traffic.Options{RunID: runID, Start: start, Clips: uploadtest.Silence{}})
	return Run(t.Context(), target, calls)
}

func checkPreflight(t *testing.T, url, problem, warning string) {
	t.Helper()
	learned, err := preflighted(t, url, "k", "sdrtrunk")
	checkProblem(t, err, problem)
	if got := strings.Join(learned.Warnings, "\n"); !strings.Contains(got, warning) || warning == "" && got != "" {
		t.Errorf("warnings %q, want %q", got, warning)
	}
}

// checkProblem expects an error with a problem and a hint, or none.
func checkProblem(t *testing.T, err error, problem string) {
	t.Helper()
	var te *upload.TargetError
	switch {
	case problem == "" && err != nil, problem != "" && err == nil:
		t.Errorf("error %v, want %q", err, problem)
	case err != nil && (!errors.As(err, &te) || !strings.Contains(te.Error(), problem) || te.Hint == ""):
		t.Errorf("error %#v, want %q and a hint", err, problem)
	}
}

func TestPreflightWithoutAServer(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	server.Close()
	checkPreflight(t, server.URL, "nothing listens on 127.0.0.1:", "")
	checkPreflight(t, "http://no-such-host.invalid:8000", `cannot resolve the host name "no-such-host.invalid"`, "")
	mail := uploadtest.RawServer(t, "220 mail.example ESMTP\r\n")
	checkPreflight(t, mail, "does not answer as a web server does ("+mail+"/api/call-upload)", "")

	secure := uploadtest.QuietTLSServer(uploadtest.Reply(200, ""))
	defer secure.Close()
	checkPreflight(t, secure.URL, "no TLS connection to 127.0.0.1:", "")
	plain := httptest.NewServer(http.NotFoundHandler())
	defer plain.Close()
	checkPreflight(t, strings.Replace(plain.URL, "http:", "https:", 1), "speaks HTTP, not HTTPS", "")
}

// A server that its replies do not identify is not said to acknowledge calls before it stores them.
func TestPreflightRecognisesNobody(t *testing.T) {
	server := httptest.NewServer(answers(uploadtest.Reply(200, "hello"), uploadtest.Reply(200, rdio.PhraseImported)))
	defer server.Close()
	l, err := preflighted(t, server.URL, "k", "sdrtrunk")
	if err != nil || l.Server != "" || l.AcknowledgesFirst {
		t.Errorf("recognised %q, which acknowledges first: %t, error %v", l.Server, l.AcknowledgesFirst, err)
	}
}

// A server that fails now and then is for the run to measure: it is asked again before it is judged.
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
	if n.Load() != 6 {
		t.Errorf("%d requests, want each of three twice: the test, a call, and one that shows no duplicate window",
			n.Load())
	}
}

// slowly makes a server take some time for each reply.
func slowly(takes time.Duration, p *peer) *peer {
	return &peer{key: p.key, answer: func(w http.ResponseWriter, f peerForm) {
		<-time.After(takes)
		p.answer(w, f)
	}}
}

// A server that replies to each request in time answers, even if there are many requests.
func TestPreflightOfASlowServer(t *testing.T) {
	const takes, timeout = 200 * time.Millisecond, 600 * time.Millisecond
	for _, tt := range []struct {
		name    string
		peer    *peer
		clients string
		window  time.Duration
	}{
		{"many clients", rdioScanner(noAudio), "sdrtrunk,trunk-recorder,voxcall", 0},
		{"a window", bundledServer(10 * time.Second), "sdrtrunk", 10 * time.Second},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := slowly(takes, tt.peer)
			s := uploadtest.Scenario()
			s.URL, s.Key, s.Timeout = p.start(t), p.key, timeout
			s.Clients, _ = scenario.ParseMix(tt.clients)
			l, err := preflightOf(t, s, "abc")
			if err != nil || l.DuplicateWindow != tt.window || len(l.Warnings) > 0 {
				t.Errorf("window %v, warnings %q, error %v", l.DuplicateWindow, l.Warnings, err)
			}
			if all := time.Duration(len(p.calls)) * takes; all <= timeout {
				t.Errorf("%d requests took only %v", len(p.calls), all)
			}
		})
	}
}

// hang is a server that never replies, or only to the connection test.
func hang(t *testing.T, test bool) string {
	stop := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.FormValue("test") != "" && test {
			uploadtest.Reply(417, noAudio)(w, r)
			return
		}
		select {
		case <-stop:
		case <-r.Context().Done():
		}
	}))
	t.Cleanup(server.Close)
	t.Cleanup(func() { close(stop) })
	return server.URL
}

// A server that does not answer is not asked again and again.
func TestPreflightOfAServerThatHangs(t *testing.T) {
	const timeout = 500 * time.Millisecond
	for _, test := range []bool{false, true} {
		s := uploadtest.Scenario()
		s.URL, s.Timeout = hang(t, test), timeout
		began := time.Now()
		_, err := preflightOf(t, s, "abc")
		checkProblem(t, err, "took the connection, but does not answer ("+s.URL+"/api/call-upload)")
		if took := time.Since(began); took > 2*timeout {
			t.Errorf("it took %v to tell", took)
		}
	}
}

// A preflight that is stopped says nothing about the server.
func TestPreflightIsStopped(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	s := uploadtest.Scenario()
	s.URL = hang(t, true)
	target, err := upload.NewHTTPTarget(s, upload.ConnectOptions{KeepAlive: true})
	if err != nil {
		t.Fatal(err)
	}
	defer target.Close()
	_, err = Run(ctx, target, traffic.New(s, traffic.Options{RunID: "abc", Start: start, Clips: uploadtest.Silence{}}))
	var te *upload.TargetError
	if !errors.Is(err, context.DeadlineExceeded) || errors.As(err, &te) {
		t.Errorf("error %#v", err)
	}
}

// The target of a redirect is shown without secrets, with a hint.
func TestPreflightIsRedirected(t *testing.T) {
	for _, tt := range []struct {
		name, client, location string
		status                 int
		problem, hint          string
	}{
		{
			"to https", "sdrtrunk", "https://scanner.example/api/call-upload", 301,
			"/api/call-upload answered 301, a redirect to https://scanner.example/api/call-upload",
			"write url https://scanner.example: rdiostress follows no redirect; sdrtrunk would ask for that address " +
				"with GET, without the call",
		},
		{
			"to another path", "voxcall", "/radio/api/call-upload", 308, "answered 308, a redirect to " +
				"URL/radio/api/call-upload",
			"write url URL/radio: rdiostress follows no redirect; voxcall would send the call again, to that address",
		},
		{
			"with secrets", "trunk-recorder", "//user:secret@other.example/api/v1/call-upload?token=secret#secret", 307,
			"answered 307, a redirect to http://other.example/api/v1/call-upload?…",
			"rdiostress follows no redirect; " +
				"" +
				"trunk-recorder follows no redirect either",
		},
		{
			"to a login", "sdrtrunk", "/login", 302, "answered 302, a redirect to URL/login",
			"rdiostress follows no redirect",
		},
		{"nowhere", "sdrtrunk", "", 303, "answered 303, a redirect to nowhere", "rdiostress follows no redirect"},
		{
			"with the key", "sdrtrunk", "/api/call-upload/top-s%65cret", 301,
			"answered 301, a redirect to URL/api/call-upload/[key]", "rdiostress follows no redirect",
		},
		{
			"to no web server, with the key", "sdrtrunk", "app://scanner/" +
				strings.Repeat("x", 100) + "/top-secret", 301,
			`answered 301, a redirect to "app://scanner/` + strings.Repeat("x",
				100) + `/[key]"`, "rdiostress follows no redirect",
		},
		{
			"to no web server", "sdrtrunk", "app://secret@scanner/\u009b?secret", 301,
			`answered 301, a redirect to "app://…@scanner/?…"`, "rdiostress follows no redirect",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				_, _ = io.Copy(io.Discard, r.Body)
				if tt.location != "" {
					w.Header()["Location"] = []string{tt.location}
				}
				w.WriteHeader(tt.status)
			}))
			defer server.Close()
			_, err := preflighted(t, server.URL, "top-secret", tt.client)
			checkProblem(t, err, strings.ReplaceAll(tt.problem, "URL", server.URL))
			var te *upload.TargetError
			if errors.As(err, &te) &&
				!strings.HasPrefix(te.Hint.String(), strings.ReplaceAll(tt.hint, "URL", server.URL)) ||
				strings.Contains(te.Error()+te.Hint.String(), "secret") {
				t.Errorf("%q, hint %q; want %q", te.Problem, te.Hint, tt.hint)
			}
		})
	}
}

// The replies of a server identify it.
func TestPreflightRecognisesServers(t *testing.T) {
	for _, tt := range []struct {
		peer              *peer
		path              string
		want              string
		learns, exact     bool
		acknowledgesFirst bool
	}{
		{rdioScanner(noAudio), "", "rdio-scanner 7", true, true, true},
		{rdioScanner(noTalkgroup), "", "rdio-scanner 6 or a relative of it", true, false, true},
		{rdioScanner("Incomplete call data: no talkgroup\n"), "", "ThinLine Radio", true, false, true},
		{sdrAPI(), "", "sdrtrunk-rdio-api", false, false, false},
		{bundledServer(500 * time.Millisecond), "", "rdiostress serve", false, false, false},
		{trEngine(10 * time.Second), rdio.TREnginePath, "tr-engine", false, false, false},
	} {
		url := tt.peer.start(t)
		for _, client := range []string{"sdrtrunk", "voxcall"} {
			l, err := preflighted(t, url+tt.path, tt.peer.key, client)
			if err != nil {
				t.Errorf("%s: %v", tt.want, err)
			}
			if l.Server != tt.want || l.Learns != tt.learns || l.Milliseconds != tt.exact ||
				l.AcknowledgesFirst != tt.acknowledgesFirst {
				t.Errorf("%s, %s: %+v", tt.want, client, l)
			}
		}
	}
}

// The 201 of tr-engine is an acceptance. A warning names the clients to which it is not.
func TestPreflightOfTREngine(t *testing.T) {
	const failure, test = "to the real %s that is a failure", "SDRTrunk itself sends it no calls"
	for client, want := range map[string][]string{
		"sdrtrunk":                    {"to the real sdrtrunk that is a failure", test},
		"trunk-recorder":              {"to the real trunk-recorder that is a failure"},
		"trunk-recorder-5.2":          {},
		"trunk-recorder-5.2,sdrtrunk": {"to the real sdrtrunk that is a failure", test},
	} {
		p := trEngine(10 * time.Second)
		url := p.start(t) + rdio.TREnginePath
		l, err := preflighted(t, url, p.key, client)
		if err != nil {
			t.Errorf("%s: %v", client, err)
		}
		if len(l.Warnings) != len(want) {
			t.Errorf("%s: warnings %q, want %q", client, l.Warnings, want)
			continue
		}
		for i := range want {
			if !strings.Contains(l.Warnings[i], want[i]) {
				t.Errorf("%s: warning %q, want %q", client, l.Warnings[i], want[i])
			}
		}
		for _, r := range l.FirstReplies {
			if !r.Accepted || r.Status != 201 || r.Address != url || r.Tries != 1 || r.DatesUnread || r.FormUnread {
				t.Errorf("first reply %+v", r)
			}
		}
	}
}

// A wrong address of tr-engine asks for a user first, a right one asks for the key.
func TestPreflightAtTREnginesOtherAddresses(t *testing.T) {
	p := trEngine(10 * time.Second)
	url := p.start(t)
	_, err := preflighted(t, url, p.key, "trunk-recorder")
	checkProblem(t, err, url+"/api/call-upload is no RdioScanner upload API: it answered 404 404 page not found")
	var te *upload.TargetError
	if errors.As(err, &te) && !strings.Contains(te.Hint.String(), "tr-engine does: /api/v1/call-upload") {
		t.Errorf("hint %q", te.Hint)
	}
	_, err = preflighted(t, url+rdio.TREnginePath, p.key, "trunk-recorder-meta")
	checkProblem(t, err, url+"/api/v1/trunk-recorder-call-upload takes no calls of clients trunk-recorder-meta: it "+
		"answered 401")
	_, err = preflighted(t, url+rdio.TREnginePath, "read-token", "trunk-recorder")
	checkProblem(t, err, "the server refused the API key: "+url+"/api/v1/call-upload answered 401")
	if errors.As(err, &te) && !strings.Contains(te.Hint.String(), "WRITE_TOKEN") {
		t.Errorf("hint %q", te.Hint)
	}
}

// If the server does not have a client's address, the run is refused, even if it takes calls of other clients.
func TestPreflightMissesAClientsAddress(t *testing.T) {
	p := sdrAPI()
	url := p.start(t)
	_, err := preflighted(t, url, p.key, "sdrtrunk,trunk-recorder-meta")
	checkProblem(t, err,
		url+"/api/trunk-recorder-call-upload takes no calls of clients trunk-recorder-meta: "+
			`it answered 404 {"detail":"Not Found"}`)
}

// A form that the server cannot read is told apart from a server that fails at every call.
func TestPreflightOfAFormThatIsNotRead(t *testing.T) {
	p := sdrAPI()
	url := p.start(t)
	for client, unread := range map[string]bool{
		"sdrtrunk": false, "trunk-recorder": true, "voxcall": true,
		"sdrtrunk,voxcall": true,
	} {
		l, err := preflighted(t, url, p.key, client)
		if err != nil {
			t.Fatal(err)
		}
		last := l.FirstReplies[len(l.FirstReplies)-1]
		if last.FormUnread != unread || last.Accepted == unread || unread && last.Tries != preflightTries {
			t.Errorf("%s: %+v", client, last)
		}
		const words = "cannot read what"
		if got := strings.Join(l.Warnings, "\n"); strings.Contains(got, words) != unread {
			t.Errorf("%s: warnings %q", client, got)
		}
	}
	broken := httptest.NewServer(answers(uploadtest.Reply(417, noTalkgroup), uploadtest.Reply(500, "no database")))
	defer broken.Close()
	l, err := preflighted(t, broken.URL, "k", "voxcall")
	if err != nil || l.FirstReplies[0].FormUnread || l.FirstReplies[0].Accepted {
		t.Errorf("a server that takes no call: %+v, error %v", l.FirstReplies, err)
	}
}

// Dates that the server does not read show in its reply to the first call, or to each call.
func TestPreflightOfDatesThatAreNotRead(t *testing.T) {
	p := trEngine(10 * time.Second)
	url := p.start(t)
	for _, client := range []string{"voxcall", "curl", "rdio-scanner"} {
		for _, seen := range []string{"at first", "again"} {
			l, err := preflighted(t, url+rdio.TREnginePath, p.key, client)
			if err != nil {
				t.Fatal(err)
			}
			if r := l.FirstReplies[0]; !r.DatesUnread || l.DuplicateWindow != 0 {
				t.Errorf("%s, %s: %+v, window %v", client, seen, r, l.DuplicateWindow)
			}
			if !strings.Contains(l.Warnings[0], "it takes 1970-01-01 00:00:00 for the date of a first call") {
				t.Errorf("%s, %s: %q", client, seen, l.Warnings)
			}
		}
	}
}

func TestStartTime(t *testing.T) {
	want := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	for text, ok := range map[string]bool{
		`{"call_id":7,"start_time":"2026-11-24T12:00:00Z"}`:        true,
		`{"call_id":7,"start_time": "2026-11-24T13:00:00+01:00"}`:  true,
		`duplicate call: call_id=7 tgid=1 start_time=1795521600"}`: true,
		`{"start_time":"yesterday"}`:                               false,
		`{"start_time":"2026-99-24T12:00:00Z"}`:                    false,
		`start_time=99999999999999999999`:                          false,
		`Call imported successfully.`:                              false,
		`{"restart_time":null,"time":"2026-11-24T12:00:00Z"}`:      false,
	} {
		if got, found := startTime([]byte(text)); found != ok || ok && !got.Equal(want) {
			t.Errorf("%s: %v, %v", text, got, found)
		}
	}
}

func FuzzStartTime(f *testing.F) {
	f.Add([]byte(`{"call_id":7,"start_time":"2026-11-24T12:00:00Z"}`))
	f.Add([]byte(`start_time=1795521600`))
	f.Fuzz(func(t *testing.T, text []byte) {
		if at, ok := startTime(text); !ok && !at.IsZero() {
			t.Errorf("%v of a time that cannot be read", at)
		}
	})
}

// The result says what was learned.
func TestLearnedFillsTheTarget(t *testing.T) {
	l := Learned{
		Server: ServerTREngine, AcknowledgesFirst: true, DuplicateWindow: 10 * time.Second, Warnings: []string{"w"},
		FirstReplies: []measure.FirstReply{{Client: "sdrtrunk"}},
	}
	var to measure.Target
	if l.Fill(&to); to.Server != "tr-engine" || !to.AcknowledgesFirst || *to.DuplicateWindowS != 10 ||
		len(to.FirstReplies) != 1 || len(to.Warnings) != 1 {
		t.Errorf("%+v", to)
	}
	to = measure.Target{}
	if (&Learned{}).Fill(&to); to.DuplicateWindowS != nil {
		t.Errorf("a window of %v s that was not learned", *to.DuplicateWindowS)
	}
}
