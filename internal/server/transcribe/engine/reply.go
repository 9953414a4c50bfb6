package engine

import (
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"rdiostress/internal/secret"
	"rdiostress/internal/server/transcribe"
)

// maxWait limits how long an endpoint may have a recording wait.
const maxWait = time.Hour

// formatError means that the endpoint, or its model, has no replies in the format that was asked for.
type formatError struct{ error }

// Unwrap returns the refusal.
func (e *formatError) Unwrap() error { return e.error }

// reply is what an endpoint answered.
type reply struct {
	status int
	header http.Header
	body   []byte
	now    time.Time
	hide   *secret.Redactor
}

// transcript is a reply with a text. Servers that fail after they have answered 200 send the error instead.
type transcript struct {
	Text     *string         `json:"text"`
	Language string          `json:"language"`
	Error    json.RawMessage `json:"error"`
	Detail   json.RawMessage `json:"detail"`
}

// result returns the text of the reply, or the error that the reply is.
func (r reply) result() (transcribe.Result, error) {
	if r.status/100 != 2 {
		return transcribe.Result{}, r.failure()
	}
	var t transcript
	if err := json.Unmarshal(r.body, &t); err != nil {
		return transcribe.Result{}, fmt.Errorf("the reply is no transcript in JSON: %q", quote(r.hidden(r.body)))
	}
	if t.Text == nil {
		return transcribe.Result{}, fmt.Errorf("the reply has no text: %s", quote(r.hidden(r.body)))
	}
	return transcribe.Result{Text: cleanText(*t.Text), Language: quote(t.Language)}, nil
}

// failure returns the error that the reply is.
func (r reply) failure() error {
	err := fmt.Errorf("it answers %d %s%s", r.status, http.StatusText(r.status), r.reason())
	switch {
	case r.status/100 == 3:
		return fmt.Errorf("%w; give the URL that it redirects to", err)
	case r.status == http.StatusTooManyRequests || r.status/100 == 5:
		if after, ok := r.retryAfter(); ok {
			return &transcribe.RetryError{After: after, Err: err}
		}
		return err
	case r.status == http.StatusBadRequest && strings.Contains(string(r.body), "response_format"):
		return &transcribe.PermanentError{Err: &formatError{err}}
	case r.concernsCall():
		return &transcribe.PermanentError{Err: err}
	default:
		return err
	}
}

// concernsCall reports whether it is this recording that the endpoint refuses, and not whoever sends it, or all of
// them: a wrong key, a wrong path or a model that is not there yet is no reason to give a call up at once.
func (r reply) concernsCall() bool {
	switch r.status {
	case http.StatusUnauthorized, http.StatusPaymentRequired, http.StatusForbidden, http.StatusNotFound,
		http.StatusProxyAuthRequired, http.StatusRequestTimeout, http.StatusConflict, http.StatusTooEarly:
		return false
	default:
		return r.status/100 == 4
	}
}

// reason returns what the reply says about its error, after a colon; empty: nothing.
func (r reply) reason() string {
	var t transcript
	text := string(r.body)
	if json.Unmarshal(r.body, &t) == nil {
		text = firstText(t.Error, t.Detail)
	}
	if text = quote(r.hide.Hide(text)); text == "" {
		return ""
	}
	return ": " + text
}

// hidden returns a body without the key.
func (r reply) hidden(body []byte) string { return r.hide.Hide(string(body)) }

// firstText returns the text of the first error that has one: OpenAI sends an object with a message, whisper.cpp a
// text, and FastAPI a text, or a list of objects with a msg.
func firstText(errs ...json.RawMessage) string {
	for _, e := range errs {
		var text string
		var object struct {
			Message string `json:"message"`
		}
		var list []struct {
			Msg string `json:"msg"`
		}
		switch {
		case len(e) == 0:
		case json.Unmarshal(e, &text) == nil && text != "":
			return text
		case json.Unmarshal(e, &object) == nil && object.Message != "":
			return object.Message
		case json.Unmarshal(e, &list) == nil && len(list) > 0 && list[0].Msg != "":
			return list[0].Msg
		}
	}
	return ""
}

// retryAfter returns how long the endpoint asks to wait: in milliseconds or seconds, or until a date.
func (r reply) retryAfter() (time.Duration, bool) {
	for _, h := range []struct {
		name string
		unit time.Duration
	}{{"Retry-After-Ms", time.Millisecond}, {"Retry-After", time.Second}} {
		n, err := strconv.ParseFloat(strings.TrimSpace(r.header.Get(h.name)), 64)
		if err == nil && !math.IsNaN(n) && n >= 0 {
			return time.Duration(min(n*float64(h.unit), float64(maxWait))), true
		}
	}
	at, err := http.ParseTime(r.header.Get("Retry-After"))
	if err != nil {
		return 0, false
	}
	return min(max(at.Sub(r.now), 0), maxWait), true
}
