package rdio

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"iter"
	"mime/multipart"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
)

// read lists the parts of a body, as parts sees them.
func (p *parts) read() (list []string, err error) {
	for {
		head, err := p.next()
		if err == io.EOF {
			return list, nil
		}
		if err != nil {
			return list, err
		}
		content, err := io.ReadAll(p.content(head))
		if err != nil {
			return list, err
		}
		list = append(list, fmt.Sprintf("%q %q %q %q", head.name, head.file, head.kind, content))
	}
}

// standardParts lists the parts of a body, as the standard library sees them.
func standardParts(body io.Reader, boundary string) (list []string, err error) {
	r := multipart.NewReader(body, boundary)
	for {
		part, err := r.NextPart()
		if err == io.EOF {
			return list, nil
		}
		if err != nil {
			return list, err
		}
		content, err := io.ReadAll(part)
		if err != nil {
			return list, err
		}
		list = append(
			list,
			fmt.Sprintf("%q %q %q %q", part.FormName(), part.FileName(), part.Header.Get("Content-Type"), content),
		)
	}
}

// compareParts fails where parts and the standard library differ, whatever pieces the body comes in. But a part's head
// that the body ends in is no part, and heads are bounded.
func compareParts(t *testing.T, body []byte) {
	t.Helper()
	want, werr := standardParts(bytes.NewReader(body), "b")
	for name, r := range map[string]io.Reader{
		"whole": bytes.NewReader(body), "small": bufio.NewReaderSize(iotest.HalfReader(bytes.NewReader(body)), 16),
		"by byte":      bufio.NewReaderSize(iotest.OneByteReader(bytes.NewReader(body)), 512),
		"with its end": iotest.DataErrReader(bytes.NewReader(body)),
	} {
		got, gerr := newParts(r, "b").read()
		// a line before the first part
		if errors.Is(gerr, bufio.ErrBufferFull) || errors.Is(werr, bufio.ErrBufferFull) {
			continue
		}
		if gerr == errPartHeader || werr == nil && gerr == io.ErrUnexpectedEOF && slices.Equal(got, want) {
			continue
		}
		if (gerr == nil) != (werr == nil) || gerr == nil && !slices.Equal(got, want) {
			t.Fatalf("%s, of %q\ngot  %v, %v\nwant %v, %v", name, body, got, gerr, want, werr)
		}
	}
}

// oddBodies are laid out as few clients do it.
func oddBodies() []string {
	part := "--b\r\nContent-Disposition: form-data; name=\"x\"\r\n\r\n"
	quoted := "--b\r\nContent-Disposition: form-data; name=\"x\"\r\nContent-Transfer-Encoding: Quoted-Printable\r\n\r\n"
	return []string{
		"", "--b--", "--b--\r\n", "--b-- \t\r\nrest", "preamble\r\n\r\n" + part + "v\r\n--b--",
		part + "\r\n--b--", part + "--b--", part + "--b-x\r\n--b-\r\n--b--", part + "--bx\r\n--bx\r\n--b--", part +
			"v\r\n--b \t\r\n\r\nw\r\n--b--",
		part + "v\r\n--b x\r\n\r\n\r\n--b--", part + "v\r\n\r\n--b\r\n--b--", part + "v--b\r\nv\r--b\nv\n--b\r\n--b--",
		part + "v\r\n--b",
		strings.ReplaceAll(
			part+"v\r\n--b\r\n\r\nw\r\n--b--\r\n", "\r\n", "\n",
		), strings.ReplaceAll(part, "\r\n", "\n") + "v\r\n--b--\r\n",
		"--b\r\ncontent-disposition:form-data;name=x;filename=\"a\\\"b/c\"\r\n\r\nv\r\n--b--",
		"--b\r\nContent-Disposition: form-data; name=\"x\"; filename=\"a/b\"\r\nContent-Type: a/b;c=d\r\nX: y\r\n " +
			"z\r\n\r\nv\r\n--b--",
		"--b\r\nContent-Disposition: form-data;\r\n name=\"x\"\r\n\r\nv\r\n--b--",
		"--b\r\nContent-Disposition: attachment; name=\"x\"\r\n\r\n\r\n--b--",
		"--b\r\nContent-Disposition: form-data; name=\"x\"; filename*=utf-8''a%20b\r\n\r\nv\r\n--b--",
		"--b\r\nX\r\n\r\n--b--", "--b\r\n X: y\r\n\r\n--b--",
		"--b\r\nContent-Disposition: form-data; name=\"x\"; filename=\"\"\r\nContent-Disposition: form-data; " +
			"name=\"y\"\r\n\r\nv\r\n--b--",
		"--b\r\n: y\r\n\r\n--b--", "--b\r\nX : y\r\n\r\n--b--", "--b\r\nX: \x00\r\n\r\n--b--",
		"--b\r\nX: y\r\r\n\r\n--b--",
		quoted + "a=3Db=\r\nc \r\n\r\nd\r\n--b--", quoted + "\r\n--b--", quoted + "--b--", quoted + "a=zz\r\n--b--",
		quoted + "a=\r\n--b--", quoted + "a=", quoted + "caf=C3=A9=\r\n--b--\r\n",
		strings.Replace(quoted, "quoted-printable", "base64", 1) + "YWJj\r\n--b--",
	}
}

func TestPartsAsTheStandardLibrary(t *testing.T) {
	for _, body := range oddBodies() {
		compareParts(t, []byte(body))
	}
	for body, marker := range CapturedForms(t) {
		compareParts(t, bytes.ReplaceAll(body, marker, []byte("--b")))
	}
}

// CapturedForms are the forms of all captured requests, each with the boundary between its parts, dashes and all.
func CapturedForms(t testing.TB) iter.Seq2[[]byte, []byte] {
	t.Helper()
	files, err := filepath.Glob("../../testdata/captures/*.http")
	if err != nil || len(files) == 0 {
		t.Fatalf("no captures: %v", err)
	}
	return func(yield func(body, marker []byte) bool) {
		for _, name := range files {
			raw, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			_, body, _ := bytes.Cut(raw, []byte("\r\n\r\n"))
			marker, _, _ := bytes.Cut(body, []byte("\r\n"))
			if !yield(body, marker) {
				return
			}
		}
	}
}

func FuzzParts(f *testing.F) {
	for _, body := range oddBodies() {
		f.Add([]byte(body))
	}
	f.Fuzz(compareParts)
}

func BenchmarkReadForm(b *testing.B) {
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	for i := range 14 {
		w.WriteField(fmt.Sprintf("field%d", i), "a value")
	}
	part, _ := w.CreateFormFile("audio", "a.mp3")
	part.Write(bytes.Repeat([]byte{7}, 16<<10))
	w.Close()
	buffer := bufio.NewReaderSize(nil, 32<<10)
	b.ReportAllocs()
	for b.Loop() {
		buffer.Reset(bytes.NewReader(body.Bytes()))
		if _, err := ReadForm(buffer, w.Boundary(), func(_ *Form, r io.Reader) (int64,
			error,
		) {
			return io.Copy(io.Discard, r)
		}); err != nil {
			b.Fatal(err)
		}
	}
}
