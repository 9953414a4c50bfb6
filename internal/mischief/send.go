package mischief

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"rdiostress/internal/rdio"
	"rdiostress/internal/secret"
	"rdiostress/internal/units"
	"rdiostress/internal/upload"
)

// outcome is how one request ended.
type outcome struct {
	end    end
	status int
	text   string // first line of the answer, or the error
	sent   int64  // bytes of the body sent
	took   time.Duration
	opened bool // a connection was opened
	refuse bool // the connection was refused
}

// answer returns the key of the report's "answers" for an outcome.
func (o *outcome) answer() string {
	switch {
	case o.end == accepted && o.status == http.StatusOK:
		return "accepted"
	case o.status > 0:
		return fmt.Sprint(o.status)
	case o.end == unreachable:
		return "no_connection"
	case o.end == closed, o.end == closedLate:
		return "closed"
	case o.end == timeout:
		return "timeout"
	case o.end == notHTTP:
		return "not_http"
	default:
		return "cut_short"
	}
}

// describe describes how the request ended, as evidence.
func (o *outcome) describe() string {
	answer := o.text
	if o.status > 0 {
		answer = strings.TrimSpace(fmt.Sprintf("%d %s", o.status, o.text))
	}
	took := units.Trim(units.Seconds(o.took.Seconds()))
	return fmt.Sprintf("after %s and %d bytes of the form: %s", took, o.sent, answer)
}

// connection is the connection of one request. Its reader sends one outcome to reply, which the goroutine that ends the
// request receives.
type connection struct {
	net.Conn
	req      request
	reply    chan outcome    // receives the outcome when the server has answered, or no longer can
	stopping <-chan struct{} // closed when mischief must end: slow requests hurry
	started  time.Time
	timeout  time.Duration // for the answer, after the request was sent
	sent     int64
}

// send makes one request and returns its outcome. It takes as long as the request is designed to take, and then at most
// the timeout. It ends when ctx ends.
func (s *sender) send(ctx context.Context, req request) (o outcome) {
	started := time.Now()
	defer func() { o.took = time.Since(started) }()
	conn, err := s.options.Open(ctx, s.url)
	if err != nil {
		return outcome{end: unreachable, text: upload.Describe(err), refuse: upload.IsRefused(err)}
	}
	defer conn.Close()
	c := &connection{
		Conn: conn, req: req, reply: make(chan outcome, 1), stopping: s.stopping, started: started, timeout: s.timeout,
	}
	defer context.AfterFunc(ctx, c.cut)()
	c.allow(ctx, req.over+s.timeout)
	go c.read(s.redactor)
	answer, answered := c.write(ctx)
	if !answered {
		answer = c.wait()
	}
	answer.sent, answer.opened = c.sent, true
	if ctx.Err() != nil && answer.status == 0 {
		answer.end = cutShort
	}
	return answer
}

// allow gives the request so much time from now on, or none any more if ctx has ended: [connection.cut] may have come
// before.
func (c *connection) allow(ctx context.Context, d time.Duration) {
	c.Conn.SetDeadline(time.Now().Add(d))
	if ctx.Err() != nil {
		c.cut()
	}
}

// cut ends the request at once.
func (c *connection) cut() { c.Conn.SetDeadline(time.Unix(1, 0)) }

// write sends the request, and stops when the server answers. It returns the answer if one came.
func (c *connection) write(ctx context.Context) (answer outcome, answered bool) {
	if _, err := io.WriteString(c, c.req.head); err != nil {
		return outcome{}, false
	}
	pieces := max(int(c.req.over/pause), 1)
	size := (len(c.req.body) + pieces - 1) / pieces
	for rest := c.req.body; len(rest) > 0; {
		piece := rest[:min(size, len(rest))]
		rest = rest[len(piece):]
		if answer, answered = c.writePiece(piece); answered {
			return answer, true
		}
		if len(rest) > 0 {
			answer, answered = c.pausePiece(ctx, &size, len(rest))
		}
		if answered {
			return answer, true
		}
	}
	if answer, answered = c.flood(); answered {
		return answer, true
	}
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok && c.req.hangUp {
		_ = half.CloseWrite()
	}
	return outcome{}, false
}

// pause is how long a slow client waits between two pieces.
const pause = 250 * time.Millisecond

// pausePiece waits between two pieces. When mischief must end, the rest becomes one piece.
func (c *connection) pausePiece(ctx context.Context, size *int, rest int) (answer outcome, answered bool) {
	select {
	case <-c.stopping:
		*size = rest
		c.allow(ctx, c.timeout)
		return outcome{}, false
	case answer = <-c.reply:
		return answer, true
	case <-time.After(pause):
		return outcome{}, false
	}
}

// writePiece sends a piece of the body. An error does not end the request: the server may have answered before it
// stopped reading.
func (c *connection) writePiece(piece []byte) (answer outcome, answered bool) {
	n, err := c.Conn.Write(piece)
	c.sent += int64(n)
	if err != nil {
		return <-c.reply, true
	}
	return outcome{}, false
}

// flood sends audio until the server answers or has read more than any call has.
func (c *connection) flood() (answer outcome, answered bool) {
	block := bytes.Repeat([]byte{0x55}, 64<<10)
	for left := c.req.fill; left > 0; left -= int64(len(block)) {
		if answer, answered = c.writePiece(block); answered {
			return answer, true
		}
		select {
		case answer = <-c.reply:
			return answer, true
		case <-c.stopping:
			return c.giveUp(), true
		default:
		}
	}
	if c.req.fill > 0 {
		answer = c.giveUp()
		answer.end, answer.text = unlimited, "it went on reading"
		return answer, true
	}
	return outcome{}, false
}

// wait waits for the answer.
func (c *connection) wait() outcome {
	if !c.req.hold {
		return <-c.reply
	}
	select {
	case o := <-c.reply:
		return o
	case <-c.stopping:
		return c.giveUp()
	}
}

// giveUp ends the request before it has an answer.
func (c *connection) giveUp() outcome {
	c.Conn.Close()
	<-c.reply
	return outcome{end: cutShort, text: "cut short by the end of the run"}
}

// mostReply is how many bytes of an answer are read.
const mostReply = 4 << 10

// read reads the answer and sends it to c.reply.
func (c *connection) read(hidden *secret.Redactor) {
	r := bufio.NewReader(c.Conn)
	for {
		if _, err := r.Peek(1); err != nil {
			c.reply <- c.classifyError(err)
			return
		}
		resp, err := http.ReadResponse(r, &http.Request{Method: http.MethodPost})
		if err != nil {
			c.reply <- c.badAnswer(err)
			return
		}
		if resp.StatusCode >= 100 && resp.StatusCode < 200 && resp.StatusCode != http.StatusSwitchingProtocols {
			continue
		}
		body, _ := io.ReadAll(io.LimitReader(resp.Body, mostReply)) // the part that came is enough
		c.reply <- outcome{end: endOf(resp.StatusCode, body), status: resp.StatusCode, text: firstLine(body, hidden)}
		return
	}
}

// classifyError returns the outcome of a request without a byte of an answer.
func (c *connection) classifyError(err error) outcome {
	switch {
	case upload.IsTimeout(err):
		return outcome{end: timeout, text: "no answer"}
	case time.Since(c.started) >= c.req.patience:
		return outcome{end: closedLate, text: "connection closed without an answer"}
	default:
		return outcome{end: closed, text: "connection closed without an answer"}
	}
}

// badAnswer returns the outcome of a request whose answer has no complete head.
func (c *connection) badAnswer(err error) outcome {
	if upload.IsTimeout(err) || errors.Is(err, io.ErrUnexpectedEOF) {
		return c.classifyError(err)
	}
	return outcome{end: notHTTP, text: "an answer that is not HTTP"}
}

// endOf returns the end that an answer means.
func endOf(status int, body []byte) end {
	switch {
	case rdio.ReadReply(status, body) == rdio.Imported, status > http.StatusOK && status < 300:
		return accepted
	case status == http.StatusOK:
		return refused
	case status == http.StatusTooManyRequests,
		status == http.StatusServiceUnavailable,
		status == http.StatusInsufficientStorage:
		return busy
	case status >= 400 && status < 500:
		return refused
	case status >= 500 && status < 600:
		return serverError
	default:
		return odd
	}
}

// firstLine returns the first line of an answer: short, printable and without the key.
func firstLine(body []byte, hidden *secret.Redactor) string {
	text := strings.ToValidUTF8(string(bytes.TrimSpace(body)), "")
	text, _, _ = strings.Cut(text, "\n")
	text = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return -1
		}
		return r
	}, text)
	text = hidden.Hide(text) // before it is truncated
	const most = 100
	if runes := []rune(text); len(runes) > most {
		text = string(runes[:most]) + "…"
	}
	return text
}
