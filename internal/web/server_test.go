package web

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"rdiostress/internal/report/html"
	"rdiostress/internal/testenv"
	"rdiostress/internal/trial/event"
)

// listen serves a document.
func listen(t *testing.T, d *Document, token string) *Server {
	t.Helper()
	s, err := Listen(t.Context(), "127.0.0.1:0", token, d)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

func (s *Server) url(path string) string { return "http://" + s.Addr().String() + path }

// get makes a request, which change may alter, without following redirects.
func (s *Server) get(t *testing.T, method, path string, change func(*http.Request)) (*http.Response, string) {
	t.Helper()
	return testenv.Fetch(t, method, s.url(path), change)
}

// Without a token, only this machine by its own names is answered; nothing may be changed, framed or kept.
func TestAccessFromThisMachine(t *testing.T) {
	s := listen(t, NewDocument(Options{}), "")
	for host, want := range map[string]int{
		"": 200, "localhost": 200, "LOCALHOST:9": 200, "127.0.0.1": 200, "[::1]:9": 200, "[::1]": 200,
		"[::2]": 421, "evil.example": 421,
		"127.0.0.1.evil.example": 421, "evil.example:80": 421, "0.0.0.0": 421, "192.168.0.1": 421,
	} {
		for _, path := range []string{"/", "/events"} {
			ctx, cancel := context.WithCancel(t.Context())
			resp := s.begin(t, ctx, path, func(r *http.Request) {
				if host != "" {
					r.Host = host
				}
			})
			if resp.StatusCode != want {
				t.Errorf("%s by the name %q: %s, want %d", path, host, resp.Status, want)
			}
			cancel()
			resp.Body.Close()
		}
	}
	resp, _ := s.get(t, http.MethodGet, "/", nil)
	for name, want := range map[string]string{
		"X-Frame-Options": "DENY", "X-Content-Type-Options": "nosniff", "Cache-Control": "no-store",
		"Cross-Origin-Resource-Policy": "same-origin", "Referrer-Policy": "no-referrer",
	} {
		if got := resp.Header.Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	policy := resp.Header.Get(contentPolicy)
	if !strings.HasPrefix(policy, "default-src 'none'; ") || !strings.Contains(policy, "connect-src 'self'") ||
		strings.Contains(policy, "unsafe") || !strings.Contains(policy, "frame-ancestors 'none'") {
		t.Errorf("policy %q", policy)
	}
	for method, want := range map[string]int{"HEAD": 200, "POST": 405, "PUT": 405, "DELETE": 405, "OPTIONS": 405} {
		if resp, _ := s.get(t, method, "/", nil); resp.StatusCode != want {
			t.Errorf("%s: %s, want %d", method, resp.Status, want)
		}
	}
	if resp, _ := s.get(t, http.MethodGet, "/other", nil); resp.StatusCode != http.StatusNotFound {
		t.Errorf("another path: %s", resp.Status)
	}
}

// begin makes a request and returns its response, whose body goes on.
func (s *Server) begin(t *testing.T, ctx context.Context, path string, change func(*http.Request)) *http.Response {
	t.Helper()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url(path), nil)
	if err != nil {
		t.Fatal(err)
	}
	if change != nil {
		change(r)
	}
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	return resp
}

// With a token, those who have it are answered, by whatever name; the token is asked for once, and not given away.
func TestAccessWithToken(t *testing.T) {
	const token = "0123456789abcdef"
	s := listen(t, NewDocument(Options{}), token)
	for _, path := range []string{"/", "/events", "/?token=", "/?token=0123456789abcdeF", "/?token=" + token + "0"} {
		if resp, text := s.get(t, http.MethodGet, path, nil); resp.StatusCode != http.StatusUnauthorized ||
			strings.Contains(text, token) || len(resp.Cookies()) > 0 {
			t.Errorf("%s: %s, %s", path, resp.Status, text)
		}
	}
	resp, _ := s.get(t, http.MethodGet, "/?token="+token, func(r *http.Request) { r.Host = "loader.lan" })
	cookies := resp.Cookies()
	if resp.StatusCode != http.StatusSeeOther || resp.Header.Get("Location") != "/" || len(cookies) != 1 {
		t.Fatalf("with the token: %s, %v", resp.Status, resp.Header)
	}
	if c := cookies[0]; !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || strings.Contains(c.Value, token) {
		t.Errorf("cookie %v", c)
	}
	with := func(value string) func(*http.Request) {
		return func(r *http.Request) {
			r.Host = "loader.lan"
			r.AddCookie(&http.Cookie{Name: cookies[0].Name, Value: value})
		}
	}
	if resp, _ := s.get(t, http.MethodGet, "/", with(cookies[0].Value)); resp.StatusCode != http.StatusOK {
		t.Errorf("with the cookie: %s", resp.Status)
	}
	if resp, _ := s.get(t, http.MethodGet, "/", with(token)); resp.StatusCode != http.StatusUnauthorized {
		t.Errorf("with the token as a cookie: %s", resp.Status)
	}
}

// follower reads events.
type follower struct {
	t    *testing.T
	body io.ReadCloser
	scan *bufio.Scanner
}

// follow begins to follow a page.
func (s *Server) follow(t *testing.T) *follower {
	t.Helper()
	resp := s.begin(t, t.Context(), "/events", nil)
	if resp.StatusCode != http.StatusOK || resp.Header.Get("Content-Type") != eventStream {
		t.Fatalf("%s, %s", resp.Status, resp.Header.Get("Content-Type"))
	}
	scan := bufio.NewScanner(resp.Body)
	scan.Buffer(nil, 10<<20)
	return &follower{t, resp.Body, scan}
}

// next returns the next event.
func (f *follower) next() (name string, s html.State) {
	f.t.Helper()
	for f.scan.Scan() {
		key, value, _ := strings.Cut(f.scan.Text(), ": ")
		switch key {
		case "event":
			name = value
		case "data":
			if err := json.Unmarshal([]byte(value), &s); err != nil {
				f.t.Fatal(err)
			}
			return name, s
		}
	}
	return "", s
}

// until returns the first event whose state shows a text: there may be some before it.
func (f *follower) until(text string) (name string, s html.State) {
	f.t.Helper()
	for {
		if name, s = f.next(); name == "" || strings.Contains(s.Main, text) {
			return name, s
		}
	}
}

// final is an end that says done.
func final(t *testing.T) Final {
	return Final{
		State: func() (html.State, error) { return html.State{Title: "done", Main: "<p>done</p>"}, nil },
		Page: func(w io.Writer) error {
			_, err := io.WriteString(w, "the whole report")
			return err
		},
	}
}

// Who follows gets the state at once, the next ones as they change, and the end. Who comes again gets the last state.
func TestFollow(t *testing.T) {
	d := NewDocument(Options{Version: "dev"})
	s := listen(t, d, "")
	f := s.follow(t)
	if name, now := f.next(); name != "state" || !strings.Contains(now.Main, "Preparing") {
		t.Errorf("at first: %s, %s", name, now.Main)
	}
	recorded(d, 3)
	if name, now := f.until("chart-uploads"); name != "state" {
		t.Errorf("then: %s, %s", name, now.Main)
	}
	f.body.Close()
	f = s.follow(t)
	if name, now := f.next(); name != "state" || !strings.Contains(now.Main, "chart-uploads") {
		t.Errorf("again: %s, %s", name, now.Main)
	}
	if _, page := s.get(t, http.MethodGet, "/", nil); !strings.Contains(page, "EventSource") ||
		!strings.Contains(page, "chart-uploads") || !strings.Contains(page, `http-equiv="refresh"`) {
		t.Errorf("the page: %.3000s", page)
	}
	s.End(t.Context(), final(t))
	if name, now := f.until("<p>done</p>"); name != "end" || now.Title != "done" {
		t.Errorf("at the end: %s, %+v", name, now)
	}
	if name, _ := f.next(); name != "" {
		t.Errorf("after the end: %s", name)
	}
	f.body.Close()
	f = s.follow(t)
	if name, now := f.next(); name != "end" || now.Title != "done" {
		t.Errorf("who comes after the end gets %s, %+v", name, now)
	}
	f.body.Close()
	if _, page := s.get(t, http.MethodGet, "/", nil); page != "the whole report" {
		t.Errorf("the page after the end: %s", page)
	}
}

// A state is written once for all readers, and not without one.
func TestStatesAreShared(t *testing.T) {
	d := NewDocument(Options{Version: "dev"})
	s := listen(t, d, "")
	d.Observe(event.Started{RunID: "one", Scenario: plan})
	first, err := s.state()
	if err != nil {
		t.Fatal(err)
	}
	d.Observe(event.Started{RunID: "two", Scenario: plan})
	if again, _ := s.state(); again.version != first.version {
		t.Error("a state is written twice in a second")
	}
	s.rendering.Lock()
	s.rendered = s.rendered.Add(-refresh)
	s.took = time.Hour
	s.rendering.Unlock()
	if again, _ := s.state(); again.version != first.version {
		t.Error("states that take long to write are not further apart")
	}
	s.rendering.Lock()
	s.took = 0
	s.rendering.Unlock()
	if again, _ := s.state(); again.version == first.version || !strings.Contains(again.When, "two") {
		t.Error("a state is not written anew")
	}
}

// A reader that does not read is dropped, and keeps neither the others nor the end.
func TestStalledReader(t *testing.T) {
	d := NewDocument(Options{Version: "dev"})
	s := listen(t, d, "")
	s.patience = 300 * time.Millisecond
	huge := Final{
		State: func() (html.State, error) {
			return html.State{Title: "done", Main: strings.Repeat("x", 12<<20)}, nil
		},
		Page: final(t).Page,
	}
	conn, err := net.Dial("tcp", s.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.(*net.TCPConn).SetReadBuffer(4 << 10); err != nil {
		t.Fatal(err)
	}
	if _, err := fmt.Fprintf(conn, "GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Read(make([]byte, 1)); err != nil { // it follows, and reads no more
		t.Fatal(err)
	}
	f := s.follow(t)
	defer f.body.Close()
	if name, _ := f.next(); name != "state" {
		t.Errorf("another reader gets %q", name)
	}
	f.body.Close()
	s.End(t.Context(), huge)
	select {
	case <-s.followers.none():
	case <-time.After(time.Minute):
		t.Error("the reader is not dropped")
	}
}

// Only so many may follow at the same time, and who leaves makes room.
func TestFollowersAreLimited(t *testing.T) {
	var f followers
	for range maxFollowers {
		if !f.add() {
			t.Fatal("there is no room")
		}
	}
	if f.add() {
		t.Error("there is no limit")
	}
	f.remove()
	if !f.add() {
		t.Error("who leaves makes no room")
	}
	none := f.none()
	var leaving sync.WaitGroup
	for range maxFollowers {
		select {
		case <-none:
			t.Fatal("some are left")
		default:
		}
		leaving.Go(f.remove)
		leaving.Wait()
	}
	<-none
	<-f.none()
	f.refuse()
	if f.add() {
		t.Error("it takes one after the end")
	}
	d := NewDocument(Options{})
	s := listen(t, d, "")
	s.followers.refuse()
	if resp, _ := s.get(t, http.MethodGet, "/events", nil); resp.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("one too many gets %s", resp.Status)
	}
}

// Closing ends what is followed, also without an end.
func TestClose(t *testing.T) {
	s, err := Listen(t.Context(), "127.0.0.1:0", "", NewDocument(Options{}))
	if err != nil {
		t.Fatal(err)
	}
	if other, err := Listen(t.Context(), s.Addr().String(), "", NewDocument(Options{})); err == nil {
		other.Close()
		t.Error("two listen on one address")
	}
	f := s.follow(t)
	defer f.body.Close()
	f.next()
	began := time.Now()
	s.Close()
	if name, _ := f.next(); name != "" || time.Since(began) > 20*time.Second {
		t.Errorf("after %v: %q", time.Since(began), name)
	}
}
