package upload

import (
	"bytes"
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
	"unicode"

	"rdiostress/internal/rdio"
	"rdiostress/internal/scenario"
)

// HTTPTarget is an upload endpoint that is reached through net/http.
type HTTPTarget struct {
	url     *url.URL // of the endpoints, which differ in their paths
	mix     scenario.Mix
	clients [rdio.NumClients]Endpoint
	timeout time.Duration
	reuse   bool
	connect ConnectOptions
	client  *http.Client
	config  *tls.Config
}

// NewHTTPTarget returns the scenario's endpoint. Its uploaders share a pool with one connection for each of them.
func NewHTTPTarget(s *scenario.Scenario, o ConnectOptions) (*HTTPTarget, error) {
	clients, err := Endpoints(s)
	if err != nil {
		return nil, err
	}
	config := o.TLS.Clone() // nil if it is nil
	if config == nil {
		config = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	t := &HTTPTarget{
		url: clients[0].URL, mix: s.Clients, clients: clients, timeout: s.Timeout, reuse: o.Reuse, connect: o,
		config: config,
	}
	t.client = t.newClient(s.MaxConcurrent)
	return t, nil
}

// newClient returns an HTTP client that keeps a number of idle connections.
func (t *HTTPTarget) newClient(idle int) *http.Client {
	o := &t.connect
	return &http.Client{
		Transport: &http.Transport{
			DialContext:         o.dial,
			TLSHandshakeTimeout: o.OpenTimeout(),
			TLSClientConfig:     t.config.Clone(), // the transport of HTTP/2 writes into its own
			ForceAttemptHTTP2:   o.HTTP2,
			DisableKeepAlives:   !o.KeepAlive,
			MaxIdleConns:        0, // the next line sets the limit
			MaxIdleConnsPerHost: idle,
			IdleConnTimeout:     90 * time.Second,
			DisableCompression:  true,
		},
		CheckRedirect: checkRedirect,
	}
}

// closes reports whether a client has its connection closed after each call.
func (t *HTTPTarget) closes(c rdio.Client) bool {
	return c.OneShot() && !t.reuse && !(t.connect.HTTP2 && c.SharesHTTP2())
}

// connectionFor returns the HTTP client for a call of a client, and what is to be done after the call. net/http would
// let calls over HTTP/2 share a connection, so that whoever opens one for each call gets an HTTP client for each.
func (t *HTTPTarget) connectionFor(c rdio.Client) (*http.Client, func()) {
	if !t.connect.HTTP2 || !t.closes(c) || t.url.Scheme != "https" {
		return t.client, func() {}
	}
	own := t.newClient(1)
	return own, own.CloseIdleConnections
}

// At returns the target with another address for all of its clients. They share their connections.
func (t *HTTPTarget) At(u *url.URL) *HTTPTarget {
	other := *t
	other.url = u
	for i := range other.clients {
		other.clients[i].URL = u
	}
	return &other
}

// Uploader returns a new uploader, for one goroutine.
func (t *HTTPTarget) Uploader() Uploader { return &HTTPUploader{target: t} }

// NewUploader is like Uploader, for callers that read replies: it reads the text of a reply even where its client does
// not. That changes no class.
func (t *HTTPTarget) NewUploader() *HTTPUploader { return &HTTPUploader{target: t, readsAll: true} }

// Endpoint returns where a client sends its calls.
func (t *HTTPTarget) Endpoint(c rdio.Client) *Endpoint { return &t.clients[c] }

// Clients returns the clients that send calls to the target.
func (t *HTTPTarget) Clients() []rdio.Client { return t.mix.Clients() }

// Host returns the host of the target, with the port if the address has one.
func (t *HTTPTarget) Host() string { return t.url.Host }

// Timeout returns the timeout of one upload.
func (t *HTTPTarget) Timeout() time.Duration { return t.timeout }

// Close closes the connections.
func (t *HTTPTarget) Close() { t.client.CloseIdleConnections() }

// HTTPUploader is an Uploader on net/http.
type HTTPUploader struct {
	target *HTTPTarget
	buf    []byte // the form without its audio; reused
	// readsAll says that texts are read that the client of an upload would not read.
	readsAll bool
	reply    [MaxReplyBytes]byte
	long     []byte // for what follows reply, from the first reply that long on; reused

	// of the last reply; nil if there was none
	Header http.Header
	Text   []byte            // the beginning of the reply
	rest   rdio.PhraseFinder // of what follows Text
}

// MaxReplyBytes is how much of a reply is kept. The rest is searched for phrases as it arrives.
const MaxReplyBytes = 1 << 10

func (u *HTTPUploader) Close() {}

func (u *HTTPUploader) Upload(ctx context.Context, r *Request) Attempt {
	buf, split := u.target.clients[r.Client].Encoder.Append(u.buf[:0], &r.Upload)
	f := NewForm(r.Client, buf[:split], r.Body, buf[split:])
	a, _ := u.Post(ctx, f)
	if f.inUse() {
		// The reply came before net/http had sent the whole form. It still reads the buffer, so it gets to keep it.
		buf = nil
	}
	u.buf = buf
	return a
}

// Post sends a form, reads the reply and returns its first line.
func (u *HTTPUploader) Post(ctx context.Context, f *Form) (a Attempt, line string) {
	t := u.target
	ctx, cancel := context.WithTimeout(ctx, t.timeout)
	defer cancel()
	var times tracer
	ctx = httptrace.WithClientTrace(ctx, times.trace())
	hops := &hops{client: f.client}
	if t.connect.RealClients {
		ctx = context.WithValue(ctx, hopsKey{}, hops)
	}
	client, done := t.connectionFor(f.client)
	defer done()
	to := &t.clients[f.client]
	req := (&http.Request{
		Method: http.MethodPost, URL: to.URL, Host: to.URL.Host, Body: f.body(), ContentLength: f.size(),
		Header: f.header(to), Close: client == t.client && t.closes(f.client),
		// For a connection that proves to be closed before a byte is written. net/http never sends a POST twice.
		GetBody: func() (io.ReadCloser, error) { return f.body(), nil },
	}).WithContext(ctx)
	resp, err := client.Do(req)
	u.Header, u.Text = nil, nil
	status := 0
	if err == nil {
		u.Header, status = resp.Header, resp.StatusCode
		if err = u.readReply(resp.Body, f.client.Reads(), status); err != nil && TakesCut(f.client, err) {
			err = nil
		}
	}
	if times.fill(&a, time.Now()); !a.Sent.IsZero() {
		a.Bytes, a.Size = f.read.Load(), f.size()
	}
	if err != nil {
		a.Fail(Classify(err, !a.Sent.IsZero()), err)
		a.Detail = Short(to.Encoder.Hide(a.Detail))
		return a, ""
	}
	a.Redirects = hops.followed
	line = FirstLine(u.Text, to.Encoder)
	a.Status = status
	if answer := f.client.ReadReply(status, u.Text, u.rest); answer != rdio.Imported {
		a.Class = ClassOf(answer)
		a.Detail = line
		if rdio.IsRedirect(status) {
			a.Redirected(to, u.Header.Get("Location"))
		}
	}
	return a, line
}

// TestConnection makes SDRTrunk's connection test for a system. It reports whether SDRTrunk sends calls after it, and
// what was answered, or went wrong.
func (t *HTTPTarget) TestConnection(ctx context.Context, system int64) (passes bool, answer string) {
	u := t.NewUploader()
	form := NewForm(rdio.SDRTrunk, t.Endpoint(rdio.SDRTrunk).Encoder.AppendTest(nil, system), nil, nil)
	a, line := u.Post(ctx, form)
	if answer = a.ReplyText(); a.Status > 0 {
		answer = FormatReply(a.Status, line)
	}
	return u.PassesTest(), answer
}

// PassesTest reports whether the last reply, to SDRTrunk's connection test, is one after which SDRTrunk sends calls.
// The status does not matter to it.
func (u *HTTPUploader) PassesTest() bool {
	n := len(rdio.PhraseTest)
	return len(u.Text) >= n && bytes.EqualFold(u.Text[:n], []byte(rdio.PhraseTest))
}

// readReply reads the text of a reply, of which it keeps the beginning in u.Text. It reads as much as the client does.
func (u *HTTPUploader) readReply(r io.ReadCloser, reading rdio.Reading, status int) error {
	defer r.Close()
	u.Text, u.rest = u.reply[:0], rdio.PhraseFinder{}
	if u.readsAll {
		reading = rdio.WholeReply
	}
	if HeadSuffices(reading, status) {
		return nil
	}
	for {
		part := u.reply[len(u.Text):]
		if len(part) == 0 {
			if u.long == nil {
				u.long = make([]byte, 4<<10)
			}
			part = u.long
		}
		n, err := r.Read(part)
		if len(u.Text) < len(u.reply) {
			u.Text = u.reply[:len(u.Text)+n]
			if len(u.Text) == len(u.reply) {
				u.rest.Find(u.Text) // a phrase may begin in its end
			}
		} else {
			u.rest.Find(part[:n])
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// HTMLPage stands for the first line of any HTML page.
const HTMLPage = "an HTML page"

// FirstLine returns the first line of a reply, shortened, printable and without the API key of an encoder.
func FirstLine(reply []byte, e *rdio.Encoder) string { return cut(e.Hide(WholeLine(reply)), 120) }

// WholeLine returns the first line of a reply, printable. It may contain the API key, which must be hidden before the
// line is cut.
func WholeLine(reply []byte) string {
	line, _, _ := bytes.Cut(bytes.TrimSpace(reply), []byte("\n"))
	if bytes.HasPrefix(line, []byte("<")) {
		return HTMLPage
	}
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return -1
		}
		return r
	}, strings.ToValidUTF8(string(line), ""))
}

// Short shortens the detail of a failure that quotes too much.
func Short(detail string) string {
	if short := cut(detail, 200); short != detail {
		return short + strings.Repeat(`"`, strings.Count(short, `"`)%2)
	}
	return detail
}

// cut shortens a text to a number of bytes.
func cut(text string, most int) string {
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most], "") + "…"
}

// body reads a form. Only the audio is shared with other forms.
type body struct {
	*Form
	mu     sync.Mutex
	left   net.Buffers
	closed bool
}

// Form is what the bodies of one upload share. net/http makes another body if a connection breaks before it has written
// a byte.
type Form struct {
	client rdio.Client
	parts  [3][]byte
	read   atomic.Int64 // bytes that were read
	open   atomic.Int32 // bodies that net/http may still read
}

func NewForm(c rdio.Client, before, audio, after []byte) *Form {
	return &Form{client: c, parts: [3][]byte{before, audio, after}}
}

// header returns the header of the request without the lines that net/http writes itself.
func (f *Form) header(e *Endpoint) http.Header {
	h := http.Header{}
	for _, line := range e.Encoder.Header(e.URL.Host, e.URL.Scheme == "https") {
		switch line.Name {
		case rdio.Host, rdio.ContentLength, "Connection", "Upgrade", "HTTP2-Settings":
		case rdio.ContentType:
			n := e.Encoder.BoundaryLen()
			h.Set(line.Name, line.Value[:len(line.Value)-n]+string(f.parts[0][len("--"):][:n]))
		default:
			h.Set(line.Name, line.Value)
		}
	}
	return h
}

func (f *Form) size() int64 { return int64(len(f.parts[0]) + len(f.parts[1]) + len(f.parts[2])) }

// body returns a reader of the whole form.
func (f *Form) body() io.ReadCloser {
	f.open.Add(1)
	f.read.Store(0)
	return &body{Form: f, left: slices.Clone(f.parts[:])}
}

func (f *Form) inUse() bool { return f.open.Load() > 0 }

// Read and Close may be called at the same time: if a reply comes before the whole form was sent, net/http closes the
// body while it still reads it.
func (b *body) Read(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return 0, io.ErrClosedPipe
	}
	n, err := b.left.Read(p)
	b.read.Add(int64(n))
	return n, err
}

func (b *body) Close() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.closed {
		b.closed = true
		b.open.Add(-1)
	}
	return nil
}
