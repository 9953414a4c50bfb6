package upload

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"rdiostress/internal/address"
	"rdiostress/internal/scenario"
)

// IsRedirect reports whether a status redirects the client.
func IsRedirect(status int) bool {
	switch status {
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther, http.StatusTemporaryRedirect,
		http.StatusPermanentRedirect:
		return true
	default:
		return false
	}
}

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

// Redirected records that the reply of an endpoint redirects to a location.
func (a *Attempt) Redirected(e *Endpoint, location string) {
	a.Location, a.Detail = location, "redirected to "+e.Redirect(location).Text
}
