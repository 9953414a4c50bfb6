package stt

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// Whatever is sent is answered with a text, or with what is wrong, in JSON unless another format was asked for.
func FuzzRequest(f *testing.F) {
	part := func(name, more, value string) string {
		return "--b\r\nContent-Disposition: form-data; name=\"" + name + "\"" + more + "\r\n\r\n" + value + "\r\n"
	}
	file := part("file", `; filename="a.flac"`, "fLaC")
	f.Add(file + part("model", "", "m") + "--b--")
	f.Add(file + part("model", "", "m") + part("response_format", "", "vtt") + "--b--")
	f.Add(file + file + "--b--")
	f.Add("--b\r\nContent-Disposition: form-data; name=file; filename*=utf-8''%zz\r\n\r\n--b--")
	s := New(Options{Workers: 1})
	f.Fuzz(func(t *testing.T, body string) {
		req := httptest.NewRequestWithContext(t.Context(), http.MethodPost, Path, strings.NewReader(body))
		req.Header.Set("Content-Type", "multipart/form-data; boundary=b")
		w := httptest.NewRecorder()
		s.ServeHTTP(w, req)
		inJSON := w.Header().Get("Content-Type") == "application/json"
		switch {
		case w.Code != 200 && w.Code != 400 && w.Code != 413, w.Code != 200 && !inJSON:
			t.Errorf("%d, %s", w.Code, w.Body)
		case inJSON && !json.Valid(w.Body.Bytes()):
			t.Errorf("no JSON: %s", w.Body)
		}
	})
}
