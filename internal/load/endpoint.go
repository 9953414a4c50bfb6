package load

import (
	"encoding/base64"
	"net/url"
	"strings"

	"rdiostress/internal/address"
	"rdiostress/internal/rdio"
)

// endpoint is one client's way to the target: where it sends calls and how it lays them out.
type endpoint struct {
	enc *rdio.Encoder
	url *url.URL
}

// endpoints are the ways of all clients, by number.
func endpoints(s *Scenario) (all [rdio.NumClients]endpoint, err error) {
	for i := range all {
		client := rdio.Client(i)
		u, err := clientURL(s.URL, client)
		if err != nil {
			return all, err
		}
		all[i] = endpoint{enc: rdio.NewEncoder(client, s.Key), url: u}
	}
	return all, nil
}

// address is where the client sends calls, without what may be a secret.
func (e *endpoint) address() string { return address.Redact(e.url.String()) }

// wireHead is the head of a client's requests, in two parts between which the form's length belongs.
type wireHead struct {
	before, after []byte
	boundary      int // where the boundary lies in after
}

// wireHead lays out the head of the requests to an endpoint.
func (e *endpoint) wireHead() wireHead {
	u := e.url
	host := u.Host
	if i, j := strings.IndexByte(host, '%'), strings.IndexByte(host, ']'); 0 <= i && i < j {
		host = host[:i] + host[j:] // an IPv6 zone means nothing to anybody else
	}
	var b strings.Builder
	b.WriteString("POST " + u.RequestURI() + " HTTP/1.1\r\n")
	length, boundary := 0, 0
	for _, line := range e.enc.Header(host, u.Scheme == "https") {
		b.WriteString(line.Name + ": " + line.Value)
		switch line.Name {
		case rdio.ContentLength:
			length = b.Len()
		case rdio.ContentType:
			boundary = b.Len() - e.enc.BoundaryLen()
		}
		b.WriteString("\r\n")
	}
	if u.User != nil {
		password, _ := u.User.Password()
		b.WriteString("Authorization: Basic " + base64.StdEncoding.EncodeToString([]byte(u.User.Username()+":"+password)) + "\r\n")
	}
	b.WriteString("\r\n")
	text := []byte(b.String())
	return wireHead{before: text[:length:length], after: text[length:], boundary: boundary - length}
}

// room is the most that the head takes.
func (h *wireHead) room() int { return len(h.before) + maxDigits + len(h.after) }
