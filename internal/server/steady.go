package server

import (
	"io"
	"net/http"
	"time"
)

// A request or a reply may take as long as it likes while it keeps moving: each stepBytes buy it another stepTimeout.
const (
	stepTimeout = 30 * time.Second
	stepBytes   = 64 << 10
)

// steadyReader demands that a body keeps coming: it moves the connection's deadline on as long as it does.
type steadyReader struct {
	r        io.Reader
	deadline func(time.Time) error
	left     int // bytes until the deadline is moved on
}

func (s *steadyReader) Read(p []byte) (int, error) {
	if s.left <= 0 {
		s.left = stepBytes
		// Not every connection has deadlines, such as the recorder of a test; the others fail when they are read.
		s.deadline(time.Now().Add(stepTimeout))
	}
	n, err := s.r.Read(p)
	s.left -= n
	return n, err
}

// steadyWriter demands that a client keeps taking a reply: each step of it has to be taken within the timeout. It hides the
// connection's own ReadFrom, which would send a whole file under one deadline.
type steadyWriter struct{ http.ResponseWriter }

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
	http.NewResponseController(s.ResponseWriter).SetWriteDeadline(time.Now().Add(stepTimeout))
}
