package load

import (
	"crypto/tls"
	"encoding/base64"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"rdiostress/internal/measure"
	"rdiostress/internal/rdio"
)

// WireTarget is an upload endpoint that is spoken to in HTTP/1.1 over connections of our own. It costs a fraction of what
// HTTPTarget does: each uploader owns one connection and uses it from its own goroutine, sends a call with one system call,
// shares the audio, and allocates nothing once it runs.
type WireTarget struct {
	enc       *rdio.Encoder
	timeout   time.Duration // of one upload
	connect   time.Duration // of opening a connection
	keepAlive bool
	request   [2]string // the request's head before and after its Content-Length
	addr      string    // host and port
	tls       *tls.Config
	dialer    net.Dialer
	found     atomic.Pointer[netip.AddrPort] // where addr was found, so that it is looked up once and not by every connection
	opening   chan struct{}
	files     audioFiles
	start     time.Time // what the uploaders' clocks count from
}

// NewWireTarget returns the scenario's endpoint.
func NewWireTarget(s *Scenario, o ConnectOptions) (*WireTarget, error) {
	u, err := uploadURL(s.URL)
	if err != nil {
		return nil, err
	}
	if strings.IndexFunc(u.Host, func(r rune) bool { return r <= ' ' || r >= 0x7f }) >= 0 {
		return nil, fmt.Errorf("--url has a host name beyond ASCII: write it in its xn-- form")
	}
	t := &WireTarget{
		enc: rdio.NewEncoder(s.Key), timeout: s.Timeout, connect: o.Connect, keepAlive: o.KeepAlive,
		// Probing an idle peer takes four system calls to set up; every upload has a deadline, which finds a dead one too.
		dialer:  net.Dialer{KeepAlive: -1},
		opening: make(chan struct{}, maxOpening),
		start:   time.Now(),
	}
	if t.connect == 0 {
		t.connect = connectTimeout
	}
	t.request = requestHead(u, t.enc.ContentType())
	port := u.Port()
	switch {
	case port != "":
	case u.Scheme == "https":
		port = "443"
	default:
		port = "80"
	}
	t.addr = net.JoinHostPort(u.Hostname(), port)
	if other, ok := o.Resolve[t.addr]; ok {
		t.addr = other
	}
	if u.Scheme == "https" {
		t.tls = tlsConfig(o.TLS, u.Hostname())
	}
	return t, nil
}

// tlsConfig is the client's side of a connection to host.
func tlsConfig(given *tls.Config, host string) *tls.Config {
	c := given.Clone() // nil if given is
	if c == nil {
		c = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	if c.ServerName == "" {
		c.ServerName = host
	}
	c.NextProtos = []string{"http/1.1"}
	// Small first records make the first bytes readable sooner, which helps nobody here and costs a system call each.
	c.DynamicRecordSizingDisabled = true
	return c
}

// requestHead is all that a request to u has before its form, cut in two where the form's length belongs.
func requestHead(u *url.URL, contentType string) [2]string {
	host := u.Host
	if i, j := strings.IndexByte(host, '%'), strings.IndexByte(host, ']'); 0 <= i && i < j {
		host = host[:i] + host[j:] // an IPv6 zone means nothing to anybody else
	}
	var b strings.Builder
	b.WriteString("\r\nHost: " + host + "\r\nContent-Type: " + contentType + "\r\nUser-Agent: " + rdio.UserAgent + "\r\n")
	if u.User != nil {
		password, _ := u.User.Password()
		b.WriteString("Authorization: Basic " + base64.StdEncoding.EncodeToString([]byte(u.User.Username()+":"+password)) + "\r\n")
	}
	b.WriteString("\r\n")
	return [2]string{"POST " + u.RequestURI() + " HTTP/1.1\r\nContent-Length: ", b.String()}
}

// Uploader returns an uploader of its own for one goroutine. It connects with its first call.
func (t *WireTarget) Uploader() Uploader { return &wireUploader{target: t, form: t.newDraft()} }

// Close frees what the uploaders shared. They must have been closed.
func (t *WireTarget) Close() { t.files.close() }

// clock is the time since the target was made. Reading it costs half of what time.Now does.
func (t *WireTarget) clock() time.Duration { return time.Since(t.start) }

// maxDigits is what the longest Content-Length takes.
const maxDigits = 19

// draft is memory that requests are laid out in, one at a time.
type draft struct {
	buf  []byte
	head int // where in it the multipart form begins
}

func (t *WireTarget) newDraft() draft {
	buf := make([]byte, len(t.request[0])+maxDigits, 1536) // enough for most calls, and there may be thousands of these
	buf = append(buf, t.request[1]...)
	return draft{buf, len(buf)}
}

// maxJoined is the size of audio up to which it is copied into the form: that takes less than sending it from where it is.
const maxJoined = 4 << 10

// encode lays out the request for a call in f: room for the request line, whose length varies with the Content-Length at its
// end; the other headers, which are always the same and stay; the form up to its audio's body; the form's end.
func (t *WireTarget) encode(f *draft, s *Slip, r *request) {
	form, split := t.enc.Append(f.buf[:f.head], &s.Upload)
	body := s.Body
	if len(body) <= maxJoined {
		form, body = slices.Insert(form, split, body...), nil
		split = len(form)
	}
	f.buf = form
	var digits [maxDigits]byte
	length := strconv.AppendInt(digits[:0], int64(len(form)-f.head+len(body)), 10)
	at := f.head - len(t.request[1]) - len(length)
	copy(form[at:], length)
	at -= len(t.request[0])
	copy(form[at:], t.request[0])
	*r = request{
		parts: [3][]byte{form[at:split], body, form[split:]},
		head:  f.head - at,
		size:  len(form) - at + len(body),
	}
}

// judge says how an upload ended, by its reply or by the error in place of one, given whether all of it was sent.
func (t *WireTarget) judge(a *Attempt, p *replyReader, whole bool, err error) {
	if err != nil && (whole || !p.headed) {
		a.fail(classify(err, true), err)
		a.Detail = t.enc.Hide(a.Detail)
		if a.Class == measure.Reset && !whole {
			a.Class = measure.Write
		}
		return
	}
	// A server that replies early and closes the connection may cut off its own reply; the status is known all the same.
	a.Status = p.status
	if answer := rdio.ReadReply(a.Status, p.text()); answer != rdio.Imported {
		a.Class = classOf(answer)
		a.Detail = t.enc.Hide(firstLine(p.text()))
	}
}
