package server

import (
	"cmp"
	"io"
	"net/http"
	"time"
)

// The defaults of Options that say how slow a client may be.
const (
	// DefaultMinRate is what an upload must keep to, in bytes/s. A receiver on the worst of mobile networks is faster.
	DefaultMinRate = 1 << 10
	// DefaultPatience is over how long that is looked at.
	DefaultPatience = 10 * time.Second
)

// A reply may take as long as it likes while it keeps moving: each stepBytes buy it another stepTimeout.
const (
	stepTimeout = 30 * time.Second
	stepBytes   = 64 << 10
)

// steadyReader is an upload's body. It demands that the body keeps coming: each step of bytes buys it another time of patience. While
// it waits for the network, the upload has no worker. What is read while the upload's audio is not being taken in are its fields,
// which stay in memory and are counted there.
type steadyReader struct {
	r        io.Reader
	deadline func(time.Time) error
	patience time.Duration
	step     int // bytes
	left     int // until the deadline is moved on

	visit   *visit
	isAudio bool
	fields  int64 // bytes read of fields
	refused error // why reading cannot go on, if that is not the body's fault
}

func (s *steadyReader) Read(p []byte) (int, error) {
	if s.left <= 0 {
		s.left = s.step
		// Not every connection has deadlines, such as the recorder of a test; the others fail when they are read.
		s.deadline(time.Now().Add(s.patience))
	}
	s.visit.rest()
	n, err := s.r.Read(p)
	s.left -= n
	if !s.isAudio {
		s.fields += int64(n)
		if s.fields > readBuffer && !s.visit.hold(s.visit.memory+int64(n)) {
			s.refused = errNoMemory
		}
	}
	if s.refused == nil {
		s.refused = s.visit.work()
	}
	if s.refused != nil {
		return 0, s.refused // without what has been read, so that nothing is made of it
	}
	return n, err
}

// steadyWriter demands that a client keeps taking a reply: each step of it has to be taken within the timeout. It hides the
// connection's own ReadFrom, which would send a whole file under one deadline.
type steadyWriter struct {
	http.ResponseWriter

	timeout time.Duration // 0 is stepTimeout
}

// Unwrap is for http.ResponseController.
func (s steadyWriter) Unwrap() http.ResponseWriter { return s.ResponseWriter }

func (s steadyWriter) Write(p []byte) (n int, err error) {
	for {
		step := p[n:min(len(p), n+stepBytes)]
		s.extend()
		done, err := s.ResponseWriter.Write(step)
		n += done
		if err != nil || n == len(p) {
			return n, err
		}
	}
}

func (s steadyWriter) WriteHeader(status int) {
	s.extend() // a reply without a body is sent by this
	s.ResponseWriter.WriteHeader(status)
}

// extend moves the connection's deadline on. Not every connection has deadlines, such as the recorder of a test.
func (s steadyWriter) extend() {
	http.NewResponseController(s.ResponseWriter).SetWriteDeadline(time.Now().Add(cmp.Or(s.timeout, stepTimeout)))
}
