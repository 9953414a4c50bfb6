package wire

import (
	"bufio"
	"crypto/tls"
	"net"
	"time"

	"rdiostress/internal/upload"
)

// streamLink is a link on package net, which works everywhere, and with TLS.
type streamLink struct {
	socket
	tls  *tls.Conn
	out  *bufio.Writer // collects a TLS record; nil without TLS
	vec  [3][]byte
	bufs net.Buffers // what is still to be written, in vec

	// of the current exchange; nil during the handshake
	req   *transfer
	reply []byte
	early <-chan firstRead // result of reading the reply while sending; nil if that has not begun
}

// maxRecord is the size of a full TLS record.
const maxRecord = 16 << 10

// newTLSLink returns a link whose handshake is still to be made.
func newTLSLink(s socket, config *tls.Config) *streamLink {
	l := &streamLink{socket: s}
	l.tls = tls.Client(stallConn{s.tcp, l}, config)
	l.out = bufio.NewWriterSize(l.tls, maxRecord)
	return l
}

func (l *streamLink) exchange(r *transfer, p []byte) (int, error) {
	l.req, l.reply, l.early = r, p, nil
	err := l.send()
	if err == nil {
		r.sent, r.wrote = r.size, l.clock()
	} else {
		r.sent = min(r.sent, r.size-1) // TLS has counted its own bytes too
	}
	if l.early != nil {
		l.expiry = 0 // the write deadline was changed
		first := <-l.early
		return first.n, first.err
	}
	return afterWrite(l, p, err)
}

func (l *streamLink) send() error {
	l.bufs = l.req.rest(l.vec[:0])
	if l.tls == nil {
		return l.writePatiently(func() (int, error) { n, err := l.bufs.WriteTo(l.tcp); return int(n), err })
	}
	for _, b := range l.bufs {
		if _, err := l.out.Write(b); err != nil {
			l.out.Reset(l.tls)
			return err
		}
	}
	return l.out.Flush()
}

// writePatiently writes the rest of the request. If that stalls, it reads the reply meanwhile.
func (l *streamLink) writePatiently(write func() (int, error)) error {
	if l.early == nil {
		l.tcp.SetWriteDeadline(time.Now().Add(stall))
	}
	n, err := write()
	l.req.sent += n
	if l.early == nil && upload.IsTimeout(err) {
		l.early = l.readEarly(l, l.reply)
		n, err = write()
		l.req.sent += n
	}
	return err
}

func (l *streamLink) Read(p []byte) (int, error) {
	if l.tls != nil {
		return l.tls.Read(p)
	}
	return l.tcp.Read(p)
}

// stallConn is the connection that TLS writes to. TLS cannot continue after a write that has exceeded a deadline, so
// stallConn hides stalls.
type stallConn struct {
	*net.TCPConn
	link *streamLink
}

func (c stallConn) Write(b []byte) (n int, err error) {
	if c.link.req == nil {
		return c.TCPConn.Write(b)
	}
	err = c.link.writePatiently(func() (int, error) {
		k, err := c.TCPConn.Write(b[n:])
		n += k
		return k, err
	})
	return n, err
}
