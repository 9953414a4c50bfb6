package wire

import (
	"bytes"
	"io"
	"net"
	"syscall"
	"time"

	"rdiostress/internal/upload"
)

// link is an open connection to the target, used by one goroutine.
type link interface {
	// exchange sends a request and reads the first bytes of the reply into p. The request tells how much of it was
	// sent. A reply can come before all of it is, and then no more is sent: the link is of no further use after that,
	// nor after an error.
	exchange(r *transfer, p []byte) (int, error)
	// Read reads on in the reply.
	io.Reader
	// expire makes exchange and Read fail at a time, or later by up to slack.
	expire(at, slack time.Duration)
	// stale tells whether the server has closed the connection, or has said something unasked.
	stale() bool
	Close() error
}

// request is one upload on its way.
type transfer struct {
	parts [3][]byte     // the head and the form up to its audio; the audio; the form's end
	head  int           // bytes of the request's head
	size  int           // bytes in all
	sent  int           // bytes handed to the kernel
	began time.Duration // when it was begun to be sent
	wrote time.Duration // when the last byte was handed to the kernel
}

// body is how much of the form was sent.
func (r *transfer) body() int64 { return int64(max(0, r.sent-r.head)) }

// rest appends what is still to be sent to dst.
func (r *transfer) rest(dst [][]byte) [][]byte {
	skip := r.sent
	for _, p := range r.parts {
		if skip < len(p) {
			dst = append(dst, p[skip:])
		}
		skip = max(0, skip-len(p))
	}
	return dst
}

// socket is the TCP connection under a link.
type socket struct {
	tcp    *net.TCPConn
	raw    syscall.RawConn
	start  time.Time     // what times count from
	expiry time.Duration // read deadline that is set
	probe  prober
}

func newSocket(tcp *net.TCPConn, start time.Time) (socket, error) {
	raw, err := tcp.SyscallConn()
	return socket{tcp: tcp, raw: raw, start: start}, err
}

func (s *socket) clock() time.Duration { return time.Since(s.start) }

// expire sets the read deadline, which every upload waits under at last. Setting one costs about as much as two
// readings of the clock, so one that is late enough already, and not too late, stays.
func (s *socket) expire(at, slack time.Duration) {
	if s.expiry < at || s.expiry > at+slack {
		s.expiry = at + slack
		s.tcp.SetReadDeadline(s.start.Add(s.expiry))
	}
}

func (s *socket) Close() error { return s.tcp.Close() }

// stall is how long a write may wait for the server to take more before the reply is looked for.
const stall = 20 * time.Millisecond

// firstRead is what came of reading the beginning of a reply.
type firstRead struct {
	n   int
	err error
}

// readEarly reads the beginning of the reply into p while the request is still being sent, for a server that answers
// before it has the whole request and reads no further. When something comes that is no interim reply, it makes the
// sending fail. The result must be waited for. It costs a goroutine, but only uploads that stall pay.
func (s *socket) readEarly(r io.Reader, p []byte) <-chan firstRead {
	s.tcp.SetWriteDeadline(s.start.Add(s.expiry))
	result := make(chan firstRead, 1)
	go func() {
		n, err := r.Read(p)
		for err == nil && n < len(p) && interim(p[:n]) {
			var more int
			more, err = r.Read(p[n:])
			n += more
		}
		s.tcp.SetWriteDeadline(time.Unix(1, 0))
		result <- firstRead{n, err}
	}()
	return result
}

// interim tells whether a reply, as far as it has come, is made of interim ones alone, after which the server reads on.
func interim(p []byte) bool {
	const status = len("HTTP/1.1 ")
	for len(p) > status {
		if p[status] != '1' || bytes.HasPrefix(p[status:], []byte("101")) {
			return false
		}
		_, rest, ended := bytes.Cut(p, []byte("\r\n\r\n"))
		if !ended {
			return !bytes.Contains(p, []byte("\n\n")) // lines that end in another way are the reader's business
		}
		p = rest
	}
	return true
}

// afterWrite reads the beginning of the reply when the request has been sent, or as much as could be. The server may
// have replied before it closed the connection.
func afterWrite(r io.Reader, p []byte, err error) (int, error) {
	if err != nil && !upload.IsReset(err) {
		return 0, err
	}
	n, readErr := r.Read(p)
	switch {
	case n > 0:
		return n, nil
	case err != nil:
		return 0, err
	default:
		return 0, readErr
	}
}
