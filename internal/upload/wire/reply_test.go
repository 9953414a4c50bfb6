package wire

import (
	"bufio"
	"bytes"
	"io"
	"net/http"
	"testing"
	"testing/iotest"

	"rdiostress/internal/rdio"
	"rdiostress/internal/upload"
)

// readReply reads a reply from r with a new reader.
func readReply(r io.Reader) (*replyReader, error) {
	p := new(replyReader)
	p.reset(rdio.WholeReply)
	n, err := r.Read(p.buf[:])
	if n == 0 {
		return p, err
	}
	_, err = p.read(r, n)
	return p, err
}

// FuzzReply reads replies of all kinds. Reading ends, its result does not depend on how the network cuts the reply, and
// if net/http accepts the reply, both read the same.
func FuzzReply(f *testing.F) {
	for _, s := range []string{
		accepted,
		"HTTP/1.1 100 Continue\r\n\r\n" + accepted,
		"HTTP/1.0 200 OK\nConnection: keep-alive\n\nCall imported successfully.",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;x\r\nhello\r\n0\r\nA: b\r\n\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n",
		"HTTP/1.1 304 Not Modified\r\nContent-Length: 7\r\nKeep-Alive: timeout=5\r\n\r\n",
		"HTTP/1.1 200 OK\r\nX: y\r\n z\r\n\r\n",
		"HTTP/1.1 200\r\nConnection: close, x\r\n\r\nrest",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := readReply(bytes.NewReader(data))
		q, err2 := readReply(iotest.OneByteReader(bytes.NewReader(data)))
		if (err == nil) != (err2 == nil) || err == nil && len(data) <= upload.MaxReplyBytes &&
			(p.status != q.status || !bytes.Equal(p.text(), q.text()) || p.keep != q.keep) {
			t.Fatalf("in one piece: %d %q %v; in bytes: %d %q %v", p.status, p.text(), err, q.status, q.text(), err2)
		}
		if err != nil {
			return
		}
		status, body, ok := standardReply(data)
		if !ok {
			return
		}
		if p.status != status || !bytes.HasPrefix(body, p.text()) || len(p.text()) < min(len(body), maxTextBytes) {
			t.Fatalf("status %d, body %q; net/http: status %d, body %q", p.status, p.text(), status, body)
		}
	})
}

// standardReply reads a reply as net/http's client would.
func standardReply(data []byte) (status int, body []byte, ok bool) {
	r := bufio.NewReader(bytes.NewReader(data))
	for {
		resp, err := http.ReadResponse(r, &http.Request{Method: http.MethodPost})
		if err != nil {
			return 0, nil, false
		}
		body, err = io.ReadAll(resp.Body)
		if err != nil {
			return 0, nil, false
		}
		if resp.StatusCode >= 200 || resp.StatusCode == 101 {
			return resp.StatusCode, body, true
		}
	}
}
