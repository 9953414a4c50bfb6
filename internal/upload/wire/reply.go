package wire

import (
	"bytes"
	"errors"
	"io"
	"strconv"
	"time"

	"rdiostress/internal/upload"
)

// replyReader reads replies as HTTP/1.1 has them, one after the other, without allocating. It takes what there is and asks for
// more, so that nobody has to wait in it.
//
// It is our own since the known one without allocations, fasthttp's, wants the whole head in the connection's buffer, so that
// replies with long headers would need a larger one for each of thousands of connections; and it takes a body that is over
// its limit for an error, though its first line is all that matters here.
type replyReader struct {
	buf  [upload.MaxReplyBytes]byte // what was received
	r, w int                        // buf[r:w] is not used yet
	left int                        // bytes that the reply may still have
	at   replyPart
	framing
	size int64 // bytes left of the body or the chunk
	skip bool  // the rest of a line that is longer than buf

	status int
	headed bool          // status and headers are complete
	closes bool          // the connection ends with this reply
	keep   time.Duration // how long the server keeps an idle connection; 0 if it does not say
	body   [maxTextBytes]byte
	kept   int // bytes in body, the reply's first
}

// replyPart is a part of a reply.
type replyPart uint8

const (
	statusLine replyPart = iota
	headers
	sizedBody
	openBody // ends with the connection
	chunkSize
	chunkBody
	chunkEnd
	trailers
	replyEnd
)

// maxTextBytes is how much of a reply's body is kept: what decides stands in its first line.
const maxTextBytes = 512

// framing is how the end of a reply's body is found.
type framing struct {
	minor   byte  // of HTTP/1.x
	length  int64 // Content-Length; -1 without
	coded   bool  // there is a Transfer-Encoding
	chunked bool  // and "chunked" is its last
	close   bool  // Connection: close
	persist bool  // Connection: keep-alive
}

// errMore says that the reply goes on in what is still to be received.
var errMore = errors.New("more to receive")

// text is the beginning of the reply's body.
func (p *replyReader) text() []byte { return p.body[:p.kept] }

// reset forgets the last reply.
func (p *replyReader) reset() {
	p.r, p.w, p.left = 0, 0, upload.MaxReplyBytes+upload.MaxDiscardBytes
	p.at, p.framing, p.size, p.skip = statusLine, framing{length: -1}, 0, false
	p.status, p.headed, p.closes, p.keep, p.kept = 0, false, false, 0, 0
}

// final tells whether the reply that counts has begun: interim replies only announce it, and the server reads on after them.
func (p *replyReader) final() bool { return p.status >= 200 || p.status == 101 }

// room is where the next bytes are to be received, behind those that are not used yet. There is some after errMore.
func (p *replyReader) room() []byte {
	if p.w == len(p.buf) {
		p.w = copy(p.buf[:], p.buf[p.r:p.w])
		p.r = 0
	}
	return p.buf[p.w:]
}

// read reads one reply, whose first n bytes are in p.buf, the rest in src, and tells whether it came to read that.
func (p *replyReader) read(src io.Reader, n int) (more bool, err error) {
	for err = p.feed(n); err == errMore; err = p.feed(n) {
		more = true
		if n, err = src.Read(p.room()); n == 0 && err == io.EOF {
			return more, p.end()
		} else if n == 0 && err != nil {
			return more, err
		}
	}
	return more, err
}

// feed takes in n more bytes, received where there was room. It returns errMore if they do not complete the reply.
func (p *replyReader) feed(n int) error {
	p.w += n
	p.left -= max(n, 1) // so that a source of nothing ends too
	err := p.parse()
	switch {
	case err == errMore && p.left <= 0 && p.headed:
		p.closes = true // longer than anybody wants to know
		return nil
	case err == errMore && p.left <= 0:
		return upload.MalformedError("its headers do not end")
	case err == nil && p.r < p.w:
		p.closes = true // more than was announced: where the next reply begins is anybody's guess
	}
	return err
}

// end takes in that the connection has ended.
func (p *replyReader) end() error {
	if p.at == openBody {
		return nil
	}
	return io.ErrUnexpectedEOF
}

// parse goes as far into the reply as it was received.
func (p *replyReader) parse() (err error) {
	for err == nil && p.at != replyEnd {
		switch p.at {
		case sizedBody, openBody, chunkBody:
			err = p.readBody()
		default:
			var line []byte
			if line, err = p.line(); err == nil {
				err = p.take(line)
			}
		}
	}
	return err
}

// take takes in a line of the reply.
func (p *replyReader) take(line []byte) (err error) {
	switch p.at {
	case statusLine:
		p.minor, p.status, err = parseStatus(line)
		p.at = headers
	case headers:
		if len(line) == 0 {
			p.endHead()
			return nil
		}
		return p.takeHeader(line)
	case chunkSize:
		size, _, _ := bytes.Cut(line, []byte(";"))
		n, ok := parseHex(trim(size))
		if !ok {
			return upload.MalformedError("bad chunk: " + quote(line))
		}
		p.at, p.size = chunkBody, n
		if n == 0 {
			p.at = trailers
		}
	case chunkEnd:
		if len(line) > 0 {
			return upload.MalformedError("chunk longer than its size: " + quote(line))
		}
		p.at = chunkSize
	case trailers:
		if len(line) == 0 {
			p.at = replyEnd
		}
	}
	return err
}

// takeHeader takes in a line of the head.
func (p *replyReader) takeHeader(line []byte) error {
	if line[0] == ' ' || line[0] == '\t' {
		return nil // the rest of a folded header, none of which that matter here are long
	}
	colon := 0
	for colon < len(line) && line[colon] > ' ' && line[colon] != ':' {
		colon++
	}
	if colon == 0 || colon == len(line) || line[colon] != ':' {
		return upload.MalformedError("not a header: " + quote(line))
	}
	return p.header(line[:colon], line[colon+1:])
}

// endHead says what comes after the headers.
func (p *replyReader) endHead() {
	if p.status < 200 && p.status != 101 { // interim replies announce the one that counts
		p.at, p.framing = statusLine, framing{length: -1}
		return
	}
	p.headed = true
	p.closes = p.close || p.minor == 0 && !p.persist || p.coded && p.length >= 0
	switch {
	case p.status == 101:
		p.closes = true // to a protocol that nobody asked for
		p.at = replyEnd
	case p.status == 204 || p.status == 304:
		p.at = replyEnd
	case p.chunked:
		p.at = chunkSize
	case p.length >= 0 && !p.coded:
		p.at, p.size = sizedBody, p.length
	default:
		p.closes = true
		p.at = openBody
	}
}

func parseStatus(line []byte) (minor byte, status int, err error) {
	const version = "HTTP/1.x "
	if len(line) < len(version)+3 || string(line[:7]) != version[:7] || line[8] != ' ' || !isDigit(line[7]) ||
		len(line) > len(version)+3 && line[len(version)+3] != ' ' {
		return 0, 0, upload.MalformedError("not HTTP: " + quote(line))
	}
	for _, c := range line[len(version) : len(version)+3] {
		if !isDigit(c) {
			return 0, 0, upload.MalformedError("no status: " + quote(line))
		}
		status = 10*status + int(c-'0')
	}
	if status < 100 {
		return 0, 0, upload.MalformedError("no status: " + quote(line))
	}
	return line[7] - '0', status, nil
}

// header takes in a header that bears on where the reply ends and what becomes of the connection.
func (p *replyReader) header(name, value []byte) error {
	f := &p.framing
	switch {
	case is(name, "content-length"):
		n, ok := parseDecimal(trim(value))
		if !ok || f.length >= 0 && f.length != n {
			return upload.MalformedError("bad Content-Length: " + quote(value))
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

// readBody reads what there is of the body, of which it keeps the beginning.
func (p *replyReader) readBody() error {
	part := p.buf[p.r:p.w]
	if p.at != openBody {
		part = part[:min(p.size, int64(len(part)))]
		p.size -= int64(len(part))
	}
	p.kept += copy(p.body[p.kept:], part)
	p.r += len(part)
	switch {
	case p.at == openBody || p.size > 0:
		return errMore
	case p.at == chunkBody:
		p.at = chunkEnd
	default:
		p.at = replyEnd
	}
	return nil
}

// line reads a line and returns it without its end, valid until the next read. Of a long one it returns the beginning.
func (p *replyReader) line() ([]byte, error) {
	i := bytes.IndexByte(p.buf[p.r:p.w], '\n')
	line := p.buf[p.r:p.w]
	switch {
	case i < 0 && p.skip:
		p.r = p.w
		return nil, errMore
	case i < 0 && len(line) < len(p.buf):
		return nil, errMore
	case i < 0:
		p.r, p.skip = p.w, true
		return line, nil
	}
	p.r += i + 1
	if p.skip {
		p.skip = false
		return p.line()
	}
	return trimCR(line[:i]), nil
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

// quote shows a line of a reply in an error. It is whole: who tells the error hides the key in it, and cuts it after that.
func quote(line []byte) string { return strconv.Quote(upload.WholeLine(line)) }
