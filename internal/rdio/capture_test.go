package rdio_test

import (
	"bufio"
	"bytes"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"rdiostress/internal/rdio"
)

// now is when the captures are taken to arrive, shortly after the newest of them was made.
var now = time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC)

// capture is a request as it came over the wire.
func capture(t testing.TB, name string) *http.Request {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("..", "..", "testdata", "captures", name))
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(raw)))
	if err != nil {
		t.Fatal(err)
	}
	return req
}

// read decodes a request's form and returns it with its audio.
func read(t testing.TB, req *http.Request) (*rdio.Form, []byte) {
	t.Helper()
	boundary, err := rdio.Boundary(req.Header.Get("Content-Type"))
	if err != nil {
		t.Fatal(err)
	}
	var audio bytes.Buffer
	form, err := rdio.ReadForm(req.Body, boundary,
		func(_ *rdio.Form, r io.Reader) (int64, error) { return io.Copy(&audio, r) })
	if err != nil {
		t.Fatal(err)
	}
	return form, audio.Bytes()
}

func TestCaptures(t *testing.T) {
	patch := []int64{52198, 52199}
	fire := []string{"Fire"}
	units := []rdio.Unit{{ID: 4424000}, {ID: 4424017, OffsetS: 1.1}}
	noon := time.Date(2025, 11, 24, 16, 0, 0, 0, time.UTC)
	tests := []struct {
		file, key, magic string
		audio            int
		want             rdio.Call
	}{
		{"sdrtrunk-call.http", "test-api-key", "ID3", 4450, rdio.Call{
			System: 11, Talkgroup: 5000, Time: time.Unix(1795471519, 0).UTC(), AudioName: "20261123_101112.123.mp3",
			Patches: patch, SystemLabel: "Own", TalkgroupGroups: fire,
		}},
		{"trunk-recorder-call.http", "test-api-key", "\x00\x00\x00\x1cftypM4A", 11417, rdio.Call{
			System: 11, Talkgroup: 1001, Time: noon,
			AudioName: "1001-1764000000_851012500-call_42.m4a", AudioType: "audio/mp4",
			Frequency: 851012500, Source: 4424000, Units: units,
			Frequencies: []rdio.Frequency{{Hz: 851012500, LengthS: 1.98}},
			SystemLabel: "countyp25", TalkgroupLabel: "FD Dispatch", TalkgroupName: "Fire Department Dispatch",
			TalkgroupTag: "Fire Dispatch", TalkgroupGroups: fire,
		}},
		{"voxcall-call.http", "test-api-key", "ID3", 4450, rdio.Call{
			System: 11, Talkgroup: 1001, Time: noon.Add(123 * time.Millisecond), AudioName: "1764000000-1.mp3",
		}},
		{"rdio-scanner-downstream-call.http", "downstream-key", "ID3", 4450, rdio.Call{
			System: 11, Talkgroup: 1001, Time: time.UnixMilli(1795472517000).UTC(),
			AudioName: "run-7f3a-000042.mp3", AudioType: "audio/mpeg",
			Frequency: 851012500, Source: 4424000, Units: units, Frequencies: []rdio.Frequency{{Hz: 851012500}},
			SystemLabel: "countyp25", TalkgroupLabel: "FD Dispatch", TalkgroupName: "Fire Department Dispatch",
			TalkgroupTag: "Fire Dispatch", TalkgroupGroups: fire,
		}},
		{"curl-documented-call.http", "test-api-key", "RIFF", 16078, rdio.Call{
			System: 11, Talkgroup: 54241, Time: noon, AudioName: "audio.wav", AudioType: "audio/x-wav",
			Frequency: 774031250, Source: 4424000, Site: 1,
			SystemLabel: "RSP25MTL", TalkgroupLabel: "TDB A1", TalkgroupTag: "Fire dispatch", TalkgroupGroups: fire,
		}},
	}
	for _, tt := range tests {
		t.Run(tt.file, func(t *testing.T) {
			form, audio := read(t, capture(t, tt.file))
			if form.Key != tt.key || form.IsTest || !form.HasAudio {
				t.Errorf(
					"key %q, test %t, audio %t; want %q, false, true", form.Key, form.IsTest, form.HasAudio, tt.key,
				)
			}
			if len(audio) != tt.audio || form.AudioBytes != int64(tt.audio) ||
				!bytes.HasPrefix(audio, []byte(tt.magic)) {
				t.Errorf("audio of %d bytes (counted %d) begins %.12q; want %d bytes that begin %q",
					len(audio), form.AudioBytes, audio, tt.audio, tt.magic)
			}
			got, dropped, err := form.Call(now)
			if err != nil || len(dropped) > 0 {
				t.Fatalf("error %v, dropped %q", err, dropped)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("call differs (-want +got):\n%s", diff)
			}
		})
	}
}

func TestConnectionTestCapture(t *testing.T) {
	form, audio := read(t, capture(t, "sdrtrunk-connection-test.http"))
	if !form.IsTest || form.Key != "test-api-key" || form.Number("system") != 11 || form.HasAudio || len(audio) > 0 {
		t.Errorf("got %+v and %d bytes of audio", form, len(audio))
	}
}

// Every capture is listed in TestCaptures or TestConnectionTestCapture; a new one must not be forgotten.
func TestAllCapturesTested(t *testing.T) {
	files, err := filepath.Glob("../../testdata/captures/*.http")
	if err != nil {
		t.Fatal(err)
	}
	for i := range files {
		files[i] = filepath.Base(files[i])
	}
	want := []string{
		"curl-documented-call.http", "rdio-scanner-downstream-call.http", "sdrtrunk-call.http",
		"sdrtrunk-connection-test.http", "trunk-recorder-call.http", "voxcall-call.http",
	}
	if !slices.Equal(files, want) {
		t.Errorf("captures are %q, the tests know %q", files, want)
	}
}
