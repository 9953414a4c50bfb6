package upload

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"rdiostress/internal/address"
	"rdiostress/internal/rdio"
	"rdiostress/internal/scenario"
)

// Redirect is where a reply redirects to.
type Redirect struct {
	URL    *url.URL // nil where the reply's Location is missing or no web address
	Text   string   // for people, in one line, without the parts that may be secret
	Server string   // address of the server that leads there; empty where that is unknown, as for a login page
}

// Redirect reads the Location of a reply of the endpoint.
func (e *Endpoint) Redirect(location string) Redirect {
	if location == "" {
		return Redirect{Text: "nowhere: it has no Location"}
	}
	u, err := e.URL.Parse(location)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return Redirect{Text: strconv.Quote(FirstLine([]byte(address.Redact(location)), e.Encoder))}
	}
	r := Redirect{URL: u, Text: FirstLine([]byte(address.Redact(u.String())), e.Encoder)}
	if strings.HasSuffix(u.Path, scenario.UploadPathEnd) && u.RawQuery == "" {
		r.Server = strings.TrimSuffix(r.Text, e.Encoder.Client().Path())
	}
	return r
}

// hops are the redirects of one request.
type hops struct {
	client   rdio.Client
	followed uint8
}

// hopsKey is the key of a request's *hops in its context.
type hopsKey struct{}

// maxHops is how many redirects are followed, as by Java's HTTP client.
const maxHops = 5

// checkRedirect decides whether net/http follows a redirect. A redirect is a reply like any other, except for clients
// that behave as real ones: to follow it would upload the call twice.
func checkRedirect(next *http.Request, before []*http.Request) error {
	h, ok := next.Context().Value(hopsKey{}).(*hops)
	if !ok || len(before) > maxHops || !h.client.Follows(next.Response.StatusCode) ||
		!StaysAt(before[0].URL, next.URL) {
		return http.ErrUseLastResponse
	}
	h.followed++
	return nil
}

// StaysAt reports whether a redirect leads to the machine that a call was sent to, or to this one.
func StaysAt(from, to *url.URL) bool {
	return strings.EqualFold(from.Hostname(), to.Hostname()) || address.IsLoopbackURL(to.String())
}

// Redirected records that the reply of an endpoint redirects to a location.
func (a *Attempt) Redirected(e *Endpoint, location string) {
	a.Location, a.Detail = location, "redirected to "+e.Redirect(location).Text
}
