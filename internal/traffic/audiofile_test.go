package traffic

import (
	"crypto/sha256"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"rdiostress/internal/replay/replaytest"
	"rdiostress/internal/scenario"
	"rdiostress/internal/upload"
	"rdiostress/internal/upload/uploadtest"
)

// The audio of a call can be made again.
func TestAudioFile(t *testing.T) {
	s := uploadtest.Scenario()
	var err error
	if s.Clients, err = scenario.ParseMix("sdrtrunk,trunk-recorder,curl"); err != nil {
		t.Fatal(err)
	}
	sources, err := NewSources(s.Clients, 0)
	if err != nil {
		t.Fatal(err)
	}
	traffic := New(s, Options{RunID: "abc", Start: start, Clips: sources})
	var c upload.Request
	forms := make(map[string]bool)
	for n := range uint64(100) {
		if !traffic.Next(n, 0, &c) {
			t.Fatalf("there is no call %d", n)
		}
		file := traffic.AudioFile(n)
		ext, size, sum := traffic.Audio(n)
		sent := append(append([]byte(nil), c.Head...), c.Body...)
		if string(file) != string(sent) || sha256.Sum256(file) != sum || int64(len(file)) != size {
			t.Errorf("call %d: %d bytes are made, %d were sent", n, len(file), len(sent))
		}
		forms[ext] = true
	}
	if len(forms) != 3 {
		t.Errorf("of the clients' formats there are %v", forms)
	}
}

// The audio of a recorded call can be read again as long as the file exists.
func TestAudioFileOfRecordings(t *testing.T) {
	recorded := strings.Repeat("what was recorded", 10)
	dir := t.TempDir()
	stem := filepath.Join(dir, "1001-1772384400_851012500.0-call_1")
	side := `{"talkgroup":1001,"start_time":1772384400,"short_name":"net"}`
	replaytest.WriteRecording(t, stem, side, []byte(recorded))
	s := uploadtest.Scenario()
	a := replaytest.Open(t, dir)
	s.Replay = replaytest.Scenario(a, 1)
	s.Duration = time.Second
	traffic := New(s, Options{RunID: "abc", Start: start, Archive: a})
	if file := traffic.AudioFile(0); string(file) != recorded {
		t.Errorf("read %q", file)
	}
	if err := os.Remove(stem + ".ogg"); err != nil {
		t.Fatal(err)
	}
	if ext, size, _ := traffic.Audio(0); traffic.AudioFile(0) != nil || ext != "" || size != 0 {
		t.Errorf("of one that is gone, %d bytes of %q are told", size, ext)
	}
}
