package load

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"rdiostress/internal/measure"
	"rdiostress/internal/rdio"
	"rdiostress/internal/scenario"
	"rdiostress/internal/upload"
	"rdiostress/internal/upload/uploadtest"
)

// realTarget returns an endpoint for clients that behave as real ones.
func realTarget(t *testing.T, url string, client rdio.Client, http2 bool) upload.Target {
	t.Helper()
	s := uploadtest.Scenario()
	s.URL = url
	s.Clients, _ = scenario.ParseMix(client.String())
	target, err := NewTarget(s, upload.ConnectOptions{KeepAlive: true, RealClients: true, HTTP2: http2})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(target.Close)
	return target
}

// oneCall returns a call of a client.
func oneCall(t *testing.T, client rdio.Client) *upload.Request {
	t.Helper()
	s := uploadtest.Scenario()
	s.Clients, _ = scenario.ParseMix(client.String())
	var r upload.Request
	if !testTraffic(s, time.Now()).Next(0, 0, &r) || r.Client != client {
		t.Fatal("no call")
	}
	return &r
}

// A redirect with 307 or 308 is followed where the client follows it, with the whole call, and to no other machine.
func TestRealClientsFollowRedirects(t *testing.T) {
	var got atomic.Int64
	there := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		err := r.ParseMultipartForm(1 << 20)
		if err != nil || r.Method != http.MethodPost || r.FormValue("key") == "" || r.URL.Path != "/moved/here" {
			t.Errorf("%s %s: %v", r.Method, r.URL, err)
		}
		got.Add(1)
		fmt.Fprint(w, rdio.PhraseImported)
	}))
	defer there.Close()
	var status atomic.Int64
	var location atomic.Value
	here := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		w.Header().Set("Location", location.Load().(string))
		w.WriteHeader(int(status.Load()))
	}))
	defer here.Close()
	for _, tt := range []struct {
		client   rdio.Client
		status   int
		location string
		follows  bool
	}{
		{rdio.SDRTrunk, 307, there.URL + "/moved/here", true},
		{rdio.SDRTrunk, 308, there.URL + "/moved/here", true},
		{rdio.RdioScanner, 308, strings.Replace(there.URL, "127.0.0.1", "localhost", 1) + "/moved/here", true},
		{rdio.Voxcall, 307, there.URL + "/moved/here", true},
		{rdio.SDRTrunk, 301, there.URL + "/moved/here", false},
		{rdio.SDRTrunk, 302, there.URL + "/moved/here", false},
		{rdio.TrunkRecorder, 308, there.URL + "/moved/here", false},
		{rdio.Curl, 307, there.URL + "/moved/here", false},
		{rdio.SDRTrunk, 308, "http://192.0.2.1/moved/here", false},
		{rdio.SDRTrunk, 308, "", false},
	} {
		for _, http2 := range []bool{false, true} { // by wire, and by net/http
			status.Store(int64(tt.status))
			location.Store(tt.location)
			got.Store(0)
			up := realTarget(t, here.URL, tt.client, http2).Uploader()
			a := up.Upload(t.Context(), oneCall(t, tt.client))
			up.Close()
			want, class, n := tt.status, measure.Status, int64(0)
			if tt.follows {
				want, class, n = 200, measure.Accepted, 1
			}
			if a.Status != want || a.Class != class || got.Load() != n || int64(a.Redirects) != n ||
				!tt.follows && !strings.Contains(a.Detail, "redirected to ") {
				t.Errorf("%v, %d to %q, net/http %t: %v, %d, %q, %d redirects, %d calls there", tt.client, tt.status,
					tt.location, http2, a.Class, a.Status, a.Detail, a.Redirects, got.Load())
			}
		}
	}
}

// rdio-scanner leaves the connections of its calls open, and forgets them.
func TestRealClientsHoldConnections(t *testing.T) {
	var open atomic.Int64
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		fmt.Fprint(w, rdio.PhraseImported)
	}))
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		switch state {
		case http.StateNew:
			open.Add(1)
		case http.StateClosed:
			open.Add(-1)
		}
	}
	server.Start()
	defer server.Close()
	for client, held := range map[rdio.Client]int64{rdio.RdioScanner: 12, rdio.TrunkRecorder: 0, rdio.SDRTrunk: 0} {
		target := realTarget(t, server.URL, client, false)
		up := target.Uploader()
		for range 12 {
			if a := up.Upload(t.Context(), oneCall(t, client)); a.Class != measure.Accepted {
				t.Fatalf("%v: %s", a.Class, a.Detail)
			}
		}
		up.Close()
		await(t, fmt.Sprintf("%v has %d connections open", client, held), func() bool { return open.Load() == held })
		if n := target.(interface{ HeldConnections() int }).HeldConnections(); int64(n) != held {
			t.Errorf("%v: %d connections were held, want %d", client, n, held)
		}
		target.Close()
		await(t, "all are closed at the end", func() bool { return open.Load() == 0 })
	}
}

// await polls until ok, and fails the test if that takes absurdly long.
func await(t *testing.T, what string, ok func() bool) {
	t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for tick := time.NewTicker(2 * time.Millisecond); !ok(); <-tick.C {
		if time.Now().After(deadline) {
			t.Fatalf("still not so: %s", what)
		}
	}
}
