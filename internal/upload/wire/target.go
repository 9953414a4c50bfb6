package wire

import (
	"crypto/tls"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"rdiostress/internal/address"
	"rdiostress/internal/field"
	"rdiostress/internal/measure"
	"rdiostress/internal/rdio"
	"rdiostress/internal/scenario"
	"rdiostress/internal/upload"
)

// Target is an upload endpoint that is reached over HTTP/1.1 connections of its own. It costs a fraction of what
// upload.HTTPTarget does: each uploader has one connection, sends a call with one system call, shares the audio, and
// does not allocate.
type Target struct {
	clients   [rdio.NumClients]upload.Endpoint
	heads     [rdio.NumClients]head
	head      int           // length of the longest head
	timeout   time.Duration // of one upload
	connect   time.Duration // for opening a connection
	keepAlive bool          // for clients that keep connections
	reuse     bool          // also for the other clients
	forget    bool          // clients keep connections open that they do not use any more, if the real ones do
	held      *upload.Held
	addr      string // host and port
	tls       *tls.Config
	dialer    net.Dialer
	bbr       bool // the system's congestion control paces what is sent
	// address of the target, so that not every connection resolves it
	found   atomic.Pointer[netip.AddrPort]
	opening chan struct{}
	files   audioFiles
	start   time.Time // zero of the times of uploaders and loops
}

// NewTarget returns the scenario's endpoint.
func NewTarget(s *scenario.Scenario, o upload.ConnectOptions) (*Target, error) {
	clients, err := upload.Endpoints(s)
	if err != nil {
		return nil, err
	}
	u := clients[0].URL // they differ in their paths alone
	if strings.IndexFunc(u.Host, func(r rune) bool { return r <= ' ' || r >= 0x7f }) >= 0 {
		return nil, &field.Error{
			Field:   "url",
			Problem: "{url} has a host name beyond ASCII: write it in its xn-- form",
		}
	}
	t := &Target{
		clients: clients, timeout: s.Timeout, connect: o.Connect, keepAlive: o.KeepAlive, reuse: o.Reuse,
		forget: o.RealClients, held: &upload.Held{},
		// Probing an idle peer takes four system calls to set up. The deadline of every upload finds a dead peer too.
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

// Uploader returns a new uploader, for one goroutine. It connects with its first call.
func (t *Target) Uploader() upload.Uploader { return &uploader{target: t, form: t.newDraft()} }

// Close frees what the uploaders share. The uploaders must have been closed.
func (t *Target) Close() {
	t.files.close()
	t.held.Close()
}

// HeldConnections returns how many connections were kept open at once, at most, after their calls were answered.
func (t *Target) HeldConnections() int { return t.held.Most() }

// Endpoint returns where a client sends its calls.
func (t *Target) Endpoint(c rdio.Client) *upload.Endpoint { return &t.clients[c] }

// hide removes the API key from a text.
func (t *Target) hide(text string) string { return t.clients[0].Encoder.Hide(text) }

// once reports whether each call of a client has a connection of its own.
func (t *Target) once(c rdio.Client) bool { return !t.keepAlive || c.OneShot() && !t.reuse }

// clock returns the time since the target was made. It costs half of what time.Now does.
func (t *Target) clock() time.Duration { return time.Since(t.start) }

// maxDigits is the length of the longest Content-Length.
const maxDigits = 19

// draft is memory for an encoded request: room for the longest head, then the multipart form.
type draft struct{ buf []byte }

func (t *Target) newDraft() draft {
	return draft{make([]byte, t.head, max(2560, t.head))} // enough for most calls; there may be thousands of drafts
}

// maxJoined is the size of the largest audio that is copied into the form, which is cheaper than sending it from its
// own memory.
const maxJoined = 4 << 10

// encode encodes the request for a call in f: the head, which ends where the form begins, as its length varies with the
// client and the Content-Length; the form up to the audio; the end of the form.
func (t *Target) encode(f *draft, call *upload.Request, r *transfer) {
	enc, head := t.clients[call.Client].Encoder, &t.heads[call.Client]
	form, split := enc.Append(f.buf[:t.head], &call.Upload)
	body := call.Body
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

// judge sets the class of an upload by the reply, or by the error in place of one. Whole says whether all of the
// request was sent.
func (t *Target) judge(a *upload.Attempt, c rdio.Client, p *replyReader, whole bool, err error) {
	if err != nil && (!p.headed || whole && !upload.TakesCut(c, err)) {
		a.Fail(upload.Classify(err, true), err)
		a.Detail = upload.Short(t.hide(a.Detail))
		if a.Class == measure.Reset && !whole {
			a.Class = measure.Write
		}
		return
	}
	// If a server replies early and closes the connection, its own reply may be cut off, but the status is known.
	a.Status = p.status
	if answer := c.ReadReply(a.Status, p.text(), p.rest); answer != rdio.Imported {
		a.Class = upload.ClassOf(answer)
		if rdio.IsRedirect(a.Status) {
			a.Redirected(&t.clients[c], p.location())
			return
		}
		a.Detail = upload.FirstLine(p.text(), t.clients[c].Encoder)
	}
}
