package wire

import (
	"bytes"
	"errors"
	"io"
	"time"

	"rdiostress/internal/rdio"
	"rdiostress/internal/upload"
)

// replyReader parses HTTP/1.1 replies, one after the other, without allocating. It takes what has arrived and asks for
// more, so that nothing waits inside it.
//
// It replaces the parser of fasthttp, which does not allocate either but needs the whole head in the buffer of the
// connection, so that replies with long headers would need larger buffers for thousands of connections. That parser
// also needs a limit for bodies, while here a body may have any length: its beginning is kept, and the rest searched.
type replyReader struct {
	buf  [upload.MaxReplyBytes]byte // received bytes
	r, w int                        // buf[r:w] is unread
	left int                        // how many more bytes the head may have
	at   replyPart
	framing
	size int64 // bytes left of the body or the chunk
	skip bool  // the rest of a line that is longer than buf is dropped

	status int
	headed bool          // status and headers are complete
	closes bool          // the connection ends with this reply
	keep   time.Duration // how long the server keeps an idle connection; 0 if unknown
	body   [maxTextBytes]byte
	kept   int               // number of bytes in body, the first ones of the reply's body
	rest   rdio.PhraseFinder // of the reply's body, once it is longer than that
	// Of a redirect, body has the Location instead.
	located bool

	reading rdio.Reading // how much of the reply its client reads
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

const (
	// maxTextBytes is how much of a reply's body is kept.
	maxTextBytes = 512
	// maxHeadBytes is how long the head of a reply may be, with those of interim replies before it.
	maxHeadBytes = 65 << 10
)

// framing says how to find the end of a reply's body.
type framing struct {
	minor   byte  // of HTTP/1.x
	length  int64 // Content-Length, or -1
	coded   bool  // has a Transfer-Encoding
	chunked bool  // whose last coding is "chunked"
	close   bool  // Connection: close
	persist bool  // Connection: keep-alive
}

// errMore means that more of the reply must be received.
var errMore = errors.New("more to receive")

// text returns the beginning of the reply's body.
func (p *replyReader) text() []byte { return p.body[:p.kept] }

// location returns the Location of a redirect, or the beginning of one that is too long to be any.
func (p *replyReader) location() string {
	if !p.located {
		return ""
	}
	return string(p.text())
}

// reset prepares for the next reply, of which a client reads so much.
func (p *replyReader) reset(reading rdio.Reading) {
	p.r, p.w, p.left, p.reading, p.rest = 0, 0, maxHeadBytes, reading, rdio.PhraseFinder{}
	p.at, p.framing, p.size, p.skip = statusLine, framing{length: -1}, 0, false
	p.status, p.headed, p.closes, p.keep, p.kept, p.located = 0, false, false, 0, 0, false
}

// final reports whether the final reply has begun. Before it, interim replies may come, after which the server reads
// on.
func (p *replyReader) final() bool { return p.status >= 200 || p.status == 101 }

// room returns the memory for the next bytes. It is not empty after errMore.
func (p *replyReader) room() []byte {
	if p.w == len(p.buf) {
		p.w = copy(p.buf[:], p.buf[p.r:p.w])
		p.r = 0
	}
	return p.buf[p.w:]
}

// read reads one reply, of which n bytes are in p.buf and the rest comes from src. It reports whether it had to read
// more.
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

// feed parses n more bytes, which were received into room. It returns errMore if they do not complete the reply.
func (p *replyReader) feed(n int) error {
	p.w += n
	err := p.parse()
	if !p.headed {
		p.left -= max(n, 1) // a source that returns nothing must end too
	}
	switch {
	case err == errMore && p.headed && upload.HeadSuffices(p.reading, p.status):
		p.closes = true
		return nil
	case err == errMore && p.left <= 0:
		return upload.MalformedError("its headers do not end")
	case err == nil && p.r < p.w:
		p.closes = true // more than was announced: the next reply could begin anywhere
	}
	return err
}

// end handles the end of the connection.
func (p *replyReader) end() error {
	if p.at == openBody {
		return nil
	}
	return io.ErrUnexpectedEOF
}

// parse parses the reply as far as it has arrived.
func (p *replyReader) parse() (err error) {
	for err == nil && p.at != replyEnd {
		switch p.at {
		case sizedBody, openBody, chunkBody:
			err = p.readBody()
		default:
			var line []byte
			if line, err = p.line(); err == nil {
				err = p.parseLine(line)
			}
		}
	}
	return err
}

// parseLine parses a line of the reply.
func (p *replyReader) parseLine(line []byte) (err error) {
	switch p.at {
	case statusLine:
		p.minor, p.status, err = parseStatus(line)
		p.at = headers
	case headers:
		if len(line) == 0 {
			p.endHead()
			return nil
		}
		return p.parseHeaderLine(line)
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

// parseHeaderLine parses a line of the head.
func (p *replyReader) parseHeaderLine(line []byte) error {
	if line[0] == ' ' || line[0] == '\t' {
		return nil // continuation of a folded header; none of the headers that matter are long
	}
	colon := 0
	for colon < len(line) && line[colon] > ' ' && line[colon] != ':' {
		colon++
	}
	if colon == 0 || colon == len(line) || line[colon] != ':' {
		return upload.MalformedError("not a header: " + quote(line))
	}
	return p.parseHeader(line[:colon], line[colon+1:])
}

// endHead decides what follows the headers.
func (p *replyReader) endHead() {
	if p.status < 200 && p.status != 101 { // an interim reply; the final one follows
		p.at, p.framing = statusLine, framing{length: -1}
		return
	}
	p.headed = true
	p.closes = p.close || p.minor == 0 && !p.persist || p.coded && p.length >= 0
	switch {
	case p.status == 101:
		p.closes = true // to a protocol that was not asked for
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

// parseHeader parses a header if it tells where the reply ends or what becomes of the connection.
func (p *replyReader) parseHeader(name, value []byte) error {
	f := &p.framing
	switch {
	case equalsLower(name, "content-length"):
		n, ok := parseDecimal(trim(value))
		if !ok || f.length >= 0 && f.length != n {
			return upload.MalformedError("bad Content-Length: " + quote(value))
		}
		f.length = n
	case equalsLower(name, "transfer-encoding") && f.minor == 0:
		f.close = true // HTTP/1.0 has none
	case equalsLower(name, "transfer-encoding"):
		f.coded = true
		for token, rest := nextToken(value); token != nil; token, rest = nextToken(rest) {
			f.chunked = equalsLower(token, "chunked")
		}
	case equalsLower(name, "connection"):
		for token, rest := nextToken(value); token != nil; token, rest = nextToken(rest) {
			f.close = f.close || equalsLower(token, "close")
			f.persist = f.persist || equalsLower(token, "keep-alive")
		}
	case equalsLower(name, "location"):
		if rdio.IsRedirect(p.status) {
			p.located, p.kept = true, copy(p.body[:], trim(value))
		}
	case equalsLower(name, "keep-alive"):
		for token, rest := nextToken(value); token != nil; token, rest = nextToken(rest) {
			key, seconds, _ := bytes.Cut(token, []byte("="))
			if n, ok := parseDecimal(trim(seconds)); ok && n < 1e6 && equalsLower(trim(key), "timeout") {
				p.keep = time.Duration(n) * time.Second
			}
		}
	}
	return nil
}

// readBody reads the available part of the body and keeps its beginning.
func (p *replyReader) readBody() error {
	part := p.buf[p.r:p.w]
	if p.at != openBody {
		part = part[:min(p.size, int64(len(part)))]
		p.size -= int64(len(part))
	}
	p.keepText(part)
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

// keepText keeps a part of the body, if it is in its beginning, or searches it. The body of a redirect says nothing.
func (p *replyReader) keepText(part []byte) {
	if p.located {
		return
	}
	if n := copy(p.body[p.kept:], part); n > 0 {
		if p.kept, part = p.kept+n, part[n:]; p.kept == len(p.body) {
			p.rest.Find(p.body[:]) // a phrase may begin in its end
		}
	}
	if len(part) > 0 {
		p.rest.Find(part)
	}
}

// line returns the next line without its end; it is valid until the next read. Of a long line it returns the beginning.
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
