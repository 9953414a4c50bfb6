package audio

import (
	"bytes"
	"context"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"rdiostress/internal/testenv"
)

func findDecoder(t *testing.T) *Decoder {
	t.Helper()
	testenv.Program(t, "ffmpeg", "ffmpeg")
	d, err := FindDecoder()
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestDecode(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	d := findDecoder(t)
	if err := d.Try(t.Context()); err != nil {
		t.Error(err)
	}
	noise := sample(t, "fragmented.m4a")
	sound := noise[box(t, noise, "mdat"):]
	for i := range sound[:3900] {
		sound[i] = byte(i * 137)
	}
	for _, tt := range []struct { // the last frame is decoded whole
		name   string
		file   []byte
		length time.Duration
		silent bool
	}{
		{"fragmented.m4a", sample(t, "fragmented.m4a"), 1152 * time.Millisecond, false},
		{"plain.m4a", sample(t, "plain.m4a"), 1024 * time.Millisecond, false},
		{"silent.m4a", sample(t, "silent.m4a"), 1152 * time.Millisecond, true},
		{"police-vox-5s.mp3", embedded(t, "police-vox-5s.mp3"), 4571 * time.Millisecond, false},
		{"", embedded(t, "police-reply-3s.wav"), 3220 * time.Millisecond, false},
	} {
		s, err := d.Decode(t.Context(), tt.name, tt.file)
		if err != nil || (s.Length-tt.length).Abs() > 60*time.Millisecond || s.Silent != tt.silent {
			t.Errorf(
				"%s: %v, silent %t, %v; want %v, silent %t", tt.name, s.Length, s.Silent, err, tt.length, tt.silent,
			)
		}
	}
	// What only the frame shows as sound is not: its samples are noise.
	if s, err := d.Decode(t.Context(), "noise.m4a", noise); err == nil && s.Length > 700*time.Millisecond {
		t.Errorf("noise decodes to %v", s.Length)
	}
	for what, file := range map[string][]byte{"nothing": nil, "text": bytes.Repeat([]byte("text"), 500)} {
		_, err := d.Decode(t.Context(), "call.m4a", file)
		if !errors.Is(err, ErrUndecodable) || strings.Contains(err.Error(), os.TempDir()) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if _, err := d.Decode(t.Context(), "call.m3u8", []byte("#EXTM3U\nhttp://127.0.0.1/\n")); !errors.Is(
		err,
		ErrFormat,
	) {
		t.Errorf("a list of addresses: %v", err)
	}
	if left, err := os.ReadDir(os.TempDir()); err != nil || len(left) > 0 {
		t.Errorf("temporary files are left: %v, %v", left, err)
	}
}

// A decoder that does not work is no recording's fault.
func TestDecodeFaults(t *testing.T) {
	d := findDecoder(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := d.Decode(ctx, "plain.m4a", sample(t, "plain.m4a")); !errors.Is(err, context.Canceled) {
		t.Errorf("out of time: %v", err)
	}
	broken := &Decoder{command: []string{t.TempDir() + "/ffmpeg"}}
	_, err := broken.Decode(t.Context(), "plain.m4a", sample(t, "plain.m4a"))
	if err == nil || errors.Is(err, ErrUndecodable) {
		t.Errorf("no program: %v", err)
	}
	deaf := &Decoder{command: []string{testenv.Program(t, "false", "coreutils")}}
	if err := deaf.Try(t.Context()); err == nil || !strings.Contains(err.Error(), "ffmpeg does not decode AAC here") {
		t.Errorf("one that always fails: %v", err)
	}
	t.Setenv("PATH", t.TempDir())
	if _, err := FindDecoder(); err == nil || err.Error() != "ffmpeg is not installed here" {
		t.Errorf("not installed: %v", err)
	}
}
