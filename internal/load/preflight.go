package load

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"

	"rdiostress/internal/measure"
	"rdiostress/internal/rdio"
)

// TargetError says why no run can be made against the target, and what to do about it.
type TargetError struct {
	Problem string
	Hint    string
}

func (e *TargetError) Error() string { return e.Problem }

// preflightTries is how often a request is made before a server that answers with 5xx or 429 is taken to always do so.
const preflightTries = 3

// Preflight looks whether the target can be tested at all: whether its name resolves, something listens, speaks HTTP and the
// RdioScanner protocol, and takes the key. The latter shows only when a call is sent, so each client of the mix sends one (see
// [Traffic.Probe]), after SDRTrunk's connection test. The error is a *TargetError. A server that merely fails is
// not refused, since that is what a run is to measure; the warning says so.
func (t *HTTPTarget) Preflight(ctx context.Context, traffic *Traffic) (warning string, err error) {
	ctx, cancel := context.WithTimeout(ctx, min(t.timeout, 3*connectTimeout))
	defer cancel()
	if err := t.connect(ctx); err != nil {
		return "", err
	}
	u := &httpUploader{target: t}
	line, err := u.test(ctx, traffic)
	if err != nil {
		return "", err
	}
	known := speaksRdio(line) // that it is a RdioScanner server
	for _, client := range t.mix.Clients() {
		call := Slip{Client: client}
		traffic.Probe(&call)
		enc := t.clients[client].enc
		head, split := enc.Append(nil, &call.Upload)
		a, line := u.try(ctx, newForm(client, head[:split], call.Body, head[split:]))
		if err := t.judge(a, line, known); err != nil {
			return "", err
		}
		known = known || speaksRdio(line)
		if warning == "" {
			warning = odd(client, a, line)
			if warning != "" && len(t.mix.Clients()) > 1 {
				warning = client.String() + ": " + warning
			}
		}
	}
	return warning, nil
}

// test makes SDRTrunk's connection test and returns the first line of the reply. Other clients do not make it, so where SDRTrunk is
// not among them, it tells what the server is and rules no run out.
func (u *httpUploader) test(ctx context.Context, traffic *Traffic) (line string, err error) {
	t := u.target
	system, _, _ := traffic.network.Pair(0)
	a, line := u.try(ctx, newForm(rdio.SDRTrunk, t.clients[rdio.SDRTrunk].enc.AppendTest(nil, system), nil, nil))
	t.learns = a.Status == http.StatusExpectationFailed
	t.exact = t.learns && strings.HasPrefix(strings.ToLower(line), "incomplete call data: no audio")
	if slices.Contains(t.mix.Clients(), rdio.SDRTrunk) {
		err = t.judge(a, line, false)
	}
	return line, err
}

// odd says what is odd about the reply to a client's first call, if anything is.
func odd(c rdio.Client, a Attempt, line string) string {
	switch {
	case a.Class != measure.Accepted:
		return fmt.Sprintf("the server answered a first call with %s; running all the same", a.reply())
	case !speaksRdio(line):
		return fmt.Sprintf("the server answered a first call with %d %s: %v takes that for success by its status, whatever it says", a.Status, line, c)
	default:
		return ""
	}
}

// Learns tells, after Preflight, whether the server may have to learn of each talkgroup by its first call, as rdio-scanner and its
// kin do (autopopulate): they answer the connection test with 417. The bundled server and sdrtrunk-rdio-api, which store whatever
// number comes, answer it with 200.
func (t *HTTPTarget) Learns() bool { return t.learns }

// Milliseconds tells, after Preflight, whether the server is known to read when a call began to the millisecond: rdio-scanner 7
// does, and alone misses the audio in a connection test.
func (t *HTTPTarget) Milliseconds() bool { return t.exact }

// Reach looks whether there is something to connect to, as Preflight does too. The error is a *TargetError.
func (t *HTTPTarget) Reach(ctx context.Context) error { return t.connect(ctx) }

// connect resolves the host and opens a connection, to tell these two failures from later ones.
func (t *HTTPTarget) connect(ctx context.Context) error {
	host, port := t.url.Hostname(), t.url.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[t.url.Scheme]
	}
	ctx, cancel := context.WithTimeout(ctx, connectTimeout)
	defer cancel()
	at := net.JoinHostPort(host, port)
	conn, err := (&ConnectOptions{Resolve: t.resolve}).dial(ctx, "tcp", at)
	if err == nil {
		return conn.Close()
	}
	switch classify(err, false) {
	case measure.DNS:
		return &TargetError{fmt.Sprintf("cannot resolve the host name %q", host), "check the spelling in --url"}
	case measure.Refused:
		if !isRefused(err) {
			return &TargetError{fmt.Sprintf("cannot reach %s: %s", at, describe(err)), "check the host in --url, and this machine's network"}
		}
		return &TargetError{
			fmt.Sprintf("nothing listens on %s", at),
			"start the server, check host and port in --url, or try the bundled one with --with-server",
		}
	case measure.ConnectTimeout:
		return &TargetError{
			fmt.Sprintf("no connection to %s within %v", at, connectTimeout),
			"check host and port in --url, and any firewall between",
		}
	default:
		return &TargetError{fmt.Sprintf("cannot connect to %s: %s", at, describe(err)), "check host and port in --url"}
	}
}

// try posts a form until the server does something else than fail for the moment.
func (u *httpUploader) try(ctx context.Context, f *form) (a Attempt, line string) {
	for i := range preflightTries {
		if i > 0 {
			select {
			case <-ctx.Done():
				return a, line
			case <-time.After(100 * time.Millisecond):
			}
		}
		a, line = u.post(ctx, f)
		if a.Status > 0 && !isBusy(a.Status) {
			break
		}
	}
	return a, line
}

// judge tells whether a reply rules a run out. Known says that an earlier reply was of a RdioScanner server.
func (t *HTTPTarget) judge(a Attempt, line string, known bool) error {
	switch {
	case a.Class == measure.Unauthorised:
		return &TargetError{
			fmt.Sprintf("the server refused the API key (%s)", a.reply()),
			"pass --api-key or --api-key-file, or set RDIOSTRESS_API_KEY; the server must allow the key for the --systems",
		}
	case a.Status == 0 && strings.Contains(a.Detail, "HTTP response to HTTPS"):
		return &TargetError{fmt.Sprintf("%s speaks HTTP, not HTTPS", t.url.Host), "write --url with http://"}
	case a.Status == 0 && a.Class == measure.TLS:
		return &TargetError{
			fmt.Sprintf("no TLS connection to %s: %s", t.url.Host, a.Detail),
			"trust its certificate with --ca-cert, or do not check it with --insecure; or write --url with http://",
		}
	case a.Class == measure.Timeout:
		return &TargetError{
			fmt.Sprintf("%s took the connection, but does not answer", t.url.Host), "the server may be hung; or check host and port in --url",
		}
	case a.Status == 0:
		return &TargetError{
			fmt.Sprintf("%s does not answer as a web server does: %s", t.url.Host, a.Detail), "check host and port in --url",
		}
	case a.Class == measure.Accepted && line != htmlPage, known, speaksRdio(line), isBusy(a.Status):
		return nil
	default:
		return &TargetError{
			fmt.Sprintf("%s is no RdioScanner upload API: it answered %d %s", t.publicURL(), a.Status, line),
			"check host, port and path in --url; the server may need its upload path spelled out",
		}
	}
}

// isBusy tells whether a status is one that any server gives when it fails for the moment.
func isBusy(status int) bool {
	switch status {
	case http.StatusTooManyRequests, http.StatusInternalServerError, http.StatusBadGateway, http.StatusServiceUnavailable,
		http.StatusGatewayTimeout:
		return true
	default:
		return false
	}
}

// speaksRdio tells whether a reply's first line is one that RdioScanner servers give.
func speaksRdio(line string) bool {
	l := strings.ToLower(line)
	for _, phrase := range []string{rdio.PhraseTest, rdio.PhraseIncomplete, rdio.PhraseImported, rdio.PhraseDuplicate, rdio.PhraseInvalidKey} {
		if strings.Contains(l, strings.ToLower(phrase)) {
			return true
		}
	}
	return false
}

func (t *HTTPTarget) publicURL() string { return t.url.Scheme + "://" + t.url.Host + t.url.Path }
