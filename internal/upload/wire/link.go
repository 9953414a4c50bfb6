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
	// exchange sends a request and reads the first bytes of the reply into p. The transfer records how much of the
	// request was sent. If the reply comes before all of it is sent, sending stops, and the link cannot be used again.
	// The same holds after an error.
	exchange(r *transfer, p []byte) (int, error)
	// Read reads more of the reply.
	io.Reader
	// expire makes exchange and Read fail at a time, or up to slack later.
	expire(at, slack time.Duration)
	// stale reports whether the server has closed the connection, or has sent something that is no reply.
	stale() bool
	Close() error
}

// transfer is a request while it is sent.
type transfer struct {
	parts [3][]byte     // head and form up to the audio; audio; end of the form
	head  int           // length of the head
	size  int           // length of the whole request
	sent  int           // bytes that the kernel has taken
	began time.Duration // when sending began
	wrote time.Duration // when the kernel took the last byte
}

// body returns how many bytes of the form were sent.
func (r *transfer) body() int64 { return int64(max(0, r.sent-r.head)) }

// bodySize returns the length of the whole form.
func (r *transfer) bodySize() int64 { return int64(r.size - r.head) }

// rest appends the parts that are still to be sent to dst.
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

// socket is the TCP connection of a link.
type socket struct {
	tcp    *net.TCPConn
	raw    syscall.RawConn
	start  time.Time     // zero of the times
	expiry time.Duration // the read deadline
	probe  prober
}

func newSocket(tcp *net.TCPConn, start time.Time) (socket, error) {
	raw, err := tcp.SyscallConn()
	return socket{tcp: tcp, raw: raw, start: start}, err
}

func (s *socket) clock() time.Duration { return time.Since(s.start) }

// expire sets the read deadline. As that costs about as much as reading the clock twice, a deadline in the allowed
// range is kept.
func (s *socket) expire(at, slack time.Duration) {
	if s.expiry < at || s.expiry > at+slack {
		s.expiry = at + slack
		s.tcp.SetReadDeadline(s.start.Add(s.expiry))
	}
}

func (s *socket) Close() error { return s.tcp.Close() }

// stall is how long a write waits for the server to take more before the reply is read early.
const stall = 20 * time.Millisecond

// firstRead is the result of reading the beginning of a reply.
type firstRead struct {
	n   int
	err error
}

// readEarly reads the beginning of the reply into p while the request is still being sent, for servers that reply
// before they have read the whole request and then stop reading. A reply that is not interim makes sending fail. The
// caller must wait for the result. This takes a goroutine, but only for uploads that stall.
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

// interim reports whether what has arrived of a reply consists of interim replies, after which the server reads on.
func interim(p []byte) bool {
	const status = len("HTTP/1.1 ")
	for len(p) > status {
		if p[status] != '1' || bytes.HasPrefix(p[status:], []byte("101")) {
			return false
		}
		_, rest, ended := bytes.Cut(p, []byte("\r\n\r\n"))
		if !ended {
			return !bytes.Contains(p, []byte("\n\n")) // other line ends are left to the reader
		}
		p = rest
	}
	return true
}

// afterWrite reads the beginning of the reply after the request was sent, or could not be: the server may have replied
// before it closed the connection.
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
