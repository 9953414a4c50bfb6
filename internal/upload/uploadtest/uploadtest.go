// Package uploadtest has what the tests of the packages that make, send and answer uploads share: a scenario, audio
// without sound, and servers that answer as they are told. It is for tests only.
package uploadtest

import (
	"bytes"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"rdiostress/internal/audio"
	"rdiostress/internal/rdio"
	"rdiostress/internal/scenario"
)

// Scenario returns a closed model of a minute.
func Scenario() *scenario.Scenario {
	return &scenario.Scenario{
		URL: "http://127.0.0.1:1", Key: "k", MaxConcurrent: 4, Duration: time.Minute, Timeout: time.Minute,
		Arrival: scenario.Constant, Seed: 7, Systems: scenario.IDs{11, 12}, Talkgroups: scenario.IDs{1001, 1002, 1003},
	}
}

// Silence is call audio without sound.
type Silence struct{}

// Clip returns a clip of the wanted size, or of 64 bytes.
func (Silence) Clip(_ rdio.Client, w audio.Want) audio.Clip {
	size := w.Bytes
	if size == 0 {
		size = 64
	}
	return audio.Clip{Body: make([]byte, size), Duration: w.Length, Type: "audio/mpeg", Ext: ".mp3"}
}

// Reply answers every request with a status and a text.
func Reply(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

// RawServer answers every connection with the same bytes and closes it.
func RawServer(t *testing.T, answer string) (url string) {
	t.Helper()
	return ReplyServer(t, ReplyCase{Parts: []string{answer}, End: Hangup})
}

// readForm reads until a form's end, so that closing the connection does not reset it.
func readForm(conn net.Conn) {
	for got := []byte(nil); !bytes.HasSuffix(got, []byte("--\r\n")); {
		buf := make([]byte, 4<<10)
		n, err := conn.Read(buf)
		if err != nil {
			return
		}
		got = append(got, buf[:n]...)
	}
}

// QuietTLSServer returns a TLS server that does not log failed handshakes.
func QuietTLSServer(h http.Handler) *httptest.Server {
	server := httptest.NewUnstartedServer(h)
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	return server
}
