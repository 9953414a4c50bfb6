package load

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"rdiostress/internal/traffic"
	"rdiostress/internal/upload"
)

// A server that repeats the API key does not bring it into the result.
func TestTheKeyIsHidden(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Error(w, "the key "+r.FormValue("key")+" may not upload", http.StatusForbidden)
	}))
	defer server.Close()
	s := testScenario()
	s.URL, s.Key = server.URL, "top-secret"
	for _, http2 := range []bool{false, true} {
		target, err := NewTarget(s, upload.ConnectOptions{KeepAlive: true, HTTP2: http2})
		if err != nil {
			t.Fatal(err)
		}
		var c upload.Request
		traffic.New(s, traffic.Options{RunID: "abc", Start: time.Now(), Clips: silence{}}).Probe(0, &c)
		u := target.Uploader()
		if a := u.Upload(t.Context(), &c); a.Detail != "the key [key] may not upload" {
			t.Errorf("%T: %q", target, a.Detail)
		}
		u.Close()
		target.Close()
	}
}
