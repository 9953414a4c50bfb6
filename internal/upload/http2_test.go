package upload

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"rdiostress/internal/audio"
	"rdiostress/internal/measure"
	"rdiostress/internal/rdio"
	"rdiostress/internal/scenario"
	"rdiostress/internal/upload/uploadtest"
)

// manyUploads sends calls of a client over HTTP/2 from several uploaders at once, and returns how many connections the
// server saw, how many of them resumed TLS, and how many requests came with another version of HTTP.
func manyUploads(t *testing.T, client string, uploaders, each int, reuse bool) (conns, resumed, others int) {
	t.Helper()
	var mu sync.Mutex
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		mu.Lock()
		if r.TLS.DidResume {
			resumed++
		}
		if r.ProtoMajor != 2 {
			others++
		}
		mu.Unlock()
		fmt.Fprint(w, rdio.PhraseImported)
	}))
	server.EnableHTTP2 = true
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			mu.Lock()
			conns++
			mu.Unlock()
		}
	}
	server.StartTLS()
	defer server.Close()
	s := uploadtest.Scenario()
	s.URL, s.MaxConcurrent = server.URL, uploaders
	s.Clients, _ = scenario.ParseMix(client)
	target, err := NewHTTPTarget(s, ConnectOptions{
		KeepAlive: true, Reuse: reuse, HTTP2: true,
		TLS: server.Client().Transport.(*http.Transport).TLSClientConfig,
	})
	if err != nil {
		t.Fatal(err)
	}
	defer target.Close()
	var running sync.WaitGroup
	for i := range uploaders {
		up := target.Uploader()
		running.Go(func() {
			for n := range each {
				r := &Request{Client: s.Clients.Clients()[0]}
				r.Call = rdio.Call{System: 11, Talkgroup: 1001, Time: time.Now()}
				r.Fill("abc", uint64(i*each+n), audio.Clip{Body: make([]byte, 64), Type: "audio/mpeg", Ext: ".mp3"})
				if a := up.Upload(t.Context(), r); a.Class != measure.Accepted {
					t.Errorf("%v %s", a.Class, a.Detail)
				}
			}
		})
	}
	running.Wait()
	return conns, resumed, others
}

// trunk-recorder opens a connection with a full handshake for each call, also over HTTP/2, where many could share one.
func TestConnectionPerCallOverHTTP2(t *testing.T) {
	for _, client := range []string{"trunk-recorder", "trunk-recorder-5.2", "voxcall"} {
		conns, resumed, others := manyUploads(t, client, 8, 5, false)
		if conns != 40 || resumed != 0 || others != 0 {
			t.Errorf("%s: 40 calls over %d connections, %d resumed, %d not of HTTP/2", client, conns, resumed, others)
		}
	}
	for client, reuse := range map[string]bool{"trunk-recorder": true, "sdrtrunk": false, "rdio-scanner": false} {
		if conns, _, _ := manyUploads(t, client, 8, 5, reuse); conns > 8 {
			t.Errorf("%s: 40 calls over %d connections", client, conns)
		}
	}
}
