package server_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"rdiostress/internal/rdio"
	"rdiostress/internal/server"
)

// Every captured request, sent byte for byte over a real connection, is accepted, and every field is stored correctly.
func TestCaptures(t *testing.T) {
	fire := []string{"Fire"}
	units := []rdio.Unit{{ID: 4424000}, {ID: 4424017, OffsetS: 1.1}}
	noon := time.Date(2025, 11, 24, 16, 0, 0, 0, time.UTC)
	dispatch := rdio.Call{
		System: 11, Talkgroup: 1001, Time: noon, Frequency: 851012500, Source: 4424000, Units: units,
		SystemLabel: "countyp25", TalkgroupLabel: "FD Dispatch", TalkgroupName: "Fire Department Dispatch",
		TalkgroupTag: "Fire Dispatch", TalkgroupGroups: fire,
	}
	recorder, downstream := dispatch, dispatch
	recorder.AudioName, recorder.AudioType = "1001-1764000000_851012500-call_42.m4a", "audio/mp4"
	recorder.Frequencies = []rdio.Frequency{{Hz: 851012500, LengthS: 1.98}}
	downstream.AudioName, downstream.AudioType = "run-7f3a-000042.mp3", "audio/mpeg"
	downstream.Frequencies = []rdio.Frequency{{Hz: 851012500}}
	downstream.Time = time.UnixMilli(1795472517000).UTC()
	tests := []struct {
		file, key string
		audio     int
		want      rdio.Call
	}{
		{"sdrtrunk-call.http", "test-api-key", 4450, rdio.Call{
			System: 11, Talkgroup: 5000, Time: time.Unix(1795471519, 0).UTC(), AudioName: "20261123_101112.123.mp3",
			Patches: []int64{52198, 52199}, SystemLabel: "Own", TalkgroupGroups: fire,
		}},
		{"trunk-recorder-call.http", "test-api-key", 11417, recorder},
		{"voxcall-call.http", "test-api-key", 4450, rdio.Call{
			System: 11, Talkgroup: 1001, Time: noon.Add(123 * time.Millisecond), AudioName: "1764000000-1.mp3",
		}},
		{"rdio-scanner-downstream-call.http", "downstream-key", 4450, downstream},
		{"curl-documented-call.http", "test-api-key", 16078, rdio.Call{
			System: 11, Talkgroup: 54241, Time: noon, AudioName: "audio.wav", AudioType: "audio/x-wav",
			Frequency: 774031250, Source: 4424000, Site: 1,
			SystemLabel: "RSP25MTL", TalkgroupLabel: "TDB A1", TalkgroupTag: "Fire dispatch", TalkgroupGroups: fire,
		}},
	}
	for _, tt := range tests {
		t.Run(tt.file, func(t *testing.T) {
			r := newRig(t, func(o *server.Options) { o.APIKey = tt.key })
			raw := capture(t, tt.file)
			conn := r.dial(t)
			for id := range int64(2) { // on the same connection, as keep-alive clients do
				conn.Write(raw)
				if status, body := reply(t, conn); status != 200 || body != "Call imported successfully.\n" {
					t.Fatalf("got %d %q", status, body)
				}
				rec, err := r.store.Call(t.Context(), id+1)
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(tt.want, rec.Call); diff != "" {
					t.Errorf("call differs (-want +got):\n%s", diff)
				}
				audio := storedAudio(t, r, id+1)
				if len(audio) != tt.audio || !bytes.Contains(raw, audio) || rec.SHA256 != sha256.Sum256(audio) {
					t.Errorf("%d bytes of audio with hash %x, want %d", len(audio), rec.SHA256, tt.audio)
				}
			}
		})
	}
}

func capture(t testing.TB, name string) []byte {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("..", "..", "testdata", "captures", name))
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func storedAudio(t testing.TB, r *rig, id int64) []byte {
	t.Helper()
	a, err := r.store.Audio(context.WithoutCancel(t.Context()), id)
	if err != nil {
		t.Fatal(err)
	}
	return readAll(t, a)
}

func TestConnectionTestCapture(t *testing.T) {
	r := newRig(t, func(o *server.Options) { o.APIKey = "test-api-key" })
	conn := r.dial(t)
	conn.Write(capture(t, "sdrtrunk-connection-test.http"))
	if status, body := reply(t, conn); status != 200 || body != "incomplete call data: no talkgroup\n" {
		t.Errorf("got %d %q", status, body)
	}
	if n := r.total(t); n != 0 {
		t.Errorf("a test stored %d calls", n)
	}
}

// A recording with trunk-recorder's sidecar is stored with the sidecar's start time, where rdio-scanner 7 uses the time
// of arrival.
func TestTrunkRecorderUpload(t *testing.T) {
	r := newRig(t)
	meta := `{"freq":851012500,"start_time":1764000000,"talkgroup":1001,"talkgroup_tag":"FD Dispatch",` +
		`"short_name":"countyp25",` +
		`"srcList":[{"src":4424000,"time":1764000000,"pos":0.00,"tag":""}]}`
	upload := func(meta string) []field {
		return []field{{"audio", strings.Repeat("x", 100)}, {"key", key}, {"system", "11"}, {"meta", meta}}
	}
	resp, body := r.do(t, http.MethodPost, "/api/trunk-recorder-call-upload", strings.NewReader(form(upload(meta))))
	if resp.StatusCode != 200 || body != "Call imported successfully.\n" {
		t.Fatalf("got %s %q", resp.Status, body)
	}
	rec, err := r.store.Call(t.Context(), 1)
	want := rdio.Call{
		System: 11, Talkgroup: 1001, Time: time.Unix(1764000000, 0).UTC(), AudioName: "a.mp3", Frequency: 851012500,
		Source: 4424000, Units: []rdio.Unit{{ID: 4424000}}, SystemLabel: "countyp25", TalkgroupLabel: "FD Dispatch",
	}
	if diff := cmp.Diff(want, rec.Call); diff != "" || err != nil {
		t.Errorf("%v; call differs (-want +got):\n%s", err, diff)
	}
	for _, tt := range []struct {
		fields []field
		status int
		want   string
	}{
		{upload("{"), 400, "Malformed form: meta is not the JSON that trunk-recorder writes"},
		{upload("-absent-"), 417, "Incomplete call data: no meta"},
		{upload(`{"talkgroup":1}`), 417, "Incomplete call data: no timestamp"},
		{upload(`{"start_time":1764000000}`), 417, "Incomplete call data: no talkgroup"},
		{append(upload(meta)[:1:1], upload(meta)[2:]...), 401, "Invalid API key for system 11"},
	} {
		resp, body := r.do(t, http.MethodPost, "/api/trunk-recorder-call-upload", strings.NewReader(form(tt.fields)))
		if resp.StatusCode != tt.status || body != tt.want+"\n" {
			t.Errorf("got %s %q, want %d %q", resp.Status, body, tt.status, tt.want)
		}
	}
}
