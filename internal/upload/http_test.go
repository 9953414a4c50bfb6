package upload

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"rdiostress/internal/audio"
	"rdiostress/internal/measure"
	"rdiostress/internal/rdio"
	"rdiostress/internal/scenario"
	"rdiostress/internal/upload/uploadtest"
)

// uploadTo sends one call to a target and returns the attempt.
func uploadTo(t *testing.T, s *scenario.Scenario) Attempt {
	t.Helper()
	target, err := NewHTTPTarget(s, ConnectOptions{KeepAlive: true})
	if err != nil {
		t.Fatal(err)
	}
	defer target.Close()
	c := Request{}
	c.Call = rdio.Call{System: 11, Talkgroup: 1001, Time: time.Now()}
	c.Fill("abc", 0, audio.Clip{Body: make([]byte, 64), Duration: time.Second, Type: "audio/mpeg", Ext: ".mp3"})
	u := target.Uploader()
	defer u.Close()
	return u.Upload(context.Background(), &c)
}

// oneReply is the body of a reply.
type oneReply struct{ text []byte }

func (r *oneReply) Read(p []byte) (int, error) {
	n := copy(p, r.text)
	if r.text = r.text[n:]; n == 0 {
		return 0, io.EOF
	}
	return n, nil
}

func (r *oneReply) Close() error { return nil }

// Reading a reply of any length allocates nothing once the uploader has read a long one.
func TestReadReplyAllocatesNothing(t *testing.T) {
	u := &HTTPUploader{readsAll: true}
	for _, n := range []int{27, 10 << 10} {
		text, body := make([]byte, n), &oneReply{}
		read := func() {
			body.text = text
			if err := u.readReply(body, rdio.WholeReply, http.StatusOK); err != nil {
				t.Fatal(err)
			}
		}
		read()
		if got := testing.AllocsPerRun(100, read); got > 0 {
			t.Errorf("a reply of %d bytes: %v allocations", n, got)
		}
	}
}

func TestUploadReplies(t *testing.T) {
	reply := uploadtest.Reply
	for _, tt := range []struct {
		name    string
		handler http.HandlerFunc
		class   measure.Class
		status  int
		detail  string
	}{
		{"imported", reply(200, "Call imported successfully.\n"), measure.Accepted, 200, ""},
		{
			"imported, with a long text", reply(200, "Call imported successfully.\n"+strings.Repeat("x", 9000)),
			measure.Accepted, 200, "",
		},
		{"200 of something else", reply(200, "<html>Welcome\nto"), measure.Rejected, 200, "an HTML page"},
		{"duplicate", reply(200, "duplicate call rejected\n"), measure.Duplicate, 200, "duplicate call rejected"},
		{
			"busy", reply(503, "Server busy, please try again\n"), measure.Status, 503,
			"Server busy, please try again",
		},
		{"wrong key", reply(401, "Invalid API key\x07\n"), measure.Unauthorised, 401, "Invalid API key"},
		{
			"incomplete", reply(417, "Incomplete call data: no audio\n\n"), measure.Incomplete, 417,
			"Incomplete call data: no audio",
		},
		{
			"redirect",
			func(w http.ResponseWriter,
				r *http.Request,
			) {
				http.Redirect(w, r, "/elsewhere", http.StatusFound)
			}, measure.Status, 302, "/elsewhere",
		},
		{
			"closed without a reply", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
			measure.Reset, 0, "closed before",
		},
		{"broken off", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "1000")
			_, _ = io.WriteString(w, "Call imported")
		}, measure.Reset, 0, "closed before"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			server := httptest.NewServer(tt.handler)
			defer server.Close()
			s := uploadtest.Scenario()
			s.URL = server.URL
			a := uploadTo(t, s)
			if a.Class != tt.class || a.Status != tt.status || !strings.Contains(a.Detail, tt.detail) {
				t.Errorf("got %v, status %d, %q; want %v, %d, %q", a.Class, a.Status, a.Detail, tt.class, tt.status,
					tt.detail)
			}
			if a.Sent.IsZero() {
				t.Error("it does not say when it was sent")
			}
			if a.Size == 0 || a.Bytes != a.Size {
				t.Errorf("%d of %d bytes sent", a.Bytes, a.Size)
			}
		})
	}
}

func TestUploadSendsTheWholeForm(t *testing.T) {
	got := make(chan *rdio.Form, 1)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := r.ParseMultipartForm(1 << 20); err != nil || r.URL.Path != rdio.UploadPath ||
			r.UserAgent() != "sdrtrunk" {
			t.Errorf("%s from %s: %v", r.URL, r.UserAgent(), err)
			return
		}
		f, head, err := r.FormFile("audio")
		if err != nil || !strings.HasSuffix(head.Filename, "_rs-abc-0000000.mp3") || head.Size != 64 {
			t.Errorf("audio %+v: %v", head, err)
		} else {
			_ = f.Close()
		}
		got <- &rdio.Form{Key: r.FormValue("key")}
		_, _ = io.WriteString(w, rdio.PhraseImported)
	}))
	defer server.Close()
	s := uploadtest.Scenario()
	s.URL = server.URL
	a := uploadTo(t, s)
	if a.Class != measure.Accepted || a.Bytes < 1000 || !a.NewConn {
		t.Errorf("%+v", a)
	}
	for step, took := range a.Steps {
		if (took < 0) != (measure.Step(step) == measure.Handshake) { // there is none
			t.Errorf("%v took %v", measure.Step(step), took)
		}
	}
	if f := <-got; f.Key != "k" {
		t.Errorf("key %q", f.Key)
	}
}

func TestUploadFailures(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	free := listener.Addr().String()
	_ = listener.Close()
	release := make(chan struct{})
	hung := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-release }))
	defer hung.Close()
	defer close(release)
	secure := uploadtest.QuietTLSServer(uploadtest.Reply(200, rdio.PhraseImported))
	defer secure.Close()
	garbage := uploadtest.RawServer(t, "SSH-2.0-OpenSSH_9.2\r\n")

	for _, tt := range []struct {
		name  string
		url   string
		class measure.Class
		sent  bool
	}{
		{"nobody listens", "http://" + free, measure.Refused, false},
		{"no such host", "http://no-such-host.invalid", measure.DNS, false},
		{"no reply", hung.URL, measure.Timeout, true},
		{"unknown authority", secure.URL, measure.TLS, false},
		{"not HTTP", garbage, measure.Malformed, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := uploadtest.Scenario()
			s.URL, s.Timeout = tt.url, 5*time.Second
			if tt.class == measure.Timeout {
				s.Timeout = time.Second
			}
			a := uploadTo(t, s)
			if a.Class != tt.class || a.Sent.IsZero() == tt.sent {
				t.Errorf("got %v (sent: %v, %s), want %v", a.Class, !a.Sent.IsZero(), a.Detail, tt.class)
			}
			if strings.ContainsAny(a.Detail, "\r\n") || a.Detail == "" {
				t.Errorf("detail %q is not one line", a.Detail)
			}
		})
	}
}

// Replies without an end, and such whose phrase comes late, are judged as their clients judge them. The package wire
// has the same test.
func TestUploadLongReplies(t *testing.T) {
	for _, tt := range uploadtest.ReplyCases() {
		t.Run(tt.Name, func(t *testing.T) {
			t.Parallel()
			s := uploadtest.Scenario()
			s.URL, s.Timeout = uploadtest.ReplyServer(t, tt), uploadtest.ReplyTimeout
			if tt.Class == measure.Accepted {
				s.Timeout = time.Minute
			}
			s.Clients, _ = scenario.ParseMix(tt.Client.String())
			target, err := NewHTTPTarget(s, ConnectOptions{KeepAlive: true})
			if err != nil {
				t.Fatal(err)
			}
			defer target.Close()
			c := Request{}
			c.Client = tt.Client
			c.Call = rdio.Call{System: 11, Talkgroup: 1001, Time: time.Now()}
			c.Fill("abc", 0, audio.Clip{Body: make([]byte, 64), Duration: time.Second, Type: "audio/mpeg", Ext: ".mp3"})
			u := target.Uploader()
			defer u.Close()
			if a := u.Upload(t.Context(), &c); a.Class != tt.Class || a.Status != tt.Status {
				t.Errorf("%v, status %d, %q; want %v, %d", a.Class, a.Status, a.Detail, tt.Class, tt.Status)
			}
		})
	}
}

// Nobody waits for what follows a change to another protocol.
func TestNewUploaderDoesNotAwaitOtherProtocols(t *testing.T) {
	s := uploadtest.Scenario()
	s.URL = uploadtest.ReplyServer(t, uploadtest.ReplyCase{
		Parts: []string{"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n"},
	})
	target, err := NewHTTPTarget(s, ConnectOptions{KeepAlive: true})
	if err != nil {
		t.Fatal(err)
	}
	defer target.Close()
	c := Request{}
	c.Call = rdio.Call{System: 11, Talkgroup: 1001, Time: time.Now()}
	c.Fill("abc", 0, audio.Clip{Body: make([]byte, 64), Duration: time.Second, Type: "audio/mpeg", Ext: ".mp3"})
	began := time.Now()
	if a := target.NewUploader().Upload(t.Context(), &c); a.Status != 101 || time.Since(began) > s.Timeout/2 {
		t.Errorf("%v %d after %v", a.Class, a.Status, time.Since(began))
	}
}

// Who reads replies gets the text even of one that its client does not read.
func TestNewUploaderReadsText(t *testing.T) {
	for _, end := range []uploadtest.ReplyEnd{uploadtest.Hangup, uploadtest.Hold} {
		s := uploadtest.Scenario()
		s.Timeout = uploadtest.ReplyTimeout
		s.URL = uploadtest.ReplyServer(t, uploadtest.ReplyCase{
			Parts: []string{"HTTP/1.1 200 OK\r\n\r\n", rdio.PhraseImported}, Pause: time.Millisecond, End: end,
		})
		s.Clients, _ = scenario.ParseMix(rdio.RdioScanner.String())
		target, err := NewHTTPTarget(s, ConnectOptions{KeepAlive: true})
		if err != nil {
			t.Fatal(err)
		}
		c := Request{}
		c.Client = rdio.RdioScanner
		c.Call = rdio.Call{System: 11, Talkgroup: 1001, Time: time.Now()}
		c.Fill("abc", 0, audio.Clip{Body: make([]byte, 64), Duration: time.Second, Type: "audio/mpeg", Ext: ".mp3"})
		u := target.NewUploader()
		if a := u.Upload(t.Context(), &c); a.Class != measure.Accepted || string(u.Text) != rdio.PhraseImported {
			t.Errorf("%v, %q, text %q", a.Class, a.Detail, u.Text)
		}
		u.Close()
		target.Close()
	}
}
