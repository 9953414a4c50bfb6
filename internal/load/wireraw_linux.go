package load

import (
	"io"

	"golang.org/x/sys/unix"
)

// rawLink is a link without TLS by plain system calls, the fewest that will do: one to send, one to read.
//
// Go's own Read tries first and, as the reply is never there yet, fails, before it waits. So the request is sent from within
// the read, in place of that first try. This loses no reply: what wakes the waiting is reset before the request is sent.
type rawLink struct {
	socket
	files *audioFiles

	// of the exchange under way
	req     *request
	file    *audioFile // holds the audio; nil if that is sent from memory
	sending bool
	p       []byte
	n       int
	err     error

	// made once, since making a function value allocates
	exchangeFunc, pushFunc, pullFunc func(fd uintptr) bool
	vec                              [3][]byte
	msg                              message
}

// newPlainLink returns a link without TLS.
func newPlainLink(s socket, files *audioFiles) link {
	l := &rawLink{socket: s, files: files}
	l.exchangeFunc, l.pushFunc, l.pullFunc = l.pushAndPull, l.push, l.pull
	return l
}

func (l *rawLink) exchange(r *request, p []byte) (int, error) {
	l.req, l.p, l.n, l.err, l.sending = r, p, 0, nil, true
	l.file = nil
	if len(r.parts[1]) >= minFile {
		l.file = l.files.find(r.parts[1])
	}
	err := l.raw.Read(l.exchangeFunc)
	switch {
	case err != nil:
		return 0, err
	case !l.sending:
		return l.n, l.err
	case l.err != unix.EAGAIN:
		return afterWrite(l, p, l.err)
	default:
		return l.goOn(p)
	}
}

// goOn sends the rest of a request that the kernel could not take at once.
func (l *rawLink) goOn(p []byte) (int, error) {
	l.tcp.SetWriteDeadline(l.start.Add(l.clock() + stall))
	err := l.raw.Write(l.pushFunc)
	if isTimeout(err) {
		early := l.readEarly(l.tcp, p)
		l.raw.Write(l.pushFunc)
		first := <-early
		l.expiry = 0
		return first.n, first.err
	}
	if err == nil {
		err = l.err
	}
	return afterWrite(l, p, err)
}

// pushAndPull sends the request, and when it has, reads. It is called again each time that there may be something to read.
func (l *rawLink) pushAndPull(fd uintptr) bool {
	if !l.sending {
		return l.pull(fd)
	}
	if l.push(fd); l.err != nil {
		return true
	}
	l.sending = false
	return false
}

// push sends as much as the kernel takes, and is false if that was not all.
func (l *rawLink) push(fd uintptr) bool {
	r := l.req
	for r.sent < r.size {
		n, err := l.pushSome(int(fd))
		r.sent += max(n, 0)
		if err != nil && err != unix.EINTR {
			l.err = err
			return err != unix.EAGAIN
		}
	}
	if l.file != nil {
		l.cork(int(fd), 0)
	}
	l.err = nil
	r.wrote = l.clock()
	return true
}

// cork keeps the kernel from sending the head and the end of the form in packets of their own. A failure costs no more than
// these packets.
func (l *rawLink) cork(fd, on int) { unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_CORK, on) }

func (l *rawLink) pushSome(fd int) (int, error) {
	r := l.req
	audio := len(r.parts[0])
	end := audio + len(r.parts[1])
	switch {
	case l.file == nil || r.sent >= end:
		l.msg.set(r.rest(l.vec[:0]))
		return l.msg.send(fd, 0)
	case r.sent < audio:
		if r.sent == 0 {
			l.cork(fd, 1)
		}
		l.vec[0] = r.parts[0][r.sent:]
		l.msg.set(l.vec[:1])
		return l.msg.send(fd, 0)
	default:
		at := int64(r.sent - audio)
		return unix.Sendfile(fd, l.file.fd, &at, end-r.sent)
	}
}

// Read reads on in the reply.
func (l *rawLink) Read(p []byte) (int, error) {
	l.p, l.n, l.err = p, 0, nil
	if err := l.raw.Read(l.pullFunc); err != nil {
		return 0, err
	}
	return l.n, l.err
}

// pull reads what is there, and is false if nothing is.
func (l *rawLink) pull(fd uintptr) bool {
	n, err := receive(int(fd), l.p)
	for err == unix.EINTR {
		n, err = receive(int(fd), l.p)
	}
	switch {
	case err == unix.EAGAIN:
		return false
	case err == nil && n == 0:
		err = io.EOF
	}
	l.n, l.err = max(n, 0), err
	return true
}
