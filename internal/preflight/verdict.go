package preflight

import (
	"bytes"
	"context"
	"net/http"
	"slices"
	"strings"

	"rdiostress/internal/field"
	"rdiostress/internal/measure"
	"rdiostress/internal/rdio"
	"rdiostress/internal/upload"
)

// judge returns an *upload.TargetError if the reply to a client rules out a run.
func (p *run) judge(ctx context.Context, c rdio.Client, a *upload.Attempt, line string) error {
	address := p.target.Endpoint(c).Address()
	switch {
	case a.Status == 0:
		return p.noReply(ctx, address, a)
	case wantsCertificate(a.Status, p.Text):
		return &upload.TargetError{
			Problem: field.Messagef("%s takes no calls without a client certificate that it knows: it answered %s",
				address, upload.FormatReply(a.Status, certificateWords(p.Text))),
			Hint: certificateHint,
		}
	case rdio.IsRedirect(a.Status):
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

// neverConnects says that SDRTrunk gives up after an answer to its connection test.
func neverConnects(answer string) error {
	return &upload.TargetError{
		Problem: field.Messagef("SDRTrunk would send this server nothing: it waits for %q in answer to its connection "+
			"test, which was answered %s", rdio.PhraseTest, answer),
		Hint: "without {real_clients}, its calls are sent all the same; or choose other {clients}",
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
func (p *run) noReply(ctx context.Context, address string, a *upload.Attempt) error {
	if a.Class == measure.Write || a.Class == measure.Reset {
		// A server that wants a client certificate says so when TLS 1.3 is set up for the client already, and closes.
		// The upload under way may fail before that is read.
		if err := p.target.CheckTLS(ctx); err != nil {
			a.Fail(measure.TLS, err)
		}
	}
	switch {
	case strings.Contains(a.Detail, "HTTP response to HTTPS"):
		return &upload.TargetError{
			Problem: field.Messagef("%s speaks HTTP, not HTTPS (%s)", p.target.Host(), address),
			Hint:    "write {url} with http://",
		}
	case a.Class == measure.TLS:
		return &upload.TargetError{
			Problem: field.Messagef("no TLS connection to %s (%s): %s", p.target.Host(), address, a.Detail),
			Hint:    tlsHint(a.Detail),
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

// certificateHint is what to do where a server wants a client certificate.
const certificateHint field.Message = "present a client certificate with {client_cert} and {client_key}, from an " +
	"authority that the server trusts"

// tlsHint says what to do about a TLS handshake that failed.
func tlsHint(detail string) field.Message {
	says := func(phrases ...string) bool {
		return slices.ContainsFunc(phrases, func(phrase string) bool { return strings.Contains(detail, phrase) })
	}
	switch {
	case says("certificate required", "tls: bad certificate", "tls: handshake failure",
		"tls: unknown certificate authority"):
		return "the server wants another client certificate, or any: " + certificateHint
	case says("certificate is valid for", "certificate is not valid for any names", "doesn't contain any IP SANs"):
		return "give the name in its certificate as {server_name}, or in {url}, with {resolve} for the address"
	default:
		return "trust its certificate with {ca_cert}, or do not check it with {insecure}; or write {url} with http://"
	}
}

// certificateWords returns what nginx says in the HTML page with which it refuses who shows no client certificate, or
// one that it does not trust; nothing in other replies. Others refuse them in the handshake.
func certificateWords(reply []byte) string {
	for _, words := range []string{"No required SSL certificate was sent", "The SSL certificate error"} {
		if bytes.Contains(reply, []byte(words)) {
			return words
		}
	}
	return ""
}

// wantsCertificate reports whether a reply refuses the client for its certificate.
func wantsCertificate(status int, reply []byte) bool {
	return status == http.StatusBadRequest && certificateWords(reply) != ""
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

// redirected says where a reply redirects to.
func (p *run) redirected(c rdio.Client, status int) error {
	at := p.target.Endpoint(c)
	to := at.Redirect(p.Header.Get("Location"))
	hint := field.Messagef("rdiostress follows no redirect; %v %s", c, c.Redirected(status))
	if to.Server != "" {
		hint = field.Messagef("write {url} %s: ", to.Server) + hint
	}
	return &upload.TargetError{
		Problem: field.Messagef("%s answered %d, a redirect to %s", at.Address(), status, to.Text),
		Hint:    hint,
	}
}
