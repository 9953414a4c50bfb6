package wire

import (
	"net/netip"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"rdiostress/internal/upload"
)

// conn is one connection of a loop, with the upload under way on it.
type conn struct {
	index      int32
	to         *server
	generation int32 // of the file descriptor, to tell events of a closed one from those of the next one
	fd         int   // -1 without a connection
	state      connState
	unread     bool          // it is in the loop's unread
	lost       bool          // the server has closed it, or has sent something that is no reply
	keep       time.Duration // how long the server keeps it when idle; 0 if unknown
	idle       time.Duration // since when it is idle

	call        *upload.Request
	req         transfer
	dialing     netip.AddrPort // what it is connected to, or was last
	by          time.Duration  // deadline of the upload
	asked       time.Duration  // since when it waits to be opened
	first       time.Duration  // when the reply began; negative before that
	connected   time.Duration  // how long connecting took; negative if it was connected before
	opened      bool           // it was opened for this upload
	reconnected bool           // because the server had closed the one before

	file *audioFile // file with the audio; nil if the audio is sent from memory
	rest *rest      // nil if it was never needed
}

type connState uint8

const (
	idle       connState = iota
	queueing             // until fewer connections are being opened
	connecting           // by the loop, or by a goroutine of its own
	sending
	receiving
)

// rest is a connection's own memory, for a request that cannot be sent at once or a reply that comes in parts.
type rest struct {
	form  []byte // rest of the request without the audio
	kept  bool   // the rest of the request is in form
	reply replyReader
	begun bool // the beginning of the reply is in reply
}

// hangUp is the set of events that tell that a connection is closed, or will be.
const hangUp = unix.EPOLLRDHUP | unix.EPOLLHUP | unix.EPOLLERR

func readable(events uint32) bool { return events&(hangUp|unix.EPOLLIN) != 0 }

// handle handles the events of a connection. Event is their index in the batch that was received.
func (l *Loop) handle(c *conn, event int, events uint32) {
	hungUp := events&hangUp != 0
	readable := readable(events)
	if c.state == connecting {
		l.connect(c)
	}
	if readable && (c.state == sending || c.state == receiving) { // while sending, it is an early reply
		l.receive(c, event, nil)
		readable = hungUp // the reply was all that could be read
	}
	if c.state == sending && events&unix.EPOLLOUT != 0 {
		l.sendRest(c, false)
	}
	if readable && c.state == idle && c.fd >= 0 {
		l.drop(c)
		c.lost = true
	}
}

// drop closes the connection.
func (l *Loop) drop(c *conn) {
	if c.fd >= 0 {
		unix.Close(c.fd)
		c.fd = -1
		c.generation++
	}
}

// expire ends an upload that has exceeded its deadline.
func (l *Loop) expire(c *conn) {
	if c.state == connecting {
		c.to.found.Store(nil)
		l.openFailed(c, os.ErrDeadlineExceeded)
		return
	}
	l.end(c, l.replyOf(c), os.ErrDeadlineExceeded, l.target.clock())
}

// layOut encodes the request of a connection's upload, to be sent next.
func (l *Loop) layOut(c *conn, f *draft) {
	t := c.to
	t.encode(f, c.call, &c.req)
	if c.file = nil; len(c.call.Body) >= minFile {
		c.file = t.files.find(c.call.Body)
	}
	l.by[c.index] = c.by
	c.state = sending
	if c.rest != nil {
		c.rest.kept, c.rest.begun = false, false
	}
}

// send starts to send the request that is laid out.
func (l *Loop) send(c *conn, kept bool, now time.Duration) {
	c.req.began = now
	l.sendRest(c, kept)
}

// sendRest sends as much of the request as the kernel takes. The rest is kept.
//
// The server may have closed a kept connection at the same moment. The call is sent again only if nothing of it was
// sent: a POST that may have been received must not be repeated (RFC 9110, 9.2.2).
func (l *Loop) sendRest(c *conn, kept bool) {
	err := l.msg.send(c.fd, &c.req, c.file)
	l.sentRest(c, kept, err, l.target.clock())
}

// sentRest continues after a part of the request was sent.
func (l *Loop) sentRest(c *conn, kept bool, err error, now time.Duration) {
	switch {
	case err == nil:
		c.req.wrote = now
		c.state = receiving
	case err == unix.EAGAIN:
		c.keepRequest()
	case kept && c.req.sent == 0 && upload.IsReset(err):
		l.drop(c)
		c.reconnected = true
		l.open(c, now)
	case upload.IsReset(err):
		l.receive(c, noEvent, err)
	default:
		l.end(c, l.replyOf(c), err, now)
	}
}

// ownRest returns the connection's own memory.
func (c *conn) ownRest() *rest {
	if c.rest == nil {
		c.rest = &rest{}
	}
	return c.rest
}

// keepRequest copies the rest of the request into the connection's own memory.
func (c *conn) keepRequest() {
	r, p := c.ownRest(), &c.req.parts
	if r.kept {
		return
	}
	r.kept = true
	r.form = append(append(r.form[:0], p[0]...), p[2]...)
	p[0], p[2] = r.form[:len(p[0])], r.form[len(p[0]):]
}

// keepReply keeps the beginning of the reply.
func (c *conn) keepReply(p *replyReader) {
	if r := c.ownRest(); !r.begun {
		r.begun, r.reply = true, *p
	}
	if p.final() {
		c.state = receiving // no more of the request is sent
	}
}

// replyOf returns the reader of the reply to the upload.
func (l *Loop) replyOf(c *conn) *replyReader {
	if c.rest != nil && c.rest.begun {
		return &c.rest.reply
	}
	l.reply.reset(c.call.Client.Reads())
	return &l.reply
}

// receive reads what has arrived of the reply; event is the index of the event, or noEvent. Unsent is the error of a
// request that could not be sent: the server may have replied before it closed the connection.
func (l *Loop) receive(c *conn, event int, unsent error) {
	p := l.replyOf(c)
	for got := 0; ; event = noEvent {
		if got >= maxReceived && unsent == nil {
			c.keepReply(p)
			if !c.unread {
				c.unread = true
				l.unread = append(l.unread, c)
			}
			return
		}
		n, at, err := l.receiveSome(c, event, p.room())
		got += max(n, 0)
		switch {
		case err == unix.EINTR:
			continue
		case n <= 0 && unsent != nil:
			err = unsent
		case err == unix.EAGAIN && c.first < 0:
			return
		case err == unix.EAGAIN:
			err = errMore
		case err == nil && n == 0:
			err = p.end()
		case err == nil:
			if c.first < 0 {
				c.first = at
			}
			if err = p.feed(n); err == errMore {
				continue
			}
		}
		if err == errMore {
			c.keepReply(p)
			return
		}
		now := c.first
		if p != &l.reply || now < 0 {
			now = l.target.clock()
		}
		l.end(c, p, err, now)
		return
	}
}

// maxReceived is how much is received of a reply before the loop turns to its other connections.
const maxReceived = 64 << 10

// receiveUnread goes on with the replies of which more could be received.
func (l *Loop) receiveUnread() {
	n := len(l.unread) // receiving appends to it
	for _, c := range l.unread[:n] {
		if c.unread = false; c.state == sending || c.state == receiving {
			l.receive(c, noEvent, nil)
		}
	}
	l.unread = l.unread[:copy(l.unread, l.unread[n:])]
}

// noEvent stands for the index of an event if there is none.
const noEvent = -1

// receiveSome receives what has arrived, or takes what the batch has received with an event, and returns when that was.
func (l *Loop) receiveSome(c *conn, event int, room []byte) (n int, at time.Duration, err error) {
	if event != noEvent {
		if n, err, ok := l.uring.received(event, room); ok {
			return n, l.uring.at, err
		}
	}
	n, err = receive(c.fd, room)
	return n, l.target.clock(), err
}
