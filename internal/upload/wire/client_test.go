package wire

import (
	"bytes"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"rdiostress/internal/measure"
	"rdiostress/internal/rdio"
	"rdiostress/internal/scenario"
	"rdiostress/internal/upload"
	"rdiostress/internal/upload/uploadtest"
)

// A request is, byte for byte, the one that the client was seen to send.
func TestWireIsTheClientByteForByte(t *testing.T) {
	raw, err := os.ReadFile("../../../testdata/captures/trunk-recorder-call.http")
	if err != nil {
		t.Fatal(err)
	}
	random := regexp.MustCompile("-{24}([0-9a-f]{16})")
	mask := func(b []byte) string { return random.ReplaceAllString(string(b), "------------------------#") }
	want := mask(raw)
	audio := want[strings.Index(want, "\x00\x00\x00\x1cftyp"):]
	audio = audio[:strings.Index(audio, "\r\n--")]
	u := wire(t, "http://127.0.0.1:9972", nil)
	r := &upload.Request{Client: rdio.TrunkRecorder, Upload: rdio.Upload{
		Call: rdio.Call{
			System: 11, Talkgroup: 1001, Time: time.Unix(1764000000, 0), Frequency: 851012500,
			AudioName: "1001-1764000000_851012500-call_42.m4a", AudioType: "audio/mp4",
			Units: []rdio.Unit{{ID: 4424000}, {ID: 4424017, OffsetS: 1.1}}, SystemLabel: "countyp25",
			TalkgroupLabel: "FD Dispatch", TalkgroupName: "Fire Department Dispatch", TalkgroupTag: "Fire Dispatch",
			TalkgroupGroups: []string{"Fire"},
		},
		Duration: 1980 * time.Millisecond, Random: 3, Head: []byte(audio[:50]), Body: []byte(audio[50:]),
	}}
	for _, random := range []uint64{3, 4} {
		r.Random = random
		d, req := u.target.newDraft(), transfer{}
		u.target.encode(&d, r, &req)
		var got []byte
		for _, part := range req.parts {
			got = append(got, part...)
		}
		if diff := cmp.Diff(want, mask(got)); diff != "" {
			t.Errorf("(-captured +sent):\n%s", diff)
		}
		if len(got) != req.size {
			t.Errorf("%d bytes, said to be %d", len(got), req.size)
		}
	}
}

// net/http understands the requests of each client, in whatever order one uploader sends them, and clients that open a
// connection for each call do not use the others' connection.
func TestWireConnectionsByClient(t *testing.T) {
	var mu sync.Mutex
	calls := make(map[string][]string) // remote address -> user agents
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := r.ParseMultipartForm(1 << 20); err != nil || r.FormValue("key") != "test-api-key" {
			t.Errorf("%s: %v, key %q", r.UserAgent(), err, r.FormValue("key"))
		}
		if file, _, err := r.FormFile("audio"); err != nil {
			t.Errorf("%s: %v", r.UserAgent(), err)
		} else {
			file.Close()
		}
		mu.Lock()
		calls[r.RemoteAddr] = append(calls[r.RemoteAddr], r.UserAgent())
		mu.Unlock()
		_, _ = w.Write([]byte(rdio.PhraseImported))
	}))
	defer server.Close()
	for _, reuse := range []bool{false, true} {
		mu.Lock()
		clear(calls)
		mu.Unlock()
		u := wire(t, server.URL, func(_ *scenario.Scenario, o *upload.ConnectOptions) { o.Reuse = reuse })
		for round := range 2 {
			for c := range rdio.Client(rdio.NumClients) {
				s := testCall(smallAudio())
				s.Client, s.Random = c, uint64(round)
				if a := u.Upload(t.Context(), s); a.Class != measure.Accepted || a.Reconnected {
					t.Errorf("%v: %+v", c, a)
				}
			}
		}
		mu.Lock()
		want := 1 + 2*(rdio.NumClients-1) // SDRTrunk's one, and one for each other call
		if reuse {
			want = 1
		}
		if len(calls) != want {
			t.Errorf("%d connections, want %d: %v", len(calls), want, calls)
		}
		mu.Unlock()
	}
}

// Audio arrives unchanged, whether it is copied into the form, sent from memory or sent from a file that clips of one
// source share.
func TestAudioArrivesWhole(t *testing.T) {
	source := make([]byte, 6<<20)
	rand.NewChaCha8([32]byte{1}).Read(source)
	got := make(chan []byte, 1)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		file, _, err := r.FormFile("audio")
		if err != nil {
			t.Error(err)
			return
		}
		defer file.Close()
		audio, err := io.ReadAll(file)
		if err != nil {
			t.Error(err)
		}
		got <- audio
		_, _ = w.Write([]byte(rdio.PhraseImported))
	}))
	t.Cleanup(server.Close)
	for name, open := range wirings() {
		u := open.wire(t, server.URL, nil)
		for _, size := range []int{1000, 200_000, 4 << 20, 6 << 20, 5 << 20} {
			if a := u.Upload(t.Context(), testCall(source[:size])); a.Class != measure.Accepted {
				t.Fatalf("%s: %d bytes: %+v", name, size, a)
			}
			if !bytes.Equal(<-got, source[:size]) {
				t.Errorf("%s: %d bytes arrived changed", name, size)
			}
		}
	}
}

// The client decides which replies are a success.
func TestSuccessByClient(t *testing.T) {
	for _, tt := range []struct {
		status int
		body   string
		want   map[rdio.Client]measure.Class
	}{
		{200, "OK", map[rdio.Client]measure.Class{
			rdio.SDRTrunk: measure.Rejected, rdio.Curl: measure.Rejected, rdio.TrunkRecorder: measure.Accepted,
			rdio.TrunkRecorder52: measure.Accepted, rdio.Voxcall: measure.Accepted, rdio.RdioScanner: measure.Accepted,
		}},
		{201, "{}", map[rdio.Client]measure.Class{
			rdio.SDRTrunk: measure.Status, rdio.TrunkRecorder: measure.Status, rdio.TrunkRecorder52: measure.Accepted,
			rdio.Voxcall: measure.Status,
		}},
		{200, rdio.PhraseDuplicate, map[rdio.Client]measure.Class{
			rdio.SDRTrunk: measure.Duplicate, rdio.TrunkRecorder: measure.Duplicate,
			rdio.TrunkRecorder52: measure.Duplicate,
		}},
		// it is stored, whatever they make of it
		{201, `{"call_id":7,"system_id":1,"tgid":1001}`, map[rdio.Client]measure.Class{
			rdio.SDRTrunk: measure.Accepted, rdio.TrunkRecorder: measure.Accepted,
			rdio.TrunkRecorder52: measure.Accepted,
			rdio.Voxcall:         measure.Accepted, rdio.Curl: measure.Accepted,
		}},
		{409, `{"code":"duplicate"}`, map[rdio.Client]measure.Class{
			rdio.SDRTrunk: measure.Duplicate, rdio.TrunkRecorder: measure.Duplicate,
			rdio.TrunkRecorder52: measure.Duplicate,
		}},
		{401, "Invalid API key", map[rdio.Client]measure.Class{rdio.TrunkRecorder: measure.Unauthorised}},
	} {
		server := httptest.NewServer(uploadtest.Reply(tt.status, tt.body))
		u := wire(t, server.URL, nil)
		for c, want := range tt.want {
			r := testCall(smallAudio())
			r.Client = c
			if a := u.Upload(t.Context(), r); a.Class != want {
				t.Errorf("%d %s is %v to %v, want %v", tt.status, tt.body, a.Class, c, want)
			}
		}
		u.Close()
		server.Close()
	}
}
