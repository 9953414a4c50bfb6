package rdio

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/quotedprintable"
	"net/textproto"
	"path/filepath"
	"strings"
	"unicode"
)

// parts reads a multipart body part by part, and takes for one what mime/multipart's Reader does. It is here for what
// that costs: a buffer and a header map for each part are most of what a small upload takes to read. A part's head as
// clients write it is read in place; any other is left to the standard library.
type parts struct {
	r     *bufio.Reader
	delim []byte // a line break and dash: "\r\n--boundary", or "\n--boundary" if the first line ends so
	dash  []byte // the end of delim, from "--" on

	started bool // a part has been found
	before  int  // how much may still come before a part's content
	head    []byte

	fresh bool  // nothing of the part's content has been read
	ready int   // how much of it comes next in r, buffered
	end   error // why there is no more behind that: io.EOF, or what broke
}

// partHead is what the form needs of a part's head.
type partHead struct {
	name string // "" without one, or where the part is no form data
	file string // without folders
	kind string // its Content-Type

	coding string // its Content-Transfer-Encoding
}

// errParts says that a body is not laid out as a multipart one, and no more: its own text stays out of errors.
var errParts = errors.New("neither a part nor the end where one is due")

func newParts(body io.Reader, boundary string) *parts {
	r, ok := body.(*bufio.Reader)
	if !ok {
		r = bufio.NewReaderSize(body, 8<<10)
	}
	delim := []byte("\r\n--" + boundary)
	return &parts{r: r, delim: delim, dash: delim[2:], end: io.EOF}
}

// next goes on to the next part, whose content Read then reads. It fails with io.EOF after the last, and with
// io.ErrUnexpectedEOF if the body ends before that.
func (p *parts) next() (partHead, error) {
	if p.ready > 0 || p.end == nil { // not all has been read
		io.Copy(io.Discard, p) // what breaks it is in end
	}
	if p.end != io.EOF {
		return partHead{}, p.end
	}
	p.before = MaxPartHeader
	for isBroken := false; ; isBroken = true {
		line, err := p.line()
		if (err == nil || err == io.EOF) && p.isLast(line) {
			return partHead{}, io.EOF
		}
		switch {
		case err != nil:
			return partHead{}, unexpected(err)
		case p.isDelimiter(line):
			p.started, p.fresh, p.ready, p.end = true, true, 0, nil
			p.before = MaxPartHeader + len("\r\n") // the empty line does not count
			return p.readHead()
		case !p.started: // what comes before the first part means nothing
		case isBroken || !bytes.Equal(line, p.lineBreak()): // the one between the content and the boundary
			return partHead{}, errParts
		}
	}
}

// line reads a line of what comes before a part's content. It is valid until r is read again.
func (p *parts) line() ([]byte, error) {
	line, err := p.r.ReadSlice('\n')
	if p.before -= len(line); p.before < 0 {
		return nil, errPartHeader
	}
	return line, err
}

func (p *parts) lineBreak() []byte { return p.delim[:len(p.delim)-len(p.dash)] }

// isDelimiter tells the line before a part. The first one shows how lines end.
func (p *parts) isDelimiter(line []byte) bool {
	rest, ok := bytes.CutPrefix(line, p.dash)
	if !ok {
		return false
	}
	rest = bytes.TrimLeft(rest, " \t")
	if !p.started && string(rest) == "\n" {
		p.delim = p.delim[len(p.delim)-len(p.dash)-1:]
	}
	return bytes.Equal(rest, p.lineBreak())
}

// isLast tells the line after the last part, which may lack its end.
func (p *parts) isLast(line []byte) bool {
	rest, ok := bytes.CutPrefix(line, p.dash)
	if ok {
		rest, ok = bytes.CutPrefix(rest, []byte("--"))
	}
	rest = bytes.TrimLeft(rest, " \t")
	return ok && (len(rest) == 0 || bytes.Equal(rest, p.lineBreak()))
}

// unexpected is a reading error where the body may not end.
func unexpected(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}

// Read reads the content of the part.
func (p *parts) Read(b []byte) (int, error) {
	for p.ready == 0 {
		if p.end != nil {
			return 0, p.end
		}
		p.peek()
	}
	n, _ := p.r.Read(b[:min(len(b), p.ready)]) // out of the buffer
	p.ready -= n
	p.fresh = p.fresh && n == 0
	return n, nil
}

// peek finds out how much of what is buffered is content, and has more buffered if that does not tell.
func (p *parts) peek() {
	buf, _ := p.r.Peek(p.r.Buffered())
	if p.ready, p.end = p.scan(buf); p.ready > 0 || p.end != nil {
		return
	}
	if _, err := p.r.Peek(len(buf) + 1); err != nil {
		p.end = unexpected(err)
	}
}

// scan tells how many bytes at the front of buf are content, and with io.EOF that it ends there. Neither is that more
// is needed.
func (p *parts) scan(buf []byte) (int, error) {
	if p.fresh { // content may be nothing at all, with no line break before the boundary
		if bytes.HasPrefix(p.dash, buf) {
			return 0, nil
		}
		if rest, ok := bytes.CutPrefix(buf, p.dash); ok {
			if ends, known := endsPart(rest); !known {
				return 0, nil
			} else if ends {
				return 0, io.EOF
			}
		}
	}
	if i := bytes.Index(buf, p.delim); i >= 0 {
		ends, known := endsPart(buf[i+len(p.delim):])
		switch {
		case !known:
			return i, nil
		case ends:
			return i, io.EOF
		default:
			return i + len(p.delim), nil
		}
	}
	if i := bytes.LastIndexByte(buf, p.delim[0]); i >= 0 && bytes.HasPrefix(p.delim, buf[i:]) {
		return i, nil
	}
	return len(buf), nil
}

// endsPart tells by what follows a boundary if it is one: "--xy" is not "--x". Not known is that more is needed.
func endsPart(rest []byte) (ends, known bool) {
	switch {
	case len(rest) == 0 || string(rest) == "-":
		return false, false
	case rest[0] == ' ' || rest[0] == '\t' || rest[0] == '\r' || rest[0] == '\n':
		return true, true
	default:
		return rest[0] == '-' && rest[1] == '-', true
	}
}

// quotedPrintable is the one Content-Transfer-Encoding that is decoded, as by mime/multipart.
const quotedPrintable = "quoted-printable"

// errCoding says that a part is not in the encoding that its head names.
var errCoding = fmt.Errorf("%w: a part is not %s, as its header says", ErrMalformed, quotedPrintable)

// content returns a reader of the content of the part that next found, without its encoding.
func (p *parts) content(head partHead) io.Reader {
	if !strings.EqualFold(head.coding, quotedPrintable) {
		return p
	}
	return &decoder{p, quotedprintable.NewReader(p)}
}

// decoder reads the content of a quoted-printable part.
type decoder struct {
	parts *parts
	r     *quotedprintable.Reader
}

func (d *decoder) Read(b []byte) (int, error) {
	n, err := d.r.Read(b)
	switch broke := d.parts.end; {
	case err == nil || err == io.EOF:
		return n, err
	case broke != nil && broke != io.EOF:
		return n, broke
	default:
		return n, errCoding
	}
}

// readHead reads the part's head, up to and with the empty line behind it.
func (p *parts) readHead() (partHead, error) {
	p.head = p.head[:0]
	start := 0
	for {
		line, err := p.line()
		p.head = append(p.head, line...)
		if err == bufio.ErrBufferFull {
			continue
		}
		if err != nil {
			return partHead{}, unexpected(err)
		}
		if line := string(p.head[start:]); line == "\n" || line == "\r\n" {
			break
		}
		start = len(p.head)
	}
	disposition, kind, coding, ok := usualHead(p.head[:start])
	if !ok {
		header, err := textproto.NewReader(bufio.NewReader(bytes.NewReader(p.head))).ReadMIMEHeader()
		if err != nil {
			return partHead{}, errParts
		}
		disposition, kind = []byte(header.Get("Content-Disposition")), []byte(header.Get("Content-Type"))
		coding = []byte(header.Get("Content-Transfer-Encoding"))
	}
	head := partHead{kind: string(kind), coding: string(coding)}
	head.name, head.file = formNames(disposition)
	if head.file != "" {
		head.file = filepath.Base(head.file)
	}
	return head, nil
}

// usualHead finds three fields in a part's head, if that is made of lines of a plain name and a value each.
func usualHead(head []byte) (disposition, kind, coding []byte, ok bool) {
	for len(head) > 0 {
		end := bytes.IndexByte(head, '\n')
		name, value, found := bytes.Cut(bytes.TrimSuffix(head[:end], []byte("\r")), []byte(":"))
		value = bytes.Trim(value, " \t")
		if !found || !isWord(name) || bytes.ContainsFunc(value, unicode.IsControl) {
			return nil, nil, nil, false
		}
		switch {
		case bytes.EqualFold(name, []byte("Content-Disposition")) && disposition == nil:
			disposition = value
		case bytes.EqualFold(name, []byte("Content-Type")) && kind == nil:
			kind = value
		case bytes.EqualFold(name, []byte("Content-Transfer-Encoding")) && coding == nil:
			coding = value
		}
		head = head[end+1:]
	}
	return disposition, kind, coding, true
}

// isWord tells text of Latin letters, digits and hyphens.
func isWord(text []byte) bool {
	for _, c := range text {
		if c != '-' && (c < '0' || c > '9') && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') {
			return false
		}
	}
	return len(text) > 0
}

// formNames are the name and the file name in a Content-Disposition.
func formNames(disposition []byte) (name, file string) {
	if name, file, ok := usualNames(disposition); ok {
		return name, file
	}
	kind, params, err := mime.ParseMediaType(string(disposition))
	if err != nil {
		return "", ""
	}
	if kind == "form-data" {
		name = params["name"]
	}
	return name, params["filename"]
}

// usualNames reads form-data; name="x"; filename="y", with or without the latter, and with nothing in the quotes that
// would have to be understood.
func usualNames(disposition []byte) (name, file string, ok bool) {
	rest, ok := bytes.CutPrefix(disposition, []byte(`form-data; name="`))
	if !ok {
		return "", "", false
	}
	first, rest, ok := bytes.Cut(rest, []byte(`"`))
	if !ok || !isPlain(first) {
		return "", "", false
	}
	if len(rest) == 0 {
		return string(first), "", true
	}
	rest, ok = bytes.CutPrefix(rest, []byte(`; filename="`))
	second, isLast := bytes.CutSuffix(rest, []byte(`"`))
	if !ok || !isLast || !isPlain(second) {
		return "", "", false
	}
	return string(first), string(second), true
}

// isPlain tells printable ASCII in which nothing is quoted.
func isPlain(text []byte) bool {
	for _, c := range text {
		if c < ' ' || c > '~' || c == '"' || c == '\\' {
			return false
		}
	}
	return true
}

// isUsualType tells a media type without parameters in the form that all are brought to: audio/mpeg.
func isUsualType(s string) bool {
	kind, sub, ok := strings.Cut(s, "/")
	return ok && s == strings.ToLower(s) && isWord([]byte(kind)) && isWord([]byte(sub))
}
