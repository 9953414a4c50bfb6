package wire

import (
	"encoding/base64"
	"strings"

	"rdiostress/internal/rdio"
	"rdiostress/internal/upload"
)

// head is the head of the requests of a client, in two parts. The length of the form stands between them.
type head struct {
	before, after []byte
	boundary      int // offset of the boundary in after
}

// newHead encodes the head of the requests to an endpoint.
func newHead(e *upload.Endpoint) head {
	u := e.URL
	host := u.Host
	if i, j := strings.IndexByte(host, '%'), strings.IndexByte(host, ']'); 0 <= i && i < j {
		host = host[:i] + host[j:] // an IPv6 zone has a meaning on this machine only
	}
	var b strings.Builder
	b.WriteString("POST " + u.RequestURI() + " HTTP/1.1\r\n")
	length, boundary := 0, 0
	for _, line := range e.Encoder.Header(host, u.Scheme == "https") {
		b.WriteString(line.Name + ": " + line.Value)
		switch line.Name {
		case rdio.ContentLength:
			length = b.Len()
		case rdio.ContentType:
			boundary = b.Len() - e.Encoder.BoundaryLen()
		}
		b.WriteString("\r\n")
	}
	if u.User != nil {
		password, _ := u.User.Password()
		b.WriteString("Authorization: Basic " +
			base64.StdEncoding.EncodeToString([]byte(u.User.Username()+":"+password)) + "\r\n")
	}
	b.WriteString("\r\n")
	text := []byte(b.String())
	return head{before: text[:length:length], after: text[length:], boundary: boundary - length}
}

// room returns the largest length of the head.
func (h *head) room() int { return len(h.before) + maxDigits + len(h.after) }
