package traffic

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"rdiostress/internal/replay"
	"rdiostress/internal/scenario"
)

// archive makes a small archive: ten calls, half a second apart, one of them encrypted and one without its audio.
func archive(t *testing.T) *replay.Archive {
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
		writeRecording(t, stem, side, audio)
	}
	return openArchive(t, dir)
}

// writeRecording writes a recording and its sidecar.
func writeRecording(t *testing.T, stem, side string, audio []byte) {
	t.Helper()
	for name, text := range map[string][]byte{stem + ".json": []byte(side), stem + ".ogg": audio} {
		if err := os.WriteFile(name, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func openArchive(t *testing.T, dir string) *replay.Archive {
	t.Helper()
	a, err := replay.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// replayOf sends recordings at a speed.
func replayOf(a *replay.Archive, speed float64) scenario.Replay {
	return scenario.Replay{Recordings: a.Len(), Span: a.Span(), Speed: speed}
}

// busyArchive makes one of 40 calls of one talkgroup, three seconds apart, of which every tenth was recorded twice.
func busyArchive(t *testing.T) *replay.Archive {
	t.Helper()
	dir := t.TempDir()
	for i := range 44 {
		at := 1_772_384_400 + 3*min(i, 39)
		if i >= 40 {
			at = 1_772_384_400 + 30*(i-40)
		}
		stem := filepath.Join(dir, fmt.Sprintf("1001-%d_851012500.0-call_%d", at, i))
		side := fmt.Sprintf(`{"talkgroup":1001,"start_time":%d,"short_name":"net"}`, at)
		writeRecording(t, stem, side, make([]byte, 100))
	}
	return openArchive(t, dir)
}
