package server_test

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	"rdiostress/internal/server"
	"rdiostress/internal/server/call"
)

// part returns one part of a form with the given header.
func part(header, value string) string {
	return "--" + boundary + "\r\n" + header + "\r\n\r\n" + value + "\r\n"
}

// named returns a part with an ordinary field.
func named(name, value string) string {
	return part(`Content-Disposition: form-data; name="`+name+`"`, value)
}

const closing = "--" + boundary + "--\r\n"

// complete returns all parts that a call needs except its audio.
func complete() string {
	return named("key", key) + named("system", "11") + named("talkgroup", "1001") + named("dateTime", "1764000000")
}

func audioPart(header string) string { return part(header, strings.Repeat("x", 100)) }

// malformed returns bodies that are not calls, for the boundary of these tests.
func malformed() map[string]string {
	file := `Content-Disposition: form-data; name="audio"; filename="a.mp3"`
	long := strings.Repeat("x", 40<<10)
	nested := "--inner\r\nContent-Disposition: form-data; name=\"key\"\r\n\r\n" + key + "\r\n--inner--\r\n"
	return map[string]string{
		"empty":                       "",
		"only the closing boundary":   closing,
		"only line breaks":            strings.Repeat("\r\n", 1000),
		"no boundary":                 "key=" + key + "&system=11",
		"another boundary":            strings.ReplaceAll(complete()+audioPart(file)+closing, boundary, "other"),
		"a boundary without its end":  complete() + audioPart(file) + "--" + boundary,
		"line feeds alone":            strings.ReplaceAll(complete()+audioPart(file), "\r\n", "\n"),
		"no blank line":               complete() + "--" + boundary + "\r\n" + file + "\r\n" + closing,
		"header without a colon":      complete() + part("Content-Disposition", "x") + closing,
		"header of one long line":     complete() + part("X-Bomb: "+long, "x") + audioPart(file) + closing,
		"header of many lines":        complete() + part(strings.Repeat("X-Bomb: x\r\n", 5000)+file, "x") + closing,
		"header with NULs":            complete() + part("X\x00: \x00\r\n"+file, "x") + closing,
		"10,000 parts":                strings.Repeat(named("x", "1"), 10_000) + complete() + audioPart(file) + closing,
		"10,000 parts without a name": strings.Repeat(part("X: y", ""), 10_000) + closing,
		"nested": complete() +
			part("Content-Disposition: form-data; name=\"audio\"\r\nContent-Type: multipart/mixed; boundary=inner",
				nested[:40]) + closing,
		"nested in place of all": part("Content-Type: multipart/form-data; boundary=inner", nested) + closing,
		"NUL in the key": named("key", key+"\x00") + strings.TrimPrefix(complete(), named("key", key)) +
			audioPart(file) + closing,
		"NUL in a number":           strings.Replace(complete(), "1001", "10\x0001", 1) + audioPart(file) + closing,
		"invalid UTF-8 in a number": strings.Replace(complete(), "1001", "10\xff01", 1) + audioPart(file) + closing,
		"audio twice":               complete() + audioPart(file) + audioPart(file) + closing,
		"talkgroup twice":           complete() + named("talkgroup", "1002") + audioPart(file) + closing,
		"talkgroup under two names": complete() + named("talkgroupId", "1002") + audioPart(file) + closing,
		"key twice":                 complete() + named("key", "wr0ng") + audioPart(file) + closing,
		"huge talkgroup": strings.Replace(complete(), "1001", strings.Repeat("9", 10_000), 1) +
			audioPart(file) + closing,
		"talkgroup past an int64": strings.Replace(complete(), "1001", "18446744073709552617", 1) +
			audioPart(file) + closing,
		"talkgroup as a float": strings.Replace(complete(), "1001", "1e3", 1) + audioPart(file) + closing,
		"negative system": strings.Replace(complete(), "\r\n11\r\n", "\r\n-11\r\n", 1) + audioPart(file) +
			closing,
		"huge time": strings.Replace(complete(), "1764000000", strings.Repeat("9", 30), 1) +
			audioPart(file) + closing,
		"time as text": strings.Replace(complete(), "1764000000", "Mon Nov 24 2025", 1) +
			audioPart(file) + closing,
		"a field as large as a file": complete() + named("systemLabel", strings.Repeat("x", 300<<10)) +
			audioPart(file) + closing,
		"fields larger than a form": complete() + strings.Repeat(named("a", strings.Repeat("x", 200<<10)), 6) +
			audioPart(file) + closing,
		"audio as a field of a list": complete() +
			audioPart(`Content-Disposition: form-data; name="audio[]"; filename="a.mp3"`) + closing,
		"audio without a name": complete() + audioPart(`Content-Disposition: form-data; filename="a.mp3"`) +
			closing,
		"audio that is no form data": complete() +
			audioPart(`Content-Disposition: attachment; name="audio"; filename="a.mp3"`) + closing,
		"audio of an empty header": complete() + audioPart("X: y") + closing,
		"no audio in the audio":    complete() + part(file, "") + closing,
	}
}

// No malformed upload is accepted or makes the server fail, at either endpoint, with its length given or not, and
// nothing stays behind.
func TestMalformedCorpus(t *testing.T) {
	r := newRig(t)
	before := runtime.NumGoroutine()
	for name, body := range malformed() {
		for _, path := range []string{"/api/call-upload", "/api/trunk-recorder-call-upload"} {
			for _, reader := range []io.Reader{strings.NewReader(body), io.MultiReader(strings.NewReader(body))} {
				resp, text := r.do(t, http.MethodPost, path, reader)
				if resp.StatusCode < 400 || resp.StatusCode >= 500 || text == "" {
					t.Errorf("%s at %s: got %s %q", name, path, resp.Status, text)
				}
			}
		}
	}
	r.nothingStays(t, before)
}

// A small request that is cut off at any byte of its head or body is refused, if it can be answered at all.
func TestTruncationAtEveryByte(t *testing.T) {
	r := newRig(t)
	before := runtime.NumGoroutine()
	raw := rawUpload(complete() + audioPart(`Content-Disposition: form-data; name="audio"; filename="a.mp3"`) + closing)
	for n := range len(raw) {
		conn := r.dial(t)
		io.WriteString(conn, raw[:n])
		conn.CloseWrite()
		resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
		switch {
		case err != nil && n > strings.Index(raw, "\r\n\r\n")+3:
			t.Errorf("cut to %d of %d bytes: not answered: %v", n, len(raw), err)
		case err == nil && (resp.StatusCode < 400 || resp.StatusCode >= 500):
			t.Errorf("cut to %d of %d bytes: got %s", n, len(raw), resp.Status)
		}
		conn.Close()
	}
	r.nothingStays(t, before)
}

// Requests that are not HTTP, or are too large, are refused.
func TestMalformedHeads(t *testing.T) {
	r := newRig(t, func(o *server.Options) { o.Grace = 100 * time.Millisecond })
	serve(t, r)
	body := complete() + audioPart(`Content-Disposition: form-data; name="audio"; filename="a.mp3"`) + closing
	post := "POST /api/call-upload HTTP/1.1\r\nHost: x\r\n"
	kind := "Content-Type: multipart/form-data; boundary=" + boundary + "\r\n"
	length := fmt.Sprintf("Content-Length: %d\r\n", len(body))
	for name, raw := range map[string]string{
		"one long field":        post + kind + length + "X: " + strings.Repeat("x", 1<<20) + "\r\n\r\n",
		"many fields":           post + kind + length + strings.Repeat("X: y\r\n", 100_000) + "\r\n",
		"NUL in a field":        post + kind + length + "X: \x00\r\n\r\n" + body,
		"two lengths":           post + kind + length + "Content-Length: 7\r\n\r\n" + body,
		"negative length":       post + kind + "Content-Length: -1\r\n\r\n" + body,
		"huge length":           post + kind + "Content-Length: 99999999999999999999\r\n\r\n" + body,
		"length over the limit": post + kind + "Content-Length: 9999999999999\r\n\r\n" + body,
		"bad chunk":             post + kind + "Transfer-Encoding: chunked\r\n\r\nZZ\r\n" + body,
		"length and chunks":     post + kind + length + "Transfer-Encoding: gzip, chunked\r\n\r\n" + body,
		"no boundary":           post + "Content-Type: multipart/form-data\r\n" + length + "\r\n" + body,
		"boundary too long": post + "Content-Type: multipart/form-data; boundary=" + strings.Repeat("b", 60_000) +
			"\r\n" + length + "\r\n" + body,
		"boundary with NULs": post + "Content-Type: multipart/form-data; boundary=\"a\\\x00\"\r\n" + length +
			"\r\n" + body,
		"no host": "POST /api/call-upload HTTP/1.1\r\n" + kind + length + "\r\n" + body,
		"no HTTP": "\x16\x03\x01 is how TLS begins\r\n\r\n",
	} {
		conn := r.dial(t)
		go io.WriteString(conn, raw)
		resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil || resp.StatusCode < 400 || resp.StatusCode >= 500 &&
			resp.StatusCode != http.StatusNotImplemented {
			t.Errorf("%s: got %v, %v", name, resp, err)
		}
		conn.Close()
	}
	r.nothingStays(t, -1)
}

// A well-formed but malicious upload is treated as an ordinary call; its name reaches no other file.
func TestPathTraversalInFileName(t *testing.T) {
	r := newRig(t)
	for n, name := range []string{
		"../../../../etc/passwd", `..\\..\\windows\\win.ini`, "/etc/passwd", "..", "a/../b.mp3", "C:evil.mp3", "con",
		"x\x01y.mp3", "'; DROP TABLE calls; --",
		strings.Repeat("a", 4000) + ".mp3",
	} {
		resp, text := r.post(t, strings.NewReader(complete()+
			named("talkerAlias", fmt.Sprint(n))+
			audioPart(`Content-Disposition: form-data; name="audio"; filename="`+name+`"`)+closing))
		if resp.StatusCode != 200 && resp.StatusCode != 400 {
			t.Errorf("%q: got %s %q", name, resp.Status, text)
		}
	}
	page, _, err := r.store.Calls(t.Context(), call.Query{SortBy: call.SortID, Page: 1, PerPage: 100})
	for _, rec := range page {
		if strings.ContainsAny(rec.Call.AudioName, "/\\\x01") || rec.Call.AudioName == ".." ||
			len(rec.Call.AudioName) > 255 {
			t.Errorf("stored under the name %q", rec.Call.AudioName)
		}
		resp, _ := r.get(t, fmt.Sprintf("/api/calls/%d/audio", rec.ID))
		if resp.StatusCode != 200 || strings.ContainsAny(resp.Header.Get("Content-Disposition"), "/\\\r\n") {
			t.Errorf("served as %q", resp.Header.Get("Content-Disposition"))
		}
	}
	if len(page) < 8 || err != nil {
		t.Errorf("%d calls stored, %v", len(page), err)
	}
}

// nothingStays checks that no call, file, memory or goroutine of uploads is left. It compares goroutines with before,
// if that is known.
func (r *rig) nothingStays(t *testing.T, before int) {
	t.Helper()
	if n := r.total(t); n != 0 {
		t.Errorf("%d calls are stored", n)
	}
	eventually(t, "no file is left", func() bool { return len(spooled(t, r.spool)) == 0 })
	eventually(t, "no upload is being read", func() bool {
		return r.server.Stats().Reading == 0 &&
			r.server.HeldMemory() == 0
	})
	r.Client().CloseIdleConnections()
	if before >= 0 {
		eventually(t, "no goroutine is left", func() bool { return runtime.NumGoroutine() <= before })
	}
}
