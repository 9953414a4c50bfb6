package wire

import (
	"crypto/tls"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"rdiostress/internal/address"
	"rdiostress/internal/measure"
	"rdiostress/internal/rdio"
	"rdiostress/internal/scenario"
	"rdiostress/internal/upload"
)

// WireTarget is an upload endpoint that is spoken to in HTTP/1.1 over connections of our own. It costs a fraction of what
// HTTPTarget does: each uploader owns one connection and uses it from its own goroutine, sends a call with one system call,
// shares the audio, and allocates nothing once it runs.
type Target struct {
	clients   [rdio.NumClients]upload.Endpoint
	heads     [rdio.NumClients]head
	head      int           // the room that the longest of them takes
	timeout   time.Duration // of one upload
	connect   time.Duration // of opening a connection
	keepAlive bool          // for clients that do so
	reuse     bool          // for those too that do not
	addr      string        // host and port
	tls       *tls.Config
	dialer    net.Dialer
	bbr       bool                           // the system paces what is sent
	found     atomic.Pointer[netip.AddrPort] // where addr was found, so that it is looked up once and not by every connection
	opening   chan struct{}
	files     audioFiles
	start     time.Time // what the uploaders' clocks count from
}

// NewWireTarget returns the scenario's endpoint.
func NewTarget(s *scenario.Scenario, o upload.ConnectOptions) (*Target, error) {
	clients, err := upload.Endpoints(s)
	if err != nil {
		return nil, err
	}
	u := clients[0].URL // they differ in their path alone
	if strings.IndexFunc(u.Host, func(r rune) bool { return r <= ' ' || r >= 0x7f }) >= 0 {
		return nil, fmt.Errorf("--url has a host name beyond ASCII: write it in its xn-- form")
	}
	t := &Target{
		clients: clients, timeout: s.Timeout, connect: o.Connect, keepAlive: o.KeepAlive, reuse: o.Reuse,
		// Probing an idle peer takes four system calls to set up; every upload has a deadline, which finds a dead one too.
		dialer:  net.Dialer{KeepAlive: -1},
		opening: make(chan struct{}, maxOpening),
		bbr:     systemUsesBBR(),
		start:   time.Now(),
	}
	t.dialer.Control = t.control
	if t.connect == 0 {
		t.connect = upload.DefaultConnectTimeout
	}
	for i := range clients {
		t.heads[i] = newHead(&clients[i])
		t.head = max(t.head, t.heads[i].room())
	}
	t.addr = address.HostPort(u)
	if other, ok := o.Resolve[t.addr]; ok {
		t.addr = other
	}
	if u.Scheme == "https" {
		t.tls = upload.TLSConfig(o.TLS, u.Hostname())
	}
	return t, nil
}

// Uploader returns an uploader of its own for one goroutine. It connects with its first call.
func (t *Target) Uploader() upload.Uploader { return &uploader{target: t, form: t.newDraft()} }

// Close frees what the uploaders shared. They must have been closed.
func (t *Target) Close() { t.files.close() }

// hide takes the key out of a text.
func (t *Target) hide(text string) string { return t.clients[0].Encoder.Hide(text) }

// once tells whether a client's call goes over a connection of its own.
func (t *Target) once(c rdio.Client) bool { return !t.keepAlive || c.OneShot() && !t.reuse }

// clock is the time since the target was made. Reading it costs half of what time.Now does.
func (t *Target) clock() time.Duration { return time.Since(t.start) }

// maxDigits is what the longest Content-Length takes.
const maxDigits = 19

// draft is memory that requests are laid out in, one at a time: room for the longest head, then the multipart form.
type draft struct{ buf []byte }

func (t *Target) newDraft() draft {
	return draft{make([]byte, t.head, max(2560, t.head))} // enough for most calls, and there may be thousands of these
}

// maxJoined is the size of audio up to which it is copied into the form: that takes less than sending it from where it is.
const maxJoined = 4 << 10

// encode lays out the request for a call in f: its head, which ends where the room for it does, as its length varies with the client
// and the Content-Length in it; the form up to its audio's body; the form's end.
func (t *Target) encode(f *draft, s *upload.Request, r *transfer) {
	enc, head := t.clients[s.Client].Encoder, &t.heads[s.Client]
	form, split := enc.Append(f.buf[:t.head], &s.Upload)
	body := s.Body
	if len(body) <= maxJoined {
		form, body = slices.Insert(form, split, body...), nil
		split = len(form)
	}
	f.buf = form
	at := t.head - len(head.after)
	copy(form[at:], head.after)
	copy(form[at+head.boundary:], form[t.head+len("--"):][:enc.BoundaryLen()])
	var digits [maxDigits]byte
	length := strconv.AppendInt(digits[:0], int64(len(form)-t.head+len(body)), 10)
	at -= len(length)
	copy(form[at:], length)
	at -= len(head.before)
	copy(form[at:], head.before)
	*r = transfer{
		parts: [3][]byte{form[at:split], body, form[split:]},
		head:  t.head - at,
		size:  len(form) - at + len(body),
	}
}

// judge says how an upload ended, by the reply to its client or by the error in place of one, given whether all of it was sent.
func (t *Target) judge(a *upload.Attempt, c rdio.Client, p *replyReader, whole bool, err error) {
	if err != nil && (whole || !p.headed) {
		a.Fail(upload.Classify(err, true), err)
		a.Detail = upload.Short(t.hide(a.Detail))
		if a.Class == measure.Reset && !whole {
			a.Class = measure.Write
		}
		return
	}
	// A server that replies early and closes the connection may cut off its own reply; the status is known all the same.
	a.Status = p.status
	if answer := c.ReadReply(a.Status, p.text()); answer != rdio.Imported {
		a.Class = upload.ClassOf(answer)
		a.Detail = upload.FirstLine(p.text(), t.clients[c].Encoder)
	}
}
