package server_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"mime/quotedprintable"
	"net/http"
	"strings"
	"testing"

	"rdiostress/internal/rdio"
	"rdiostress/internal/server"
)

// A form that is shorter than its Content-Length was cut off, wherever it ends and whatever its boundary is: also if
// the missing rest means nothing, and if the received part looks like a complete form.
func TestShorterThanAnnounced(t *testing.T) {
	for _, b := range []string{boundary, "-", "--", "b--", "a--b", "x y", strings.Repeat("-", 60) + "Java"} {
		r := newRig(t)
		body := strings.ReplaceAll(form(callWith()), boundary, b) + "what comes behind it,\r\n--" + b +
			"--\r\nmeans nothing"
		end := strings.Index(body, "--"+b+"--") // end of the form
		request := func(sent string) string {
			return fmt.Sprintf("POST /api/call-upload HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; "+
				"boundary=%q\r\nContent-Length: %d\r\n\r\n%s",
				b, len(body), sent)
		}
		for n := end; n < len(body); n++ {
			conn := r.dial(t)
			io.WriteString(conn, request(body[:n]))
			conn.CloseWrite()
			if status, text := reply(t, conn); status != 400 {
				t.Errorf("boundary %q, cut to %d of %d bytes: got %d %q", b, n, len(body), status, text)
			}
			conn.Close()
		}
		if n := r.total(t); n != 0 {
			t.Errorf("boundary %q: %d calls stored of uploads that were cut off", b, n)
		}
		conn := r.dial(t)
		for range 2 { // the next request on the connection is read correctly
			io.WriteString(conn, request(body))
			if status, text := reply(t, conn); status != 200 {
				t.Errorf("boundary %q, whole: got %d %q", b, status, text)
			}
		}
	}
}

// Without a Content-Length, the last chunk marks the end.
func TestCutOffBetweenChunks(t *testing.T) {
	r := newRig(t)
	body := form(callWith())
	head := "POST /api/call-upload HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=" + boundary +
		"\r\nTransfer-Encoding: chunked\r\n\r\n"
	chunk := fmt.Sprintf("%x\r\n%s\r\n", len(body), body)
	for rest, want := range map[string]int{
		"": 400, "5\r\nmore": 400, "5\r\nmore!\r\n": 400,
		"5\r\nmore!\r\n0\r\n\r\n": 200, "0\r\n\r\n": 200,
	} {
		conn := r.dial(t)
		io.WriteString(conn, head+chunk+rest)
		if want == 400 { // a client that has sent all and ends the connection has left, and may get no answer
			conn.CloseWrite()
		}
		if status, text := reply(t, conn); status != want {
			t.Errorf("the form, and %q: got %d %q, want %d", rest, status, text, want)
		}
		conn.Close()
	}
	if n := r.total(t); n != 2 {
		t.Errorf("%d calls stored, want 2", n)
	}
}

// A compressed or encoded body is refused with 415: its bytes are not audio.
func TestCompressedUploads(t *testing.T) {
	r := newRig(t)
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	io.WriteString(z, form(callWith()))
	z.Close()
	for _, coding := range []string{"gzip", "x-gzip", "deflate", "br", "zstd", "compress", "identity, gzip", "GZIP"} {
		for _, body := range []string{packed.String(), form(callWith())} {
			resp, text := r.post(t, strings.NewReader(body), "Content-Encoding", coding)
			if resp.StatusCode != http.StatusUnsupportedMediaType || resp.Header.Get("Accept-Encoding") != "identity" ||
				!strings.HasPrefix(text, "Compressed") {
				t.Errorf("%s: got %s %q", coding, resp.Status, text)
			}
		}
	}
	for coding, want := range map[string]int{
		"binary": 200, "8bit": 200, "7BIT": 200, "base64": 415, "quoted-printable": 200, "x-uuencode": 415,
	} {
		body := strings.Replace(form(callWith()), `filename="a.mp3"`,
			"filename=\"a.mp3\"\r\nContent-Transfer-Encoding: "+coding, 1)
		if resp, text := r.post(t, strings.NewReader(body)); resp.StatusCode != want {
			t.Errorf("audio sent as %s: got %s %q, want %d", coding, resp.Status, text, want)
		}
	}
	if resp, text := r.post(t, strings.NewReader(form(callWith())), "Content-Encoding",
		"identity"); resp.StatusCode != 200 {
		t.Errorf("identity: got %s %q", resp.Status, text)
	}
	if n := r.total(t); n != 5 {
		t.Errorf("%d calls stored, want 5", n)
	}
}

// A part in quoted-printable, as in mail, is decoded, and so is its audio.
func TestQuotedPrintable(t *testing.T) {
	encode := func(text string) string {
		var b strings.Builder
		w := quotedprintable.NewWriter(&b)
		w.Binary = true
		io.WriteString(w, text)
		w.Close()
		return b.String()
	}
	r := newRig(t)
	audio := strings.Repeat("\xff\xfb=\r\n\x00 ", 40) + " "
	fields := callWith(field{"talkgroupLabel", encode("Löschzug 1 = Süd")}, field{"audio", encode(audio)})
	body := strings.ReplaceAll(form(fields), "\r\n\r\n", "\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n")
	if resp, text := r.post(t, strings.NewReader(body)); resp.StatusCode != 200 {
		t.Fatalf("got %s %q", resp.Status, text)
	}
	if _, text := r.get(t, "/api/calls"); !strings.Contains(text, "Löschzug 1 = Süd") {
		t.Errorf("the call is shown as %s", text)
	}
	if _, stored := r.get(t, "/api/calls/1/audio"); stored != audio {
		t.Errorf("the audio is stored as %q, was %q", stored, audio)
	}
	for _, wrong := range []string{strings.Replace(body, "=3D", "\x01", 1), body[:len(body)-60]} {
		if resp, text := r.post(t, strings.NewReader(wrong)); resp.StatusCode != 400 && resp.StatusCode != 417 {
			t.Errorf("broken: got %s %q", resp.Status, text)
		}
	}
}

// Limits are exact: an upload at the limit is accepted, and one that is larger by one is not.
func TestLimitsAreExact(t *testing.T) {
	r := newRig(t, func(o *server.Options) { o.MaxUploadBytes = 4 << 20 })
	small := form(callWith())
	pad := func(n int, make func(size int) string) string { // returns a form of n bytes, by the size of some field
		rest := len(make(0))
		return make(n - rest)
	}
	parts := func(n int) string {
		fields := callWith()
		for len(fields) < n {
			fields = append([]field{{fmt.Sprint("x", len(fields)), "1"}}, fields...)
		}
		return form(fields)
	}
	head := func(n int) string {
		line := "Content-Disposition: form-data; name=\"x\"\r\n"
		return part(line+"X-Pad: "+strings.Repeat("x", n-len(line)-len("X-Pad: \r\n")), "1") + small
	}
	fieldOf := func(n int) string { return named("x", strings.Repeat("x", n)) }
	fields := func(n int) string { // n bytes in total
		own := len(key) + len("11") + len("1001") + len("1764000000")
		return strings.Repeat(fieldOf(200<<10), 5) + fieldOf(n-own-5*(200<<10)) + small
	}
	whole := func(n int) string {
		return pad(n, func(size int) string {
			return form(callWith(field{"audio", strings.Repeat("x", max(size, 0))}))
		})
	}
	for _, tt := range []struct {
		name       string
		make       func(n int) string
		most, over int
	}{
		{"parts", parts, rdio.MaxParts, 413},
		{"bytes of a part's header", head, rdio.MaxPartHeader, 413},
		{"bytes of a field", func(n int) string { return fieldOf(n) + small }, rdio.MaxFieldBytes, 413},
		{"bytes of all fields", fields, rdio.MaxFormBytes, 413},
		{"bytes of an upload", whole, 4 << 20, 413},
	} {
		for n, want := range map[int]int{tt.most: 200, tt.most + 1: tt.over} {
			for _, body := range []io.Reader{
				strings.NewReader(tt.make(n)),
				io.MultiReader(strings.NewReader(tt.make(n))),
			} {
				if resp, text := r.post(t, body); resp.StatusCode != want {
					t.Errorf("%d %s: got %s %q, want %d", n, tt.name, resp.Status, text, want)
				}
			}
		}
	}
	for n, want := range map[int]int{44: 417, 45: 200} {
		body := form(callWith(field{"audio", strings.Repeat("x", n)}))
		if resp, text := r.post(t, strings.NewReader(body)); resp.StatusCode != want {
			t.Errorf("%d bytes of audio: got %s %q, want %d", n, resp.Status, text, want)
		}
	}
}

// A request's head may have 64 kB. net/http accepts a little more.
func TestRequestHeadLimit(t *testing.T) {
	r := newRig(t)
	serve(t, r)
	start := "GET /health HTTP/1.1\r\nHost: x\r\nX: "
	for n, want := range map[int]int{64 << 10: 200, 80 << 10: 431} {
		conn := r.dial(t)
		raw := start + strings.Repeat("x", n-len(start)-4) + "\r\n\r\n"
		go io.WriteString(conn, raw)
		if status, _ := reply(t, conn); status != want {
			t.Errorf("a head of %d bytes: got %d, want %d", len(raw), status, want)
		}
		conn.Close()
	}
}
