package engine

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"rdiostress/internal/secret"
	"rdiostress/internal/server/transcribe"
)

// Whatever an endpoint answers is a text that can be stored, or an error of one line without the key.
func FuzzReply(f *testing.F) {
	f.Add(200, "", []byte(`{"text":"a\u0000b","language":"english"}`))
	f.Add(400, "", []byte(`{"error":{"message":"response_format"}}`))
	f.Add(429, "1e400", []byte(`{"detail":[{"msg":"s3cret-key"}]}`))
	f.Add(503, "Mon, 30 Nov 2020 00:00:00 GMT", []byte("\x1b[2J"))
	f.Fuzz(func(t *testing.T, status int, retryAfter string, body []byte) {
		got, err := reply{
			status: status, header: http.Header{"Retry-After": {retryAfter}}, body: body, now: time.Unix(0, 0),
			hide: secret.NewRedactor("s3cret-key"),
		}.result()
		text := got.Text
		if err != nil {
			text = err.Error()
			if strings.ContainsAny(text, "\n\x1b") || strings.Contains(text, "s3cret-key") {
				t.Errorf("the error is %q", text)
			}
			retry := new(transcribe.RetryError)
			if errors.As(err, &retry) && (retry.After < 0 || retry.After > time.Hour) {
				t.Errorf("try again after %v", retry.After)
			}
		}
		if !utf8.ValidString(text) || strings.ContainsRune(text, 0) || strings.Contains(got.Language, "\n") {
			t.Errorf("%q, %q", text, got.Language)
		}
	})
}
