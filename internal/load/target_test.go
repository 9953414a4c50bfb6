package load

import (
	"bufio"
	"encoding/json"
	"fmt"
	"html"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"rdiostress/internal/traffic"
	"rdiostress/internal/upload"
	"rdiostress/internal/upload/uploadtest"
)

// The API key is hidden even if the server escapes it or cuts it, if it is where a line is cut, or if the reply is not
// HTTP.
func TestTheKeyIsHiddenHowever(t *testing.T) {
	const key = `Zk7"q\w&r+v<u/x%41yé9`
	quoted, _ := json.Marshal(key)
	for name, reply := range map[string]string{
		"JSON":       http400(`{"error":"invalid key","key":` + string(quoted) + `}`),
		"HTML":       http400("invalid key " + html.EscapeString(key)),
		"URL":        http400("invalid key at /?key=" + url.QueryEscape(key)),
		"backslash":  http400("invalid key " + strconv.QuoteToASCII(key)),
		"a part":     http400("invalid key " + key[:12] + "..."),
		"at the cut": http400("invalid key" + strings.Repeat(" ", 105) + key),
		"invisible":  http400("invalid key " + strings.Join(strings.Split(key, ""), "\x00")),
		"status":     "invalid key " + strings.Repeat(" ", 105) + key + "\r\n",
		"header":     "HTTP/1.1 200 OK\r\ninvalid key " + url.PathEscape(key) + "\r\n\r\n",
		"length":     "HTTP/1.1 200 OK\r\nContent-Length: " + html.EscapeString(key) + "\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			s := uploadtest.Scenario()
			s.URL, s.Key = says(t, reply), key
			for _, http2 := range []bool{false, true} {
				target, err := NewTarget(s, upload.ConnectOptions{HTTP2: http2})
				if err != nil {
					t.Fatal(err)
				}
				defer target.Close()
				var c upload.Request
				testTraffic(s, time.Now()).Probe(0, &c)
				u := target.Uploader()
				defer u.Close()
				a := u.Upload(t.Context(), &c)
				for _, part := range []string{"Zk", "k7", "yé", "x%41", "x%2541", "w&amp;r"} {
					if strings.Contains(a.Detail, part) || a.Detail == "" {
						t.Errorf("%T: %q", target, a.Detail)
						break
					}
				}
			}
		})
	}
}

// http400 is a reply of a server.
func http400(body string) string {
	return fmt.Sprintf("HTTP/1.1 400 Bad Request\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
}

// says starts a server that gives a reply to whatever it is sent.
func says(t *testing.T, reply string) (url string) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			if r, err := http.ReadRequest(bufio.NewReader(conn)); err == nil {
				_, _ = io.Copy(io.Discard, r.Body)
			}
			_, _ = io.WriteString(conn, reply)
			conn.Close()
		}
	}()
	return "http://" + l.Addr().String()
}

// A server that repeats the API key does not bring it into the result.
func TestTheKeyIsHidden(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Error(w, "the key "+r.FormValue("key")+" may not upload", http.StatusForbidden)
	}))
	defer server.Close()
	s := uploadtest.Scenario()
	s.URL, s.Key = server.URL, "top-secret"
	for _, http2 := range []bool{false, true} {
		target, err := NewTarget(s, upload.ConnectOptions{KeepAlive: true, HTTP2: http2})
		if err != nil {
			t.Fatal(err)
		}
		var c upload.Request
		traffic.New(s, traffic.Options{RunID: "abc", Start: time.Now(), Clips: uploadtest.Silence{}}).Probe(0, &c)
		u := target.Uploader()
		if a := u.Upload(t.Context(), &c); a.Detail != "the key [key] may not upload" {
			t.Errorf("%T: %q", target, a.Detail)
		}
		u.Close()
		target.Close()
	}
}
