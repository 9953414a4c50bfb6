package admission

import (
	"cmp"
	"io"
	"net/http"
	"time"
)

const (
	// DefaultMinRate is the minimum rate of an upload in bytes/s. Even a receiver on a very slow mobile network is
	// faster.
	DefaultMinRate = 1 << 10
	// DefaultPatience is the period over which the rate is measured.
	DefaultPatience = 10 * time.Second
)

// A reply may take any time while it makes progress: each writeStep bytes extend its deadline by writeTimeout.
const (
	writeTimeout = 30 * time.Second
	writeStep    = 64 << 10
)

// MinRateReader reads an upload's body and requires a minimum rate: each step of bytes extends the read deadline by the
// patience. While it waits for the network, the upload holds no worker. Bytes that are not audio are form fields; they
// stay in memory and are counted there.
type MinRateReader struct {
	r           io.Reader
	setDeadline func(time.Time) error
	patience    time.Duration
	step        int // bytes
	left        int // bytes until the deadline is extended

	ticket  *Ticket
	isAudio bool
	fields  int64 // bytes of fields read so far
	refused error
}

// NewMinRateReader returns a reader of r that requires rate bytes/s, measured over the patience.
func NewMinRateReader(
	r io.Reader, setDeadline func(time.Time) error, t *Ticket, rate int64, patience time.Duration,
) *MinRateReader {
	return &MinRateReader{
		r: r, setDeadline: setDeadline, ticket: t, patience: patience,
		step: max(int(float64(rate)*patience.Seconds()), 1),
	}
}

// SetAudio sets whether the next bytes are audio, which is counted elsewhere, or fields.
func (m *MinRateReader) SetAudio(isAudio bool) { m.isAudio = isAudio }

// Refused returns why reading cannot continue, if the body is not the cause.
func (m *MinRateReader) Refused() error { return m.refused }

// Read implements io.Reader.
func (m *MinRateReader) Read(p []byte) (int, error) {
	if m.left <= 0 {
		m.left = m.step
		// Some connections have no deadlines, such as a test's recorder; the others fail when they are read.
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
		return 0, m.refused // drops what was read, so that nobody uses it
	}
	return n, err
}

// DeadlineWriter requires a client to keep reading its reply: the client must take each step within the timeout. It
// hides the connection's own ReadFrom, which would send a whole file under one deadline.
type DeadlineWriter struct {
	http.ResponseWriter

	Timeout time.Duration // for each step; 0 means the default
}

// Unwrap returns the wrapped writer for http.ResponseController.
func (w DeadlineWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// Write implements io.Writer.
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

// WriteHeader implements http.ResponseWriter.
func (w DeadlineWriter) WriteHeader(status int) {
	w.Extend() // sends a reply that has no body
	w.ResponseWriter.WriteHeader(status)
}

// Extend renews the connection's deadline. Some connections have no deadlines, such as a test's recorder.
func (w DeadlineWriter) Extend() {
	http.NewResponseController(w.ResponseWriter).SetWriteDeadline(time.Now().Add(cmp.Or(w.Timeout, writeTimeout)))
}
