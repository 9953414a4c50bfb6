package load

import (
	"bytes"
	"errors"
	"io"
	"strconv"
	"time"
)

// replyReader reads replies as HTTP/1.1 has them, one after the other, without allocating.
//
// It is our own since the known one without allocations, fasthttp's, wants the whole head in the connection's buffer, so that
// replies with long headers would need a larger one for each of thousands of connections; and it takes a body that is over
// its limit for an error, though its first line is all that matters here.
type replyReader struct {
	src   io.Reader
	buf   [maxReplyBytes]byte // what was read from src
	r, w  int                 // buf[r:w] is not used yet
	reads int                 // from src, for this reply
	left  int                 // bytes that the reply may still have

	status int
	headed bool          // status and headers are complete
	closes bool          // the connection ends with this reply
	keep   time.Duration // how long the server keeps an idle connection; 0 if it does not say
	body   [maxTextBytes]byte
	kept   int // bytes in body, the reply's first
}

// maxTextBytes is how much of a reply's body is kept: what decides stands in its first line.
const maxTextBytes = 512

// malformedError says in what way a reply is not HTTP.
type malformedError string

func (e malformedError) Error() string { return "malformed reply: " + string(e) }

// framing is how the end of a reply's body is found.
type framing struct {
	minor   byte  // of HTTP/1.x
	length  int64 // Content-Length; -1 without
	coded   bool  // there is a Transfer-Encoding
	chunked bool  // and "chunked" is its last
	close   bool  // Connection: close
	persist bool  // Connection: keep-alive
}

// errLong ends the reading of a body that is longer than anybody wants to know.
var errLong = errors.New("long reply")

// text is the beginning of the reply's body.
func (p *replyReader) text() []byte { return p.body[:p.kept] }

// reset forgets the last reply.
func (p *replyReader) reset() {
	p.reads, p.left = 0, maxReplyBytes+maxDiscardBytes
	p.status, p.headed, p.closes, p.keep, p.kept = 0, false, false, 0, 0
}

// read reads one reply, whose first n bytes are in p.buf, the rest in src.
func (p *replyReader) read(src io.Reader, n int) error {
	p.src, p.r, p.w = src, 0, n
	p.left -= n
	f, err := p.readHead()
	for err == nil && p.status < 200 && p.status != 101 { // interim replies announce the one that counts
		f, err = p.readHead()
	}
	if err == nil {
		p.headed = true
		p.closes = f.close || f.minor == 0 && !f.persist || f.coded && f.length >= 0
		err = p.readBody(f)
	}
	p.src = nil
	switch {
	case err == errLong && p.headed:
		p.closes = true
		return nil
	case err == errLong:
		return malformedError("its headers do not end")
	case err == nil && p.r < p.w:
		p.closes = true // more than was announced: where the next reply begins is anybody's guess
	}
	return err
}

// readHead reads a status line and the headers.
func (p *replyReader) readHead() (f framing, err error) {
	f.length = -1
	line, err := p.line()
	if err != nil {
		return f, err
	}
	if f.minor, p.status, err = parseStatus(line); err != nil {
		return f, err
	}
	for {
		line, err = p.line()
		if err != nil || len(line) == 0 {
			return f, err
		}
		if line[0] == ' ' || line[0] == '\t' {
			continue // the rest of a folded header, none of which that matter here are long
		}
		colon := 0
		for colon < len(line) && line[colon] > ' ' && line[colon] != ':' {
			colon++
		}
		if colon == 0 || colon == len(line) || line[colon] != ':' {
			return f, malformedError("not a header: " + quote(line))
		}
		if err = p.header(&f, line[:colon], line[colon+1:]); err != nil {
			return f, err
		}
	}
}

func parseStatus(line []byte) (minor byte, status int, err error) {
	const version = "HTTP/1.x "
	if len(line) < len(version)+3 || string(line[:7]) != version[:7] || line[8] != ' ' || !isDigit(line[7]) ||
		len(line) > len(version)+3 && line[len(version)+3] != ' ' {
		return 0, 0, malformedError("not HTTP: " + quote(line))
	}
	for _, c := range line[len(version) : len(version)+3] {
		if !isDigit(c) {
			return 0, 0, malformedError("no status: " + quote(line))
		}
		status = 10*status + int(c-'0')
	}
	if status < 100 {
		return 0, 0, malformedError("no status: " + quote(line))
	}
	return line[7] - '0', status, nil
}

// header takes in a header that bears on where the reply ends and what becomes of the connection.
func (p *replyReader) header(f *framing, name, value []byte) error {
	switch {
	case is(name, "content-length"):
		n, ok := parseDecimal(trim(value))
		if !ok || f.length >= 0 && f.length != n {
			return malformedError("bad Content-Length: " + quote(value))
		}
		f.length = n
	case is(name, "transfer-encoding") && f.minor == 0:
		f.close = true // HTTP/1.0 has none
	case is(name, "transfer-encoding"):
		f.coded = true
		for token, rest := nextToken(value); token != nil; token, rest = nextToken(rest) {
			f.chunked = is(token, "chunked")
		}
	case is(name, "connection"):
		for token, rest := nextToken(value); token != nil; token, rest = nextToken(rest) {
			f.close = f.close || is(token, "close")
			f.persist = f.persist || is(token, "keep-alive")
		}
	case is(name, "keep-alive"):
		for token, rest := nextToken(value); token != nil; token, rest = nextToken(rest) {
			key, seconds, _ := bytes.Cut(token, []byte("="))
			if n, ok := parseDecimal(trim(seconds)); ok && n < 1e6 && is(trim(key), "timeout") {
				p.keep = time.Duration(n) * time.Second
			}
		}
	}
	return nil
}

// readBody reads the body, of which it keeps the beginning.
func (p *replyReader) readBody(f framing) error {
	switch {
	case p.status == 101:
		p.closes = true // to a protocol that nobody asked for
		return nil
	case p.status == 204 || p.status == 304:
		return nil
	case f.chunked:
		return p.readChunks()
	case f.length >= 0 && !f.coded:
		return p.readBytes(f.length)
	}
	p.closes = true
	for {
		if err := p.readBytes(int64(p.w - p.r)); err != nil {
			return err
		}
		if err := p.fill(); err != nil {
			if err == io.ErrUnexpectedEOF {
				return nil // the end of the connection is the end of the body
			}
			return err
		}
	}
}

func (p *replyReader) readChunks() error {
	for {
		line, err := p.line()
		if err != nil {
			return err
		}
		size, _, _ := bytes.Cut(line, []byte(";"))
		n, ok := parseHex(trim(size))
		switch {
		case !ok:
			return malformedError("bad chunk: " + quote(line))
		case n == 0:
			return p.skipTrailers()
		}
		if err := p.readBytes(n); err != nil {
			return err
		}
		if line, err = p.line(); err != nil {
			return err
		} else if len(line) > 0 {
			return malformedError("chunk longer than its size: " + quote(line))
		}
	}
}

func (p *replyReader) skipTrailers() error {
	for {
		if line, err := p.line(); err != nil || len(line) == 0 {
			return err
		}
	}
}

// readBytes reads n bytes of the body.
func (p *replyReader) readBytes(n int64) error {
	for n > 0 {
		if p.r == p.w {
			if err := p.fill(); err != nil {
				return err
			}
		}
		part := p.buf[p.r : p.r+int(min(n, int64(p.w-p.r)))]
		p.kept += copy(p.body[p.kept:], part)
		p.r += len(part)
		n -= int64(len(part))
	}
	return nil
}

// line reads a line and returns it without its end, valid until the next read. Of a long one it returns the beginning.
func (p *replyReader) line() ([]byte, error) {
	for seen := 0; ; {
		if i := bytes.IndexByte(p.buf[p.r+seen:p.w], '\n'); i >= 0 {
			line := p.buf[p.r : p.r+seen+i]
			p.r += len(line) + 1
			return trimCR(line), nil
		}
		if seen = p.w - p.r; seen == len(p.buf) {
			return p.longLine()
		}
		if err := p.fill(); err != nil {
			return nil, err
		}
	}
}

// longLine reads the rest of a line that fills the buffer, through the buffer's second half.
func (p *replyReader) longLine() ([]byte, error) {
	const half = maxReplyBytes / 2
	for {
		p.r, p.w = half, half
		if err := p.fill(); err != nil {
			return nil, err
		}
		if i := bytes.IndexByte(p.buf[p.r:p.w], '\n'); i >= 0 {
			p.r += i + 1
			return p.buf[:half], nil
		}
	}
}

// fill reads more into the buffer, behind what is not used yet.
func (p *replyReader) fill() error {
	if p.left <= 0 {
		return errLong
	}
	if p.w == len(p.buf) {
		p.w = copy(p.buf[:], p.buf[p.r:p.w])
		p.r = 0
	}
	n, err := p.src.Read(p.buf[p.w:])
	p.reads++
	p.w += n
	p.left -= max(n, 1) // so that a source of nothing ends too
	switch {
	case n > 0:
		return nil
	case err == io.EOF:
		return io.ErrUnexpectedEOF
	default:
		return err
	}
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// is tells whether a name is the given one, in lower case, by the ASCII letters alone.
func is(name []byte, lower string) bool {
	if len(name) != len(lower) {
		return false
	}
	for i, c := range name {
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		if c != lower[i] {
			return false
		}
	}
	return true
}

// nextToken cuts the first token off a list with commas between; it is nil at the end.
func nextToken(list []byte) (token, rest []byte) {
	for len(list) > 0 {
		token, list, _ = bytes.Cut(list, []byte(","))
		if token = trim(token); len(token) > 0 {
			return token, list
		}
	}
	return nil, nil
}

func parseDecimal(b []byte) (n int64, ok bool) {
	for _, c := range b {
		if !isDigit(c) || n > 1e17 {
			return 0, false
		}
		n = 10*n + int64(c-'0')
	}
	return n, len(b) > 0
}

func parseHex(b []byte) (n int64, ok bool) {
	for _, c := range b {
		var digit byte
		switch {
		case isDigit(c):
			digit = c - '0'
		case 'a' <= c|0x20 && c|0x20 <= 'f':
			digit = c | 0x20 - 'a' + 10
		default:
			return 0, false
		}
		if n >= 1<<58 {
			return 0, false
		}
		n = n<<4 | int64(digit)
	}
	return n, len(b) > 0
}

func trim(b []byte) []byte {
	for len(b) > 0 && (b[0] == ' ' || b[0] == '\t') {
		b = b[1:]
	}
	for len(b) > 0 && (b[len(b)-1] == ' ' || b[len(b)-1] == '\t') {
		b = b[:len(b)-1]
	}
	return b
}

func trimCR(line []byte) []byte {
	if n := len(line); n > 0 && line[n-1] == '\r' {
		return line[:n-1]
	}
	return line
}

// quote shows a line of a reply in an error.
func quote(line []byte) string { return strconv.Quote(firstLine(line)) }
