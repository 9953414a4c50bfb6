package server_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/iotest"

	"rdiostress/internal/server"
	"rdiostress/internal/server/call"
	"rdiostress/internal/server/telemetry"
)

// uploadReplies lists the replies to every kind of upload of at most 10,000 bytes, except to a stored one.
var uploadReplies = []struct {
	name, body string
	status     int
	want       string
}{
	{
		"test", form(callWith(field{"test", "1\r\n"}, field{"audio", "-absent-"})), 200,
		"incomplete call data: no talkgroup",
	},
	{"wrong key", form(callWith(field{"key", "wr0ng"})), 401, "Invalid API key for system 11 talkgroup 1001"},
	{"wrong key, nothing else", form([]field{{"key", "wr0ng"}}), 401, "Invalid API key"},
	{"wrong key, odd system", form(callWith(field{"key", "wr0ng"}, field{"system", "<b>"})), 401, "Invalid API key"},
	{"no key", form(callWith(field{"key", "-absent-"})), 401, "Invalid API key for system 11 talkgroup 1001"},
	{
		"wrong key after the audio", form(append(callWith(field{"key", "-absent-"}), field{"key", "wr0ng"})), 401,
		"Invalid API key for system 11 talkgroup 1001",
	},
	{
		"wrong key in a test", form(callWith(field{"test", "1"}, field{"key", "wr0ng"})), 401,
		"Invalid API key for system 11 talkgroup 1001",
	},
	{
		"wrong key, incomplete call", form(callWith(field{"key", "wr0ng"}, field{"system", "-absent-"},
			field{"audio", "-absent-"})), 401,
		"Invalid API key",
	},
	{"no system", form(callWith(field{"system", "-absent-"})), 417, "Incomplete call data: no system"},
	{"no talkgroup", form(callWith(field{"talkgroup", ""})), 417, "Incomplete call data: no talkgroup"},
	{"no audio", form(callWith(field{"audio", "-absent-"})), 417, "Incomplete call data: no audio"},
	{
		"hardly any audio", form(callWith(field{"audio", strings.Repeat("x", 44)})), 417,
		"Incomplete call data: no audio",
	},
	{"no time", form(callWith(field{"dateTime", "-absent-"})), 417, "Incomplete call data: no timestamp"},
	{"odd system", form(callWith(field{"system", "one"})), 400, "Invalid call data: system is not a number"},
	{
		"far future", form(callWith(field{"dateTime", "1999999999"})), 400,
		"Invalid call data: dateTime is in the future",
	},
	{
		"cut short", strings.TrimSuffix(form(callWith()), "--\r\n"), 400,
		"Malformed form: it ends before its closing boundary",
	},
	{"empty", "", 400, "Malformed form: it ends before its closing boundary"},
	{
		"field twice", form(append(callWith(), field{"system", "12"})), 400,
		`Malformed form: field "system" is given twice`,
	},
	{"too many fields", form(make([]field, 65)), 413, "Form too large: more than 64 parts"},
	{
		"too large", form(callWith(field{"audio", strings.Repeat("x", 10_000)})), 413,
		"Upload too large: at most 10000 bytes",
	},
}

func TestUploadReplies(t *testing.T) {
	r := newRig(t, func(o *server.Options) { o.MaxUploadBytes = 10_000 })
	for _, tt := range uploadReplies {
		t.Run(tt.name, func(t *testing.T) {
			resp, body := r.post(t, strings.NewReader(tt.body), "Accept", "*/*")
			kind := resp.Header.Get("Content-Type")
			if resp.StatusCode != tt.status || body != tt.want+"\n" || kind != "text/plain; charset=utf-8" {
				t.Errorf("got %s, %q (%s); want %d, %q", resp.Status, body, kind, tt.status, tt.want)
			}
			resp, body = r.post(t, strings.NewReader(tt.body), "Accept", "application/json")
			var got struct{ Status, Message, Detail string }
			if err := json.Unmarshal([]byte(body), &got); err != nil || resp.StatusCode != tt.status {
				t.Fatalf("got %s, %q: %v", resp.Status, body, err)
			}
			if tt.status == 200 && (got.Status != "ok" || got.Message != tt.want) || tt.status != 200 &&
				got.Detail != tt.want {
				t.Errorf("got %q, want %q", body, tt.want)
			}
			// The same without a Content-Length.
			resp, body = r.post(t, io.MultiReader(strings.NewReader(tt.body)))
			if resp.StatusCode != tt.status || body != tt.want+"\n" {
				t.Errorf("chunked: got %s, %q; want %d, %q", resp.Status, body, tt.status, tt.want)
			}
		})
	}
	if n := r.total(t); n != 0 {
		t.Errorf("%d calls stored of uploads that were refused", n)
	}
}

func TestUploadAccepted(t *testing.T) {
	r := newRig(t)
	resp, body := r.post(t, strings.NewReader(form(callWith(field{"frequency", "high"}))), "Accept", "application/json")
	want := `{"status":"ok","message":"Call received and processed","callId":"1"}` + "\n"
	if resp.StatusCode != 200 || body != want || resp.Header.Get("Content-Type") != "application/json" {
		t.Errorf("got %s %q", resp.Status, body)
	}
	if got, want := r.server.Stats(), (telemetry.Stats{Accepted: 1, DroppedFields: 1}); got != want {
		t.Errorf("counted %+v, want %+v", got, want)
	}
	if !strings.Contains(r.log.String(), "fields=[frequency]") {
		t.Errorf("the dropped field is not logged:\n%s", r.log.String())
	}
}

func TestUploadBadRequests(t *testing.T) {
	r := newRig(t)
	for _, contentType := range []string{
		"", "application/json", "multipart/form-data", "multipart/form-data; boundary",
		";",
	} {
		resp, body := r.post(t, strings.NewReader(form(callWith())), "Content-Type", contentType)
		if resp.StatusCode != 400 || body != "Not a multipart content\n" {
			t.Errorf("Content-Type %q: got %s %q", contentType, resp.Status, body)
		}
	}
	for _, method := range []string{http.MethodGet, http.MethodPut, http.MethodDelete, http.MethodOptions} {
		resp, body := r.do(t, method, "/api/call-upload", nil)
		if resp.StatusCode != 405 || body != "Unsupported method\n" || resp.Header.Get("Allow") != "POST" {
			t.Errorf("%s: got %s %q, Allow %q", method, resp.Status, body, resp.Header.Get("Allow"))
		}
	}
}

// Audio near the sizes at which its storage changes arrives complete, with the key before or after it.
func TestUploadSizes(t *testing.T) {
	const kB = 1 << 10
	r := newRig(t)
	id := int64(0)
	for _, size := range []int{
		45, 4 * kB, 32*kB - 1, 32 * kB, 32*kB + 1, 256*kB - 1, 256 * kB, 256*kB + 1, 512 * kB,
		3 << 20,
	} {
		audio := make([]byte, size)
		for i := range audio {
			audio[i] = byte(i * i >> 7)
		}
		for _, fields := range [][]field{
			callWith(field{"audio", string(audio)}),
			append([]field{{"audio", string(audio)}}, callWith(field{"audio", "-absent-"})...),
		} {
			resp, body := r.post(t, strings.NewReader(form(fields)))
			if resp.StatusCode != 200 {
				t.Fatalf("%d bytes: %s %q", size, resp.Status, body)
			}
			id++
			rec, err := r.store.Call(t.Context(), id)
			if err != nil || rec.AudioSize != int64(size) || rec.SHA256 != sha256.Sum256(audio) {
				t.Errorf("%d bytes: stored %d with hash %x, %v", size, rec.AudioSize, rec.SHA256, err)
			}
			if !bytes.Equal(storedAudio(t, r, id), audio) {
				t.Errorf("%d bytes: other audio was stored", size)
			}
		}
	}
}

// An upload whose client disconnects at any point leaves neither a call nor a file.
func TestUploadCutShort(t *testing.T) {
	r := newRig(t)
	raw := rawUpload(form(append(callWith(field{"audio", strings.Repeat("x", 400<<10)}), field{"systemLabel", "s"})))
	head := strings.Index(raw, "\r\n\r\n") + 4
	offsets := []int{head, head + 1, head + 50, head + 300, head + 600, len(raw) - 3, len(raw) - 2, len(raw) - 1}
	for n := head + 1000; n < len(raw)-100; n += 37_777 {
		offsets = append(offsets, n)
	}
	for _, n := range offsets {
		conn := r.dial(t)
		io.WriteString(conn, raw[:n])
		conn.CloseWrite()
		if status, body := reply(t, conn); status != 400 ||
			body != "Malformed form: it ends before its closing boundary\n" {
			t.Errorf("cut to %d of %d: got %d %q", n, len(raw), status, body)
		}
	}
	if n := r.total(t); n != 0 {
		t.Errorf("%d calls stored", n)
	}
	if names := spooled(t, r.spool); len(names) != 0 {
		t.Errorf("spool folder holds %q", names)
	}
}

func TestUploadReset(t *testing.T) {
	r := newRig(t)
	raw := rawUpload(form(callWith(field{"audio", strings.Repeat("x", 1<<20)})))
	conn := r.dial(t)
	io.WriteString(conn, raw[:600<<10])
	eventually(t, "the upload is spooled", func() bool { return len(spooled(t, r.spool)) == 1 })
	conn.SetLinger(0)
	conn.Close()
	eventually(t, "the spool folder is empty", func() bool { return len(spooled(t, r.spool)) == 0 })
	eventually(t, "nothing is being read", func() bool { return r.server.Stats().Reading == 0 })
	if n := r.total(t); n != 0 {
		t.Errorf("%d calls stored", n)
	}
}

// Errors of the connection are distinguished from errors in the upload.
func TestReadingFails(t *testing.T) {
	r := newRig(t)
	tests := []struct {
		err    error
		status int
		body   string
	}{
		{os.ErrDeadlineExceeded, 408, "Upload too slow\n"},
		{syscall.ECONNRESET, 400, "The upload could not be read to its end\n"},
		{context.Canceled, 400, "The upload could not be read to its end\n"},
	}
	for _, tt := range tests {
		body := io.MultiReader(strings.NewReader(form(callWith())[:300]), iotest.ErrReader(tt.err))
		req := httptest.NewRequest(http.MethodPost, "/api/call-upload", body)
		req.Header.Set("Content-Type", "multipart/form-data; boundary="+boundary)
		rec := httptest.NewRecorder()
		r.server.ServeHTTP(rec, req)
		if rec.Code != tt.status || rec.Body.String() != tt.body {
			t.Errorf("%v: got %d %q, want %d %q", tt.err, rec.Code, rec.Body, tt.status, tt.body)
		}
	}
}

func TestSpoolFailure(t *testing.T) {
	r := newRig(t)
	if err := os.Remove(r.spool); err != nil {
		t.Fatal(err)
	}
	resp, body := r.post(t, strings.NewReader(form(callWith(field{"audio", strings.Repeat("x", 300<<10)}))))
	if resp.StatusCode != 503 || body != "Uploads cannot be stored now, please try again\n" ||
		resp.Header.Get("Retry-After") != "5" {
		t.Errorf("got %s %q", resp.Status, body)
	}
	if resp, body = r.get(t, "/ready"); resp.StatusCode != 503 {
		t.Errorf("/ready: got %s %q", resp.Status, body)
	}
	if err := os.Mkdir(r.spool, 0o700); err != nil {
		t.Fatal(err)
	}
}

func TestConcurrentUploads(t *testing.T) {
	r := newRig(t)
	const workers, each = 12, 20
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			for n := range each {
				size := 1000 + 31*n
				if n == each-1 {
					size = 300 << 10
				}
				body := form(callWith(field{"talkgroup", fmt.Sprint(1 + w)},
					field{"audio", strings.Repeat(string(rune('a'+w)), size)}))
				req := httptest.NewRequest(http.MethodPost, "/api/call-upload", strings.NewReader(body))
				req.Header.Set("Content-Type", "multipart/form-data; boundary="+boundary)
				rec := httptest.NewRecorder()
				r.server.ServeHTTP(rec, req)
				if rec.Code != 200 {
					t.Errorf("got %d %q", rec.Code, rec.Body)
				}
			}
		})
	}
	wg.Wait()
	page, total, err := r.store.Calls(t.Context(), call.Query{SortBy: call.SortID, Page: 1, PerPage: 1000})
	if err != nil || total != workers*each {
		t.Fatalf("%d calls, %v", total, err)
	}
	for _, rec := range page { // no upload got another's audio
		want := bytes.Repeat([]byte{byte('a' + rec.Call.Talkgroup - 1)}, int(rec.AudioSize))
		if rec.SHA256 != sha256.Sum256(want) || !bytes.Equal(storedAudio(t, r, rec.ID), want) {
			t.Errorf("call %d of talkgroup %d has the wrong audio", rec.ID, rec.Call.Talkgroup)
		}
	}
}
