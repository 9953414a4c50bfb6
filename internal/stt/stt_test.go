package stt_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"rdiostress/internal/audio"
	"rdiostress/internal/server/transcribe"
	"rdiostress/internal/server/transcribe/engine"
	"rdiostress/internal/stt"
)

// start starts a server and returns its URL.
func start(t *testing.T, o stt.Options) (*stt.Server, string) {
	t.Helper()
	o.Workers = max(o.Workers, 1)
	s := stt.New(o)
	if err := s.Listen(t.Context(), "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(10 * time.Second); err != nil {
			t.Error(err)
		}
	})
	return s, "http://" + s.Addr().String()
}

// clip returns speech of a kind, and how long it plays.
func clip(t *testing.T, k audio.Kind) ([]byte, time.Duration) {
	t.Helper()
	source, err := audio.New(k, 0)
	if err != nil {
		t.Fatal(err)
	}
	c := source.Clip(audio.Want{Length: 3 * time.Second})
	return c.Bytes(nil), c.Duration
}

// fields are those of a form that is right.
func fields(more ...string) map[string]string {
	f := map[string]string{"model": "whisper-1"}
	for i := 0; i < len(more); i += 2 {
		f[more[i]] = more[i+1]
	}
	return f
}

// post sends a form and returns the answer.
func post(t *testing.T, url, name string, file []byte, fields map[string]string) (*http.Response, string) {
	t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for k, v := range fields {
		if err := w.WriteField(k, v); err != nil {
			t.Fatal(err)
		}
	}
	if name != "none" {
		part, err := w.CreateFormFile("file", name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := part.Write(file); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return send(t, url+stt.Path, w.FormDataContentType(), &b)
}

func send(t *testing.T, url, mediaType string, body io.Reader) (*http.Response, string) {
	t.Helper()
	res, err := http.Post(url, mediaType, body)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res, string(text)
}

// The text says which audio came, in each format, and how long it plays, for each kind of audio.
func TestFormats(t *testing.T) {
	s, url := start(t, stt.Options{})
	for _, k := range []audio.Kind{audio.MP3At16k, audio.M4AAt32k, audio.WAVAt8kHz} {
		file, length := clip(t, k)
		text := stt.Text(sha256.Sum256(file), length)
		res, got := post(t, url, "call"+k.Ext(), file, fields())
		if res.StatusCode != 200 || got != fmt.Sprintf("{\"text\":%q}\n", text) || !strings.Contains(text, " s.") {
			t.Errorf("%s: %d, %s, want %s", k.Ext(), res.StatusCode, got, text)
		}
	}
	file, length := clip(t, audio.WAVAt8kHz)
	text := stt.Text(sha256.Sum256(file), length)
	end := fmt.Sprintf("00:00:0%d,%03d", length.Milliseconds()/1000, length.Milliseconds()%1000)
	for format, want := range map[string][2]string{
		"text": {"text/plain; charset=utf-8", text + "\n"},
		"srt":  {"application/x-subrip; charset=utf-8", "1\n00:00:00,000 --> " + end + "\n" + text + "\n\n"},
		"vtt": {
			"text/vtt; charset=utf-8",
			"WEBVTT\n\n00:00:00.000 --> " + strings.ReplaceAll(end, ",", ".") + "\n" + text + "\n\n",
		},
	} {
		res, got := post(t, url, "call.wav", file, fields("response_format", format))
		if res.Header.Get("Content-Type") != want[0] || got != want[1] {
			t.Errorf("%s: %s, %q, want %q", format, res.Header.Get("Content-Type"), got, want)
		}
	}
	_, got := post(t, url, "call.wav", file, fields("response_format", "verbose_json", "language", "en"))
	var verbose struct {
		Text, Language string
		Duration       float64
		Segments       []struct {
			Text string
			End  float64
		}
	}
	if err := json.Unmarshal([]byte(got), &verbose); err != nil || verbose.Text != text || verbose.Language != "en" ||
		verbose.Duration != length.Seconds() || len(verbose.Segments) != 1 || verbose.Segments[0].Text != text {
		t.Errorf("%s, %v", got, err)
	}
	if stats := s.Stats(); stats.Requests != 7 || stats.Done != 7 || stats.Sound < 6*time.Second || stats.Bytes == 0 {
		t.Errorf("%+v", stats)
	}
}

// What is wrong with a request is answered as OpenAI does, with the field.
func TestWrongRequests(t *testing.T) {
	s, url := start(t, stt.Options{})
	file, _ := clip(t, audio.MP3At16k)
	large := append(bytes.Clone(file), make([]byte, 26<<20)...)
	for _, tt := range []struct {
		name          string
		file          []byte
		fields        map[string]string
		status        int
		field, reason string
	}{
		{"none", nil, fields(), 400, "file", "has no file"},
		{"", file, fields(), 400, "file", "has no name"},
		{"call", file, fields(), 400, "file", "ends with none of"},
		{"call.pdf", file, fields(), 400, "file", "ends with none of"},
		{"call.mp3", nil, fields(), 400, "file", "is no audio"},
		{"call.mp3", []byte("GIF89a and so on"), fields(), 400, "file", "is no audio"},
		{"call.ogg", []byte("GIF89a and so on"), fields(), 400, "file", "16 bytes are in no known format"},
		{"call.mp3", large, fields(), 413, "file", "more than 26214400 bytes"},
		{"call.mp3", file, nil, 400, "model", "names no model"},
		{"call.mp3", file, fields("response_format", "xml"), 400, "response_format", "is none of json"},
		{"call.mp3", file, fields("stream", "true"), 400, "stream", "not streamed"},
		{"call.mp3", file, fields("prompt", strings.Repeat("x", 70_000)), 400, "prompt", "too long"},
	} {
		res, got := post(t, url, tt.name, tt.file, tt.fields)
		var reply struct {
			Error struct{ Message, Type, Param string }
		}
		if err := json.Unmarshal([]byte(got), &reply); err != nil || res.StatusCode != tt.status ||
			reply.Error.Param != tt.field || !strings.Contains(reply.Error.Message, tt.reason) ||
			reply.Error.Type != "invalid_request_error" {
			t.Errorf("%q: %d, %s, want %+v", tt.name, res.StatusCode, got, tt)
		}
	}
	for mediaType, body := range map[string]string{
		"application/json": "{}", "multipart/form-data; boundary=b": "--b\r\nno part",
		"multipart/form-data; boundary=c": "--c\r\n" +
			"Content-Disposition: form-data; name=\"file\"; filename=\"a.mp3\"\r\n\r\n",
	} {
		if res, got := send(t, url+stt.Path, mediaType, strings.NewReader(body)); res.StatusCode != 400 {
			t.Errorf("%s: %d, %s", mediaType, res.StatusCode, got)
		}
	}
	if stats := s.Stats(); stats.Wrong != stats.Requests || stats.Requests != 15 || stats.LastWrong == "" {
		t.Errorf("%+v", stats)
	}
}

// Formats that are not measured here are taken by their first bytes.
func TestOtherFormats(t *testing.T) {
	_, url := start(t, stt.Options{})
	for name, file := range map[string]string{
		"a.flac": "fLaC and more", "a.ogg": "OggS and more", "a.webm": "\x1a\x45\xdf\xa3 and more",
	} {
		res, got := post(t, url, name, []byte(file), fields())
		if res.StatusCode != 200 || strings.Contains(got, " of ") {
			t.Errorf("%s: %d, %s", name, res.StatusCode, got)
		}
	}
}

// With a key, requests must carry it. The shares are kept exactly, and counted apart.
func TestSharesAndKey(t *testing.T) {
	s, url := start(t, stt.Options{Fail: 0.1, Limit: 0.2, Workers: 4, Queue: 100})
	file, length := clip(t, audio.WAVAt8kHz)
	var each sync.WaitGroup
	var mu sync.Mutex
	got := map[int]int{}
	for range 50 {
		each.Go(func() {
			res, _ := post(t, url, "a.wav", file, fields())
			mu.Lock()
			defer mu.Unlock()
			got[res.StatusCode]++
			if wait := res.Header.Get("Retry-After"); (wait != "") != (res.StatusCode == 429) {
				t.Errorf("%d with Retry-After %q", res.StatusCode, wait)
			}
		})
	}
	each.Wait()
	stats := s.Stats()
	if fmt.Sprint(got) != "map[200:36 429:10 500:4]" || stats.Done != 36 || stats.Failed != 4 || stats.Limited != 10 ||
		stats.Busiest < 1 || stats.Took <= 0 || stats.Underway != 0 || stats.Sound != 40*length {
		t.Errorf("%v, %+v", got, stats)
	}
	s, url = start(t, stt.Options{Key: "k3y-of-ours"})
	for _, path := range []string{stt.Path, "/v1/models"} {
		method := http.MethodGet
		if path == stt.Path {
			method = http.MethodPost
		}
		req, err := http.NewRequestWithContext(t.Context(), method, url+path, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		for key, want := range map[string]int{"": 401, "Bearer k3y": 401, "Bearer k3y-of-ours": map[string]int{
			stt.Path: 400, "/v1/models": 200,
		}[path]} {
			req.Header.Set("Authorization", key)
			res, err := http.DefaultClient.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			_ = res.Body.Close()
			if res.StatusCode != want {
				t.Errorf("%s with %q: %d, want %d", path, key, res.StatusCode, want)
			}
		}
	}
	if stats := s.Stats(); stats.Wrong != 3 {
		t.Errorf("%+v", stats)
	}
	if res, err := http.Get(url + "/health"); err != nil || res.StatusCode != 200 {
		t.Errorf("%v", err)
	} else {
		_ = res.Body.Close()
	}
}

// A worker has one request at a time, others wait, and what does not fit into the queue is refused. Who leaves, makes
// room.
func TestQueue(t *testing.T) {
	s, url := start(t, stt.Options{Delay: time.Hour, Workers: 2, Queue: 1})
	file, _ := clip(t, audio.WAVAt8kHz)
	ctx, cancel := context.WithCancel(t.Context())
	engines := newEngine(t, url)
	var each sync.WaitGroup
	for range 3 {
		each.Go(func() {
			if _, err := engines.Transcribe(ctx, recording(file)); !errors.Is(err, context.Canceled) {
				t.Errorf("%v", err)
			}
		})
	}
	until(t, s, func(now stt.Stats) bool { return now.Bytes == 3*uint64(len(file)) }) // they have places
	var retry *transcribe.RetryError
	_, err := engines.Transcribe(t.Context(), recording(file))
	if !errors.As(err, &retry) || retry.After != time.Second {
		t.Errorf("%v", err)
	}
	cancel()
	each.Wait()
	until(t, s, func(now stt.Stats) bool { return now.Left == 3 && now.Underway == 0 })
	if now := s.Stats(); now.Full != 1 || now.Busiest < 3 || now.Done != 0 || now.Requests != 4 {
		t.Errorf("%+v", now)
	}
}

// until waits until a server has got something.
func until(t *testing.T, s *stt.Server, reached func(stt.Stats) bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); !reached(s.Stats()); <-time.After(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%+v", s.Stats())
		}
	}
}

// A transcript takes the delay and the factor of the recording's duration.
func TestDelay(t *testing.T) {
	_, url := start(t, stt.Options{Delay: 30 * time.Millisecond, Factor: 0.01})
	file, length := clip(t, audio.WAVAt8kHz)
	begun := time.Now()
	got, err := newEngine(t, url).Transcribe(t.Context(), recording(file))
	if err != nil || got.Text != stt.Text(sha256.Sum256(file), length) || got.Language != "english" {
		t.Errorf("%q, %v", got, err)
	}
	if took := time.Since(begun); took < 30*time.Millisecond+length/100 {
		t.Errorf("it took %v", took)
	}
}

func newEngine(t *testing.T, url string) transcribe.Engine {
	t.Helper()
	spec, err := engine.Parse("http:" + url)
	if err != nil {
		t.Fatal(err)
	}
	e, err := spec.New(engine.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = e.(io.Closer).Close() })
	return e
}

func recording(file []byte) transcribe.Audio {
	return transcribe.Audio{
		CallID: 1, Name: "call.wav", Type: "audio/wav", Size: int64(len(file)),
		Open: func(context.Context) (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(file)), nil },
	}
}
