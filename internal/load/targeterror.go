package load

import (
	"fmt"
	"net/http"
	"strings"

	"rdiostress/internal/address"
	"rdiostress/internal/measure"
	"rdiostress/internal/rdio"
)

// TargetError says why no run can be made against the target, and what to do about it.
type TargetError struct {
	Problem string
	Hint    string
}

func (e *TargetError) Error() string { return e.Problem }

// judge tells whether the reply to a client rules a run out. The error is a *TargetError.
func (p *preflight) judge(c rdio.Client, a *Attempt, line string) error {
	address := p.target.clients[c].address()
	switch {
	case a.Status == 0:
		return p.noReply(address, a)
	case isRedirect(a.Status):
		return p.redirected(c, a.Status)
	case a.Class == measure.Unauthorised && !p.lacks(c):
		return p.unauthorised(c, a.Status, line)
	case isMissing(a.Status) && p.known, a.Class == measure.Unauthorised:
		return &TargetError{
			fmt.Sprintf("%s takes no calls of --client %v: it answered %s", address, c, replyWords(a.Status, line)),
			"this server has no such address: choose another --client, or check the path in --url",
		}
	case isMissing(a.Status):
	case a.Class == measure.Accepted && line != htmlPage, p.known, speaksRdio(line), isBusy(a.Status):
		return nil
	}
	return &TargetError{
		fmt.Sprintf("%s is no RdioScanner upload API: it answered %s", address, replyWords(a.Status, line)),
		"check host, port and path in --url; the server may need its upload path spelled out, as tr-engine does: " +
			rdio.TREnginePath,
	}
}

// lacks tells whether the server is known not to have the client's address. tr-engine asks for a user before it says
// so.
func (p *preflight) lacks(c rdio.Client) bool {
	return p.learned.Server == ServerTREngine && c.Path() != rdio.UploadPath
}

// isMissing tells whether a status says that there is nothing that takes calls at an address.
func isMissing(status int) bool {
	return status == http.StatusNotFound || status == http.StatusMethodNotAllowed
}

// noReply says why there is none.
func (p *preflight) noReply(address string, a *Attempt) error {
	switch {
	case strings.Contains(a.Detail, "HTTP response to HTTPS"):
		return &TargetError{
			fmt.Sprintf("%s speaks HTTP, not HTTPS (%s)", p.target.url.Host, address), "write --url with http://",
		}
	case a.Class == measure.TLS:
		return &TargetError{
			fmt.Sprintf("no TLS connection to %s (%s): %s", p.target.url.Host, address, a.Detail),
			"trust its certificate with --ca-cert, or do not check it with --insecure; or write --url with http://",
		}
	case a.Class == measure.Timeout:
		return &TargetError{
			fmt.Sprintf("%s took the connection, but does not answer (%s)", p.target.url.Host, address),
			"the server may be hung; or check host and port in --url",
		}
	default:
		return &TargetError{
			fmt.Sprintf("%s does not answer as a web server does (%s): %s", p.target.url.Host, address, a.Detail),
			"check host and port in --url",
		}
	}
}

// unauthorised says what was refused: the key, if the reply says so, or else something that need not be an upload API.
func (p *preflight) unauthorised(c rdio.Client, status int, line string) error {
	at, words := &p.target.clients[c], replyWords(status, line)
	if namesKey(line) || isTREnginePath(at.url.Path) && strings.Contains(line, "unauthorized") {
		hint := "pass --api-key or --api-key-file, or set RDIOSTRESS_API_KEY"
		if isTREnginePath(at.url.Path) {
			hint += ": tr-engine takes its WRITE_TOKEN, or an API key that may write"
		} else {
			hint += "; the server must allow the key for the --systems"
		}
		return &TargetError{fmt.Sprintf("the server refused the API key: %s answered %s", at.address(), words), hint}
	}
	hint := "check the path in --url and --api-key"
	if p.header.Get("WWW-Authenticate") != "" {
		hint += "; a user and password, if it asks for them, go into --url: http://user:password@host"
	}
	return &TargetError{
		fmt.Sprintf("%s answered %s: it is no upload API, or it refuses the API key", at.address(), words), hint,
	}
}

// namesKey tells whether the text of a refusal is about the key.
func namesKey(line string) bool {
	l := strings.ToLower(line)
	for _, word := range []string{"api key", "api_key", "apikey", "invalid key", "token"} {
		if strings.Contains(l, word) {
			return line != htmlPage
		}
	}
	return false
}

func isTREnginePath(path string) bool {
	return strings.HasSuffix(strings.TrimRight(path, "/"), rdio.TREnginePath)
}

// isRedirect tells whether a status sends the client to another address.
func isRedirect(status int) bool {
	switch status {
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther, http.StatusTemporaryRedirect,
		http.StatusPermanentRedirect:
		return true
	default:
		return false
	}
}

// redirected says where to.
func (p *preflight) redirected(c rdio.Client, status int) error {
	at := &p.target.clients[c]
	to, server := p.location(at)
	hint := fmt.Sprintf("rdiostress follows no redirect; %v %s", c, c.Redirected(status))
	if server != "" {
		hint = "write --url " + server + ": " + hint
	}
	return &TargetError{fmt.Sprintf("%s answered %d, a redirect to %s", at.address(), status, to), hint}
}

// location is where a reply redirects to, without what may be a secret, and what to write as --url to go there; an
// empty text where that cannot be told.
func (p *preflight) location(from *endpoint) (to, server string) {
	text := p.header.Get("Location")
	if text == "" {
		return "nowhere: it has no Location", ""
	}
	u, err := from.url.Parse(text)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return quote([]byte(address.Redact(text))), ""
	}
	to = from.enc.Hide(firstLine([]byte(address.Redact(u.String()))))
	if !strings.HasSuffix(u.Path, uploadPathEnd) || u.RawQuery != "" {
		return to, "" // a page to log in at, perhaps
	}
	return to, strings.TrimSuffix(to, from.enc.Client().Path())
}
