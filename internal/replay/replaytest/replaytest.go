// Package replaytest makes small archives of recorded calls, for the tests of packages that send them. It is for tests
// only.
package replaytest

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"rdiostress/internal/replay"
	"rdiostress/internal/replay/location"
	"rdiostress/internal/scenario"
)

// Archive makes a small archive: ten calls, half a second apart, one of them encrypted and one without its audio.
func Archive(t *testing.T) *replay.Archive {
	t.Helper()
	dir := t.TempDir()
	for i := range 10 {
		at := 1_772_384_400 + i/2
		stem := filepath.Join(dir, fmt.Sprintf("%d-%d_851012500.0-call_%d", 1001+i, at, i))
		encrypted := 0
		if i == 3 {
			encrypted = 1
		}
		side := fmt.Sprintf(`{"talkgroup":%d,"start_time":%d,"encrypted":%d,"short_name":"net%d"}`, 1001+i, at,
			encrypted, i%2)
		audio := make([]byte, 100+i)
		if i == 5 {
			audio = nil
		}
		WriteRecording(t, stem, side, audio)
	}
	return Open(t, dir)
}

// WriteRecording writes a recording and its sidecar.
func WriteRecording(t *testing.T, stem, side string, audio []byte) {
	t.Helper()
	for name, text := range map[string][]byte{stem + ".json": []byte(side), stem + ".ogg": audio} {
		if err := os.WriteFile(name, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// Open opens the archive in a folder.
func Open(t *testing.T, dir string) *replay.Archive {
	t.Helper()
	a, err := location.Open(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// Scenario returns a replay of an archive at a speed.
func Scenario(a *replay.Archive, speed float64) scenario.Replay {
	return scenario.Replay{Recordings: a.Found(), Span: a.Span(), Speed: speed}
}

// BusyArchive makes an archive of 40 calls of one talkgroup, three seconds apart, of which every tenth was
// recorded twice.
func BusyArchive(t *testing.T) *replay.Archive {
	t.Helper()
	dir := t.TempDir()
	for i := range 44 {
		at := 1_772_384_400 + 3*min(i, 39)
		if i >= 40 {
			at = 1_772_384_400 + 30*(i-40)
		}
		stem := filepath.Join(dir, fmt.Sprintf("1001-%d_851012500.0-call_%d", at, i))
		side := fmt.Sprintf(`{"talkgroup":1001,"start_time":%d,"short_name":"net"}`, at)
		WriteRecording(t, stem, side, make([]byte, 100))
	}
	return Open(t, dir)
}
