package admission

import (
	"cmp"
	"io"
	"net/http"
	"time"
)

const (
	// DefaultMinRate is the rate that an upload must reach, in bytes/s. A receiver on the worst of mobile networks is
	// faster.
	DefaultMinRate = 1 << 10
	// DefaultPatience is over how long that rate is measured.
	DefaultPatience = 10 * time.Second
)

// A reply may take as long as it likes while it keeps moving: each writeStep of bytes extends its deadline by
// writeTimeout.
const (
	writeTimeout = 30 * time.Second
	writeStep    = 64 << 10
)

// MinRateReader reads an upload's body, and demands that it keeps coming: each step of bytes extends the read deadline
// by the patience. While it waits for the network, the upload has no worker. What is read while the upload's audio is
// not being taken in are its fields, which stay in memory and are counted there.
type MinRateReader struct {
	r           io.Reader
	setDeadline func(time.Time) error
	patience    time.Duration
	step        int // bytes
	left        int // until the deadline is extended

	ticket  *Ticket
	isAudio bool
	fields  int64 // bytes of fields that were read
	refused error
}

// NewMinRateReader returns a reader of r that wants rate bytes/s, measured over the patience.
func NewMinRateReader(
	r io.Reader, setDeadline func(time.Time) error, t *Ticket, rate int64, patience time.Duration,
) *MinRateReader {
	return &MinRateReader{
		r: r, setDeadline: setDeadline, ticket: t, patience: patience,
		step: max(int(float64(rate)*patience.Seconds()), 1),
	}
}

// SetAudio says whether what is read from now on is audio, which is counted elsewhere, or fields.
func (m *MinRateReader) SetAudio(isAudio bool) { m.isAudio = isAudio }

// Refused is why reading cannot continue, if that is not the body's fault.
func (m *MinRateReader) Refused() error { return m.refused }

// Read is part of io.Reader.
func (m *MinRateReader) Read(p []byte) (int, error) {
	if m.left <= 0 {
		m.left = m.step
		// Not every connection has deadlines, such as the recorder of a test; the others fail when they are read.
		m.setDeadline(time.Now().Add(m.patience))
	}
	m.ticket.Release()
	n, err := m.r.Read(p)
	m.left -= n
	if !m.isAudio {
		m.fields += int64(n)
		if m.fields > ReadBuffer && !m.ticket.Reserve(m.ticket.memory+int64(n)) {
			m.refused = ErrNoMemory
		}
	}
	if m.refused == nil {
		m.refused = m.ticket.Acquire()
	}
	if m.refused != nil {
		return 0, m.refused // without what has been read, so that nothing is made of it
	}
	return n, err
}

// DeadlineWriter demands that a client keeps taking a reply: each step of it has to be taken within the timeout. It
// hides the connection's own ReadFrom, which would send a whole file under one deadline.
type DeadlineWriter struct {
	http.ResponseWriter

	Timeout time.Duration // for each step; 0 is the default
}

// Unwrap is for http.ResponseController.
func (w DeadlineWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// Write is part of io.Writer.
func (w DeadlineWriter) Write(p []byte) (n int, err error) {
	for {
		step := p[n:min(len(p), n+writeStep)]
		w.Extend()
		done, err := w.ResponseWriter.Write(step)
		n += done
		if err != nil || n == len(p) {
			return n, err
		}
	}
}

// WriteHeader is part of http.ResponseWriter.
func (w DeadlineWriter) WriteHeader(status int) {
	w.Extend() // a reply without a body is sent by this
	w.ResponseWriter.WriteHeader(status)
}

// Extend renews the connection's deadline. Not every connection has deadlines, such as the recorder of a test.
func (w DeadlineWriter) Extend() {
	http.NewResponseController(w.ResponseWriter).SetWriteDeadline(time.Now().Add(cmp.Or(w.Timeout, writeTimeout)))
}
