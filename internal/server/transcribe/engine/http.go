package engine

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net"
	"net/http"
	"net/textproto"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"rdiostress/internal/inputfile"
	"rdiostress/internal/secret"
	"rdiostress/internal/server/transcribe"
)

const (
	// verbose and brief are the formats of replies.
	verbose = "verbose_json"
	brief   = "json"

	// maxReply limits the reply of an endpoint, in bytes. A verbose one repeats the text by segments, words and tokens.
	maxReply = 8 << 20

	// maxKeyFile limits a file with a key on its first line, in bytes.
	maxKeyFile = 64 << 10

	// openTimeout limits how long it takes to connect.
	openTimeout = 10 * time.Second

	// idleConnections is how many connections are kept for the next recordings: one for each worker.
	idleConnections = 64
)

// remote is an engine that sends each recording to an endpoint.
type remote struct {
	*endpoint
	name    string
	key     string
	hide    *secret.Redactor
	client  *http.Client
	timeout time.Duration
	brief   atomic.Bool // the endpoint has no verbose replies
}

func newHTTP(e *endpoint, o Options) (*remote, error) {
	key, err := e.key(o.Environ)
	if err != nil {
		return nil, err
	}
	r := &remote{
		endpoint: e, name: "http:" + e.url.Host, key: key, hide: secret.NewRedactor(key), timeout: o.Timeout,
		client: &http.Client{
			Transport: &http.Transport{
				Proxy:               http.ProxyFromEnvironment,
				DialContext:         (&net.Dialer{Timeout: openTimeout}).DialContext,
				TLSHandshakeTimeout: openTimeout,
				IdleConnTimeout:     time.Minute,
				MaxIdleConns:        idleConnections,
				MaxIdleConnsPerHost: idleConnections,
			},
			// A redirect would carry the audio, and the key, to where nobody has asked for.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
	r.brief.Store(e.format == brief)
	return r, nil
}

// key returns the API key; empty: none is needed.
func (e *endpoint) key(env []string) (string, error) {
	var text, from string
	switch {
	case e.keyFile != "":
		file, err := inputfile.ReadOnce(e.keyFile, maxKeyFile)
		if err != nil {
			return "", fmt.Errorf("cannot read the API key: %w", err)
		}
		text, from = string(file), e.keyFile
	case e.keyName != "":
		text, from = lookup(env, e.keyName), "the variable "+e.keyName
	default:
		return "", nil
	}
	line, _, _ := strings.Cut(text, "\n")
	line = strings.TrimSpace(line)
	switch {
	case line == "":
		return "", fmt.Errorf("there is no API key in %s", from)
	case strings.ContainsFunc(line, func(r rune) bool { return r < ' ' || r > '~' }):
		return "", fmt.Errorf("the API key in %s has characters that a header cannot carry", from)
	}
	return line, nil
}

// Name implements transcribe.Engine.
func (r *remote) Name() string { return r.name }

// Close closes the connections that are kept for later.
func (r *remote) Close() error {
	r.client.CloseIdleConnections()
	return nil
}

// Transcribe implements transcribe.Engine.
func (r *remote) Transcribe(ctx context.Context, a transcribe.Audio) (transcribe.Result, error) {
	ctx, cancel := limit(ctx, r.timeout)
	defer cancel()
	format := verbose
	if r.brief.Load() {
		format = brief
	}
	result, err := r.send(ctx, a, format)
	var refused *formatError
	if errors.As(err, &refused) && format == verbose {
		r.brief.Store(true) // it will refuse the others too
		result, err = r.send(ctx, a, brief)
	}
	if err != nil {
		return transcribe.Result{}, failure(ctx, r.name, err)
	}
	return result, nil
}

// send makes one request.
func (r *remote) send(ctx context.Context, a transcribe.Audio, format string) (transcribe.Result, error) {
	req, err := r.request(ctx, a, format)
	if err != nil {
		return transcribe.Result{}, err
	}
	res, err := r.client.Do(req)
	if err != nil {
		var with *url.Error
		if errors.As(err, &with) { // its text has the whole URL
			err = with.Err
		}
		return transcribe.Result{}, err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, maxReply+1))
	if err != nil {
		return transcribe.Result{}, fmt.Errorf("cannot read the reply: %w", err)
	}
	if len(body) > maxReply {
		return transcribe.Result{}, &transcribe.PermanentError{Err: errors.New("the reply has more than 8 MiB")}
	}
	return reply{
		status: res.StatusCode, header: res.Header, body: body, now: time.Now(), hide: r.hide,
	}.result()
}

// request makes a request whose body is read from the store while it is sent.
func (r *remote) request(ctx context.Context, a transcribe.Audio, format string) (*http.Request, error) {
	head, end, contentType, err := r.form(a, format)
	if err != nil {
		return nil, err
	}
	open := func() (io.ReadCloser, error) {
		audio, err := a.Open(ctx)
		if err != nil {
			return nil, fmt.Errorf("cannot open the audio: %w", err)
		}
		return &form{io.MultiReader(bytes.NewReader(head), audio, bytes.NewReader(end)), audio}, nil
	}
	body, err := open()
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, r.url.String(), body)
	if err != nil {
		return nil, errors.Join(err, body.Close())
	}
	req.GetBody = open // a kept connection may turn out to be closed
	req.ContentLength = int64(len(head)) + a.Size + int64(len(end))
	req.Header.Set("Content-Type", contentType)
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", "rdiostress")
	if r.key != "" {
		req.Header.Set("Authorization", "Bearer "+r.key)
	}
	return req, nil
}

// form is the body of a request.
type form struct {
	io.Reader
	io.Closer
}

// form returns what stands before and behind the audio in a request's body.
func (r *remote) form(a transcribe.Audio, format string) (head, end []byte, contentType string, err error) {
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for _, f := range [][2]string{{"model", r.model}, {"response_format", format}, {"language", r.language}} {
		if f[1] == "" {
			continue
		}
		if err := w.WriteField(f[0], f[1]); err != nil {
			return nil, nil, "", err
		}
	}
	header := textproto.MIMEHeader{
		"Content-Disposition": {multipart.FileContentDisposition("file", fileName(a))},
		"Content-Type":        {mediaType(a)},
	}
	if _, err := w.CreatePart(header); err != nil {
		return nil, nil, "", err
	}
	n := b.Len()
	if err := w.Close(); err != nil {
		return nil, nil, "", err
	}
	return b.Bytes()[:n:n], b.Bytes()[n:], w.FormDataContentType(), nil
}

// mediaType returns the media type of the audio, if it is fit for a header.
func mediaType(a transcribe.Audio) string {
	if a.Type == "" || len(a.Type) > maxQuote ||
		strings.ContainsFunc(a.Type, func(r rune) bool { return r < ' ' || r > '~' }) {
		return "application/octet-stream"
	}
	return a.Type
}
