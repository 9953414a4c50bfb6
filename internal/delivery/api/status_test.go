package api

import (
	"bufio"
	"net"
	"net/http"
	"strings"
	"testing"
)

// The text that a server writes after its status code is not shown.
func TestStatusTextIsNotShown(t *testing.T) {
	for status, want := range map[string]string{
		"503 \x1b[2Jgone": "GET /api/calls: 503 Service Unavailable", "404 \x1b[2Jgone": "(404 Not Found)",
		"299 \x1b[2Jgone": "(299)",
	} {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		go func() {
			for {
				conn, err := l.Accept()
				if err != nil {
					return
				}
				if _, err := http.ReadRequest(bufio.NewReader(conn)); err == nil {
					_, _ = conn.Write(
						[]byte("HTTP/1.1 " + status + "\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"),
					)
				}
				conn.Close()
			}
		}()
		_, err = Open(t.Context(), http.DefaultClient, "http://"+l.Addr().String())
		if err == nil || !strings.HasSuffix(err.Error(), want) {
			t.Errorf("%q: %v", status, err)
		}
	}
}
