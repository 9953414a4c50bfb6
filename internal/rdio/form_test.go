package rdio_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"rdiostress/internal/rdio"
)

const boundary = "xxBOUNDxx"

// field is one part of a form; a value with a file name is a file.
type field struct{ name, value, file string }

// formBody lays fields out as a multipart body.
func formBody(fields ...field) string {
	var b strings.Builder
	for _, f := range fields {
		fmt.Fprintf(&b, "--%s\r\nContent-Disposition: form-data; name=%q", boundary, f.name)
		if f.file != "" {
			fmt.Fprintf(&b, "; filename=\"%s\"\r\nContent-Type: application/octet-stream", f.file)
		}
		fmt.Fprintf(&b, "\r\n\r\n%s\r\n", f.value)
	}
	return b.String() + "--" + boundary + "--\r\n"
}

// readBody reads a body as a form, throwing its audio away.
func readBody(body io.Reader) (*rdio.Form, error) {
	return rdio.ReadForm(body, boundary, discard)
}

// discard is a sink for audio that does not matter.
func discard(_ *rdio.Form, r io.Reader) (int64, error) { return io.Copy(io.Discard, r) }

func TestReadFormRefuses(t *testing.T) {
	many := make([]field, rdio.MaxParts+1)
	for i := range many {
		many[i] = field{name: fmt.Sprintf("f%d", i)}
	}
	big := strings.Repeat("x", rdio.MaxFieldBytes)
	tests := []struct {
		name, body string
		want       error
		text       string
	}{
		{"empty", "", rdio.ErrMalformed, "it ends before its closing boundary"},
		{"no multipart", "key=secret&system=11\r\n", rdio.ErrMalformed, "it ends before"},
		{"cut after a boundary", "--" + boundary, rdio.ErrMalformed, "it ends before"},
		{
			"cut after a part's boundary", strings.TrimSuffix(formBody(field{name: "key", value: "secret"}), "--\r\n"),
			rdio.ErrMalformed, "it ends before",
		},
		{"cut in a header", "--" + boundary + "\r\nContent-Dispo", rdio.ErrMalformed, "it ends before"},
		{
			"bad header",
			"--" + boundary + "\r\nsecret\r\n\r\n\r\n--" + boundary + "--",
			rdio.ErrMalformed,
			"a part's header",
		},
		{
			"no boundary between",
			"--" + boundary + "\r\n\r\n\r\n--" + boundary + "secret\r\n",
			rdio.ErrMalformed,
			"it ends before",
		},
		{
			"field twice", formBody(field{name: "system", value: "1"}, field{name: "system", value: "2"}),
			rdio.ErrMalformed, `field "system" is given twice`,
		},
		{
			"field twice by alias", formBody(field{name: "talkgroup", value: "1"}, field{
				name:  "talkgroupId",
				value: "2",
			}),
			rdio.ErrMalformed, `field "talkgroup" is given twice`,
		},
		{
			"audio twice", formBody(field{"audio", "a", "a.mp3"}, field{"audio", "a", "a.mp3"}),
			rdio.ErrMalformed, "audio is given twice",
		},
		{"not UTF-8", formBody(field{name: "system", value: "\xff"}), rdio.ErrMalformed, `"system" is not text`},
		{"NUL", formBody(field{name: "key", value: "a\x00b"}), rdio.ErrMalformed, `"key" is not text`},
		{"too many parts", formBody(many...), rdio.ErrTooLarge, "more than 64 parts"},
		{"field too long", formBody(field{name: "sources", value: big + "x"}), rdio.ErrTooLarge, `field "sources"`},
		{"fields too long together", formBody(
			field{name: "a", value: big},
			field{name: "b", value: big},
			field{
				name:  "c",
				value: big,
			},
			field{name: "d", value: big},
			field{name: "e", value: "x"},
		), rdio.ErrTooLarge, `field "e"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			form, err := readBody(strings.NewReader(tt.body))
			if !errors.Is(err, tt.want) || !strings.Contains(err.Error(), tt.text) || form != nil {
				t.Fatalf("got %v, %v; want %v with %q", form, err, tt.want, tt.text)
			}
			if strings.Contains(err.Error(), "secret") || strings.ContainsAny(err.Error(), "\r\n") {
				t.Errorf("error repeats the body or has several lines: %q", err)
			}
		})
	}
}

// A form cut off anywhere is never taken for a whole one.
func TestReadFormTruncated(t *testing.T) {
	raw, err := os.ReadFile(filepath.Join("..", "..", "testdata", "captures", "trunk-recorder-call.http"))
	if err != nil {
		t.Fatal(err)
	}
	_, body, _ := bytes.Cut(raw, []byte("\r\n\r\n"))
	marker, _, _ := bytes.Cut(body, []byte("\r\n"))
	whole := len(bytes.TrimRight(body, "\r\n"))
	for n := 0; n < whole; n += 1 + n%7 {
		form, err := rdio.ReadForm(bytes.NewReader(body[:n]), string(marker[2:]), discard)
		if !errors.Is(err, rdio.ErrMalformed) {
			t.Fatalf("cut to %d of %d bytes: got %v, %v", n, whole, form, err)
		}
	}
}

func TestReadFormFields(t *testing.T) {
	tests := []struct {
		name       string
		fields     []field
		file, kind string
	}{
		{"named by its part", []field{{"audio", "x", "a.mp3"}}, "a.mp3", ""},
		{"name after the audio", []field{{"audio", "x", "a.mp3"}, {name: "audioName", value: "b.mp3"}}, "b.mp3", ""},
		{
			"name before the audio",
			[]field{{name: "audioFilename", value: "b.mp3"}, {"audio", "x", "a.mp3"}},
			"b.mp3",
			"",
		},
		{"empty name", []field{{"audio", "x", "a.mp3"}, {name: "audioName"}}, "a.mp3", ""},
		{
			"type",
			[]field{{"audio", "x", "a.mp3"}, {name: "audioMime", value: "audio/mpeg; x=y"}},
			"a.mp3",
			"audio/mpeg",
		},
		{"no type", []field{{"audio", "x", "a.mp3"}, {name: "audioType", value: "mp3!;="}}, "a.mp3", ""},
		{"folders", []field{{"audio", "x", "a"}, {name: "audioName", value: `../..\etc/passwd`}}, "passwd", ""},
		{"dots", []field{{"audio", "x", "a"}, {name: "audioName", value: `x/..`}}, "a", ""},
		{"control characters", []field{{"audio", "x", "a"}, {name: "audioName", value: "a\x1b[1m\nb"}}, "a[1mb", ""},
		{"same value twice", []field{{name: "system", value: "1"}, {name: "system", value: "1"}}, "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			form, err := readBody(strings.NewReader(formBody(tt.fields...)))
			if err != nil {
				t.Fatal(err)
			}
			if form.AudioName != tt.file || form.AudioType != tt.kind {
				t.Errorf("got %q, %q; want %q, %q", form.AudioName, form.AudioType, tt.file, tt.kind)
			}
		})
	}
}

// What breaks while the form is read comes back as it is, told from what is wrong with the form itself.
func TestReadFormPassesErrorsOn(t *testing.T) {
	full := errors.New("disk full")
	body := formBody(field{name: "key", value: "k"}, field{"audio", strings.Repeat("x", 100<<10), "a.mp3"})
	_, err := rdio.ReadForm(strings.NewReader(body), boundary,
		func(before *rdio.Form, _ io.Reader) (int64, error) {
			if before.Key != "k" {
				t.Errorf("the sink saw the key %q", before.Key)
			}
			return 0, full
		})
	if !errors.Is(err, full) || errors.Is(err, rdio.ErrMalformed) {
		t.Errorf("sink's error came back as %v", err)
	}
	for _, n := range []int64{10, 1000, int64(len(body)) - 3} {
		limited := http.MaxBytesReader(nil, io.NopCloser(strings.NewReader(body)), n)
		var tooBig *http.MaxBytesError
		if _, err = readBody(limited); !errors.As(err, &tooBig) || errors.Is(err, rdio.ErrMalformed) {
			t.Errorf("body limited to %d bytes: %v", n, err)
		}
	}
	slow := io.MultiReader(strings.NewReader(body[:500]), iotest.ErrReader(os.ErrDeadlineExceeded))
	if _, err = readBody(slow); !errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, rdio.ErrMalformed) {
		t.Errorf("body past its deadline: %v", err)
	}
}

func FuzzReadForm(f *testing.F) {
	for body, marker := range rdio.CapturedForms(f) {
		f.Add(bytes.ReplaceAll(shortenAudio(body, marker), marker[2:], []byte(boundary)))
	}
	f.Add([]byte(formBody(field{name: "system", value: "1"}, field{name: "units", value: `[{"id":"7"},null,3]`})))
	f.Fuzz(func(t *testing.T, body []byte) {
		form, err := readBody(bytes.NewReader(body))
		if err != nil {
			if !errors.Is(err, rdio.ErrMalformed) && !errors.Is(err, rdio.ErrTooLarge) {
				t.Fatalf("a bad form gives neither ErrMalformed nor ErrTooLarge: %v", err)
			}
			return
		}
		call, _, err := form.Call(now)
		if err != nil {
			if strings.ContainsAny(err.Error(), "\r\n") {
				t.Fatalf("error of several lines: %q", err)
			}
			return
		}
		checkCall(t, call)
	})
}

// shortenAudio cuts a form's audio to 64 bytes: the fuzzer is slow with more, and learns nothing from it.
func shortenAudio(body, marker []byte) []byte {
	head, rest, found := bytes.Cut(body, []byte(`name="audio"`))
	if !found {
		return body
	}
	header, audio, _ := bytes.Cut(rest, []byte("\r\n\r\n"))
	end := bytes.Index(audio, append([]byte("\r\n"), marker...))
	return slices.Concat(head, []byte(`name="audio"`), header, []byte("\r\n\r\n"), audio[:64], audio[end:])
}

// checkCall states what every call that is taken has in common.
func checkCall(t *testing.T, c rdio.Call) {
	t.Helper()
	inRange := func(n int64) bool { return n > 0 && n <= rdio.MaxID }
	if !inRange(c.System) || !inRange(c.Talkgroup) || c.Time.Year() < 2000 || c.Time.After(now.AddDate(0, 0, 2)) {
		t.Errorf("impossible call %+v", c)
	}
	if c.Source < 0 || c.Frequency < 0 || c.Site < 0 || len(c.AudioName) > 255 ||
		strings.ContainsAny(c.AudioName, `/\`) {
		t.Errorf("impossible call %+v", c)
	}
	for _, u := range c.Units {
		if !inRange(u.ID) || u.OffsetS < 0 {
			t.Errorf("impossible unit %+v", u)
		}
	}
	for _, f := range c.Frequencies {
		if !inRange(f.Hz) || f.OffsetS < 0 || f.LengthS < 0 || f.Errors < 0 {
			t.Errorf("impossible frequency %+v", f)
		}
	}
}

func TestBoundary(t *testing.T) {
	tests := []struct{ contentType, want string }{
		{"multipart/form-data; boundary=--sdrtrunk-sdrtrunk-sdrtrunk", "--sdrtrunk-sdrtrunk-sdrtrunk"},
		{`Multipart/Form-Data; charset=utf-8; boundary="a b"`, "a b"},
		{"multipart/form-data", ""},
		{"multipart/form-data; boundary=", ""},
		{"multipart/mixed; boundary=x", "x"},
		{"multipart/related; boundary=x", ""},
		{"application/json", ""},
		{"", ""},
	}
	for _, tt := range tests {
		got, err := rdio.Boundary(tt.contentType)
		if got != tt.want || (err == nil) != (tt.want != "") {
			t.Errorf("%q: got %q, %v; want %q", tt.contentType, got, err, tt.want)
		}
	}
}
