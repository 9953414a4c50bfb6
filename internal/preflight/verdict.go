package preflight

import (
	"net/http"
	"strconv"
	"strings"

	"rdiostress/internal/address"
	"rdiostress/internal/field"
	"rdiostress/internal/measure"
	"rdiostress/internal/rdio"
	"rdiostress/internal/scenario"
	"rdiostress/internal/upload"
)

// judge returns an *upload.TargetError if the reply to a client rules out a run.
func (p *run) judge(c rdio.Client, a *upload.Attempt, line string) error {
	address := p.target.Endpoint(c).Address()
	switch {
	case a.Status == 0:
		return p.noReply(address, a)
	case isRedirect(a.Status):
		return p.redirected(c, a.Status)
	case a.Class == measure.Unauthorised && !p.lacksEndpoint(c):
		return p.unauthorised(c, a.Status, line)
	case isMissing(a.Status) && p.isServer, a.Class == measure.Unauthorised:
		return &upload.TargetError{
			Problem: field.Messagef("%s takes no calls of {clients} %v: it answered %s",
				address, c, upload.FormatReply(a.Status, line)),
			Hint: "this server has no such address: choose another {clients}, or check the path in {url}",
		}
	case isMissing(a.Status):
	case a.Class == measure.Accepted && line != upload.HTMLPage, p.isServer, speaksRdio(line), isBusy(a.Status):
		return nil
	}
	return &upload.TargetError{
		Problem: field.Messagef("%s is no RdioScanner upload API: it answered %s",
			address, upload.FormatReply(a.Status, line)),
		Hint: "check host, port and path in {url}; the server may need its upload path spelled out, as tr-engine " +
			"does: " +
			rdio.TREnginePath,
	}
}

// lacksEndpoint reports whether the server is known not to have the client's address. tr-engine asks for a user before
// it says so.
func (p *run) lacksEndpoint(c rdio.Client) bool {
	return p.learned.Server == ServerTREngine && c.Path() != rdio.UploadPath
}

// isMissing reports whether a status means that nothing takes calls at an address.
func isMissing(status int) bool {
	return status == http.StatusNotFound || status == http.StatusMethodNotAllowed
}

// noReply says why there was no reply.
func (p *run) noReply(address string, a *upload.Attempt) error {
	switch {
	case strings.Contains(a.Detail, "HTTP response to HTTPS"):
		return &upload.TargetError{
			Problem: field.Messagef("%s speaks HTTP, not HTTPS (%s)", p.target.Host(), address),
			Hint:    "write {url} with http://",
		}
	case a.Class == measure.TLS:
		return &upload.TargetError{
			Problem: field.Messagef("no TLS connection to %s (%s): %s", p.target.Host(), address, a.Detail),
			Hint: "trust its certificate with {ca_cert}, or do not check it with {insecure}; or write {url} with " +
				"http://",
		}
	case a.Class == measure.Timeout:
		return &upload.TargetError{
			Problem: field.Messagef("%s took the connection, but does not answer (%s)",
				p.target.Host(), address),
			Hint: "the server may be hung; or check host and port in {url}",
		}
	default:
		return &upload.TargetError{
			Problem: field.Messagef("%s does not answer as a web server does (%s): %s",
				p.target.Host(), address, a.Detail),
			Hint: "check host and port in {url}",
		}
	}
}

// unauthorised says what was refused: the key, if the reply says so; otherwise, it need not be an upload API.
func (p *run) unauthorised(c rdio.Client, status int, line string) error {
	at, words := p.target.Endpoint(c), upload.FormatReply(status, line)
	if namesKey(line) || isTREnginePath(at.URL.Path) && strings.Contains(line, "unauthorized") {
		hint := field.Message("pass {api_key} or {api_key_file}, or set {api_key_variable}")
		if isTREnginePath(at.URL.Path) {
			hint += ": tr-engine takes its WRITE_TOKEN, or an API key that may write"
		} else {
			hint += "; the server must allow the key for the {systems}"
		}
		return &upload.TargetError{
			Problem: field.Messagef("the server refused the API key: %s answered %s", at.Address(), words),
			Hint:    hint,
		}
	}
	hint := field.Message("check the path in {url} and {api_key}")
	if p.Header.Get("WWW-Authenticate") != "" {
		hint += "; a user and password, if it asks for them, go into {url}: http://user:password@host"
	}
	return &upload.TargetError{
		Problem: field.Messagef("%s answered %s: it is no upload API, or it refuses the API key",
			at.Address(), words),
		Hint: hint,
	}
}

// namesKey reports whether the text of a refusal is about the key.
func namesKey(line string) bool {
	l := strings.ToLower(line)
	for _, word := range []string{"api key", "api_key", "apikey", "invalid key", "token"} {
		if strings.Contains(l, word) {
			return line != upload.HTMLPage
		}
	}
	return false
}

func isTREnginePath(path string) bool {
	return strings.HasSuffix(strings.TrimRight(path, "/"), rdio.TREnginePath)
}

// isRedirect reports whether a status redirects the client.
func isRedirect(status int) bool {
	switch status {
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther, http.StatusTemporaryRedirect,
		http.StatusPermanentRedirect:
		return true
	default:
		return false
	}
}

// redirected says where a reply redirects to.
func (p *run) redirected(c rdio.Client, status int) error {
	at := p.target.Endpoint(c)
	to, server := p.location(at)
	hint := field.Messagef("rdiostress follows no redirect; %v %s", c, c.Redirected(status))
	if server != "" {
		hint = field.Messagef("write {url} %s: ", server) + hint
	}
	return &upload.TargetError{
		Problem: field.Messagef("%s answered %d, a redirect to %s", at.Address(), status, to),
		Hint:    hint,
	}
}

// location returns where a reply redirects to, without the parts that may be secret, and the server address that leads
// there, or an empty text if that is unknown.
func (p *run) location(from *upload.Endpoint) (to, server string) {
	text := p.Header.Get("Location")
	if text == "" {
		return "nowhere: it has no Location", ""
	}
	u, err := from.URL.Parse(text)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return strconv.Quote(upload.FirstLine([]byte(address.Redact(text)), from.Encoder)), ""
	}
	to = upload.FirstLine([]byte(address.Redact(u.String())), from.Encoder)
	if !strings.HasSuffix(u.Path, scenario.UploadPathEnd) || u.RawQuery != "" {
		return to, "" // possibly a login page
	}
	return to, strings.TrimSuffix(to, from.Encoder.Client().Path())
}
