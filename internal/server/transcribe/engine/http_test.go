package engine_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"rdiostress/internal/server/transcribe"
	"rdiostress/internal/server/transcribe/engine"
)

// startEndpoint starts an endpoint and returns its URL.
func startEndpoint(t *testing.T, h http.HandlerFunc) string {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s.URL
}

// The endpoint gets the fields of OpenAI's API, the audio as it is with its size told beforehand, and the key in a
// header.
func TestHTTPTranscribes(t *testing.T) {
	content := bytes.Repeat([]byte("audio"), 100_000)
	url := startEndpoint(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost || r.URL.Path != "/v1/audio/transcriptions" ||
			r.ContentLength < int64(len(content)) {
			t.Errorf("%s %s with %d bytes", r.Method, r.URL, r.ContentLength)
		}
		file, header, err := r.FormFile("file")
		if err != nil {
			t.Error(err)
			return
		}
		h := sha256.New()
		if _, err := io.Copy(h, file); err != nil || !bytes.Equal(h.Sum(nil), sum(content)) {
			t.Errorf("the audio is not what was stored: %v", err)
		}
		got := fmt.Sprint(header.Filename, " ", header.Header["Content-Type"], " ", r.MultipartForm.Value, " ",
			r.Header["Authorization"])
		want := "call-17.m4a [audio/mp4] map[language:[en] model:[large] response_format:[verbose_json]] " +
			"[Bearer k3y-of-ours]"
		if got != want {
			t.Errorf("the form is %s, want %s", got, want)
		}
		_, _ = io.WriteString(w, `{"task":"transcribe","language":"english","text":" Engine 5.\u0000 \n"}`)
	})
	key := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(key, []byte(" k3y-of-ours \nanything"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, o := range []string{",key-env=STT_KEY", ",key-file=" + key} {
		e := newEngine(t, url+"/v1,model=large,language=en"+o, engine.Options{
			Environ: []string{"STT_KEY=older", "STT_KEY=k3y-of-ours"},
		})
		got, err := e.Transcribe(t.Context(), recording(17, content))
		if err != nil || got.Text != "Engine 5." || got.Language != "english" {
			t.Errorf("%q, %v", got, err)
		}
		if want := "http:" + strings.TrimPrefix(url, "http://"); e.Name() != want {
			t.Errorf("it is called %q, want %q", e.Name(), want)
		}
	}
}

func sum(b []byte) []byte {
	s := sha256.Sum256(b)
	return s[:]
}

// Which replies are tried again, and when, and what is said about them. The key is in no error, even if the endpoint
// repeats it.
func TestHTTPReplies(t *testing.T) {
	const (
		busy, bad = "429 Too Many Requests", "400 Bad Request"
		unsaid    = -1
		year      = "31536000"
	)
	cases := map[string]struct {
		status       int
		header, body string
		want         string
		permanent    bool
		after        time.Duration
	}{
		"429":          {429, "7", `{"error":{"message":"Slow down"}}`, busy + ": Slow down", false, 7 * time.Second},
		"429 fraction": {429, "0.5", ``, busy, false, 500 * time.Millisecond},
		"429 no time":  {429, "", `wait`, busy + ": wait", false, unsaid},
		"429 bad time": {429, "soon", ``, busy, false, unsaid},
		"429 too long": {429, year, ``, busy, false, time.Hour},
		"429 past":     {429, "Mon, 30 Nov 2020 00:00:00 GMT", ``, busy, false, 0},
		"503":          {503, "3", `{"detail":"loading"}`, "503 Service Unavailable: loading", false, 3 * time.Second},
		"500":          {500, "", `{"error":"no memory"}`, "500 Internal Server Error: no memory", false, unsaid},
		"400":          {400, "", `{"error":{"message":"Bad file."}}`, bad + ": Bad file.", true, unsaid},
		"413":          {413, "", `<p>nginx`, "413 Request Entity Too Large: <p>nginx", true, unsaid},
		"422":          {422, "", `{"detail":[{"msg":"No file"}]}`, "422 Unprocessable Entity: No file", true, unsaid},
		"401 with key": {401, "", `{"error":{"message":"k3y-of-ours"}}`, "401 Unauthorized: [key]", false, unsaid},
		"404":          {404, "", `{"detail":"No model x"}`, "404 Not Found: No model x", false, unsaid},
		"redirect":     {307, "", ``, "307 Temporary Redirect; give the URL that it redirects to", false, unsaid},
		"200 an error": {200, "", `{"error":"no WAV"}`, `the reply has no text: {"error":"no WAV"}`, false, unsaid},
		"200 a page":   {200, "", "<p>\x1b[2J k3y-of-ours", `no transcript in JSON: "<p>[2J [key]"`, false, unsaid},
		"200 a list":   {200, "", `[]`, "no transcript in JSON", false, unsaid},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			url := startEndpoint(t, func(w http.ResponseWriter, r *http.Request) {
				_, _ = io.Copy(io.Discard, r.Body)
				if c.header != "" {
					w.Header().Set("Retry-After", c.header)
				}
				if c.status == 307 {
					w.Header().Set("Location", "/elsewhere?key=k3y-of-ours")
				}
				w.WriteHeader(c.status)
				_, _ = io.WriteString(w, c.body)
			})
			e := newEngine(t, url+"/?api-key=k3y-of-ours,key-env=K", engine.Options{Environ: []string{"K=k3y-of-ours"}})
			_, err := e.Transcribe(t.Context(), recording(1, []byte("x")))
			if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "k3y") ||
				strings.Contains(err.Error(), "\n") {
				t.Fatalf("%v, want %q", err, c.want)
			}
			if permanent := new(transcribe.PermanentError); errors.As(err, &permanent) != c.permanent {
				t.Errorf("%v: permanent %v", err, !c.permanent)
			}
			after := time.Duration(unsaid)
			if retry := new(transcribe.RetryError); errors.As(err, &retry) {
				after = retry.After
			}
			if after != c.after {
				t.Errorf("try again after %v, want %v", after, c.after)
			}
		})
	}
}

// A model without verbose replies is asked for a brief one, and from then on at once.
func TestHTTPFallsBackToBriefReplies(t *testing.T) {
	var requests, refused atomic.Int32
	url := startEndpoint(t, func(w http.ResponseWriter, r *http.Request) {
		requests.Add(1)
		if r.FormValue("response_format") == "verbose_json" {
			refused.Add(1)
			w.WriteHeader(http.StatusBadRequest)
			_, _ = io.WriteString(w, `{"error":{"message":"response_format 'verbose_json' is not compatible"}}`)
			return
		}
		_, _ = io.WriteString(w, `{"text":"ok"}`)
	})
	e := newEngine(t, url, engine.Options{})
	for range 3 {
		if got, err := e.Transcribe(t.Context(), recording(1, []byte("x"))); err != nil || got.Text != "ok" {
			t.Errorf("%q, %v", got, err)
		}
	}
	if requests.Load() != 4 || refused.Load() != 1 {
		t.Errorf("%d requests, %d refused", requests.Load(), refused.Load())
	}
	e = newEngine(t, url+",format=json", engine.Options{})
	if _, err := e.Transcribe(t.Context(), recording(1, []byte("x"))); err != nil || refused.Load() != 1 {
		t.Errorf("%v, %d refused", err, refused.Load())
	}
}

// An endpoint that does not answer is left when the time is up, or when the server stops.
func TestHTTPEnds(t *testing.T) {
	over, arrived := make(chan struct{}), make(chan string, 2)
	url := startEndpoint(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		arrived <- r.URL.Path
		select {
		case <-r.Context().Done():
		case <-over:
		}
	})
	defer close(over)
	e := newEngine(t, url+"/first", engine.Options{Timeout: 200 * time.Millisecond})
	_, err := e.Transcribe(t.Context(), recording(1, []byte("x")))
	if !errors.Is(err, context.DeadlineExceeded) ||
		!strings.HasSuffix(err.Error(), ": no transcript within 200ms") {
		t.Errorf("%v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		for <-arrived != "/second" { // the first may not have arrived within its time
		}
		cancel()
	}()
	e = newEngine(t, url+"/second", engine.Options{})
	if _, err := e.Transcribe(ctx, recording(1, []byte("x"))); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}

// What is wrong with the connection is said without the URL, which may have a key in it. A reply without end is left.
func TestHTTPFails(t *testing.T) {
	dead := httptest.NewServer(nil)
	dead.Close()
	_, err := newEngine(t, dead.URL+"/?key=k3y", engine.Options{}).Transcribe(t.Context(), recording(1, []byte("x")))
	if err == nil || strings.Contains(err.Error(), "k3y") || !strings.Contains(err.Error(), "refused") {
		t.Errorf("%v", err)
	}
	url := startEndpoint(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		for _, err := io.WriteString(w, `{"text":"`); err == nil; {
			_, err = w.Write(bytes.Repeat([]byte("a"), 1<<20))
		}
	})
	_, err = newEngine(t, url, engine.Options{}).Transcribe(t.Context(), recording(1, []byte("x")))
	if permanent := new(transcribe.PermanentError); !errors.As(err, &permanent) ||
		!strings.Contains(err.Error(), "8 MiB") {
		t.Errorf("%v", err)
	}
	short := recording(1, []byte("four"))
	short.Size = 5
	if _, err := newEngine(t, url, engine.Options{}).Transcribe(t.Context(), short); err == nil {
		t.Error("audio that is cut off was sent")
	}
}

// The place of a key must hold one that can be sent.
func TestHTTPKeys(t *testing.T) {
	for options, want := range map[string]string{
		",key-env=NONE":            "there is no API key in the variable NONE",
		",key-env=EMPTY":           "there is no API key in the variable EMPTY",
		",key-env=BAD":             "characters that a header cannot carry",
		",key-file=/no/such/file":  "cannot read the API key",
		",key-file=" + t.TempDir(): "cannot read the API key",
	} {
		s, err := engine.Parse("http://127.0.0.1:1" + options)
		if err != nil {
			t.Fatal(err)
		}
		_, err = s.New(engine.Options{Environ: []string{"EMPTY= ", "BAD=s3cret\x7f"}})
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%s: %v, want %q", options, err, want)
		}
	}
}
