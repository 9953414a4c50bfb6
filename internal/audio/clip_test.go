package audio

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"strings"
	"testing"
	"time"
)

// Two calls of the same clip differ by their tags alone, and what is said of a call's bytes is what is sent.
func TestTagsMakeClipsUnique(t *testing.T) {
	m := newTestMP3(t)
	c := m.Clip(Want{Length: time.Second})
	one, other := c.Bytes(testTag), c.Bytes([]byte("rs-abcdefgh-12345678"))
	if len(one) != len(other) || bytes.Equal(one, other) || len(one) != c.Size() {
		t.Errorf("%d and %d bytes, said to be %d", len(one), len(other), c.Size())
	}
	if c.Sum(testTag) != sha256.Sum256(one) {
		t.Error("the sum is another one than that of the bytes")
	}
	if long := c.Bytes(bytes.Repeat([]byte("x"), 3*MaxTag)); len(long) != c.Size() {
		t.Errorf("a long tag makes %d bytes of %d", len(long), c.Size())
	}
	if bare := (&Clip{Body: one}).Bytes(testTag); !bytes.Equal(bare, one) {
		t.Error("a clip without a head changes its body")
	}
}

// The tag of a bundled clip names no talkgroup, radio or time: those of the upload are others.
func TestTagDoesNotContradictTheUpload(t *testing.T) {
	m, err := NewMP3(0)
	if err != nil {
		t.Fatal(err)
	}
	kept := string(m.id3.frames)
	for _, frame := range []string{"COMM", "TALB", "TDAT", "TIT1", "TIT2", "TPE1", "TYER", "Dispatch", "2025"} {
		if strings.Contains(kept, frame) {
			t.Errorf("the tag has %s: %q", frame, kept)
		}
	}
	if !strings.Contains(kept, "TCOM") || !strings.Contains(kept, "sdrtrunk v0.6.2") {
		t.Errorf("the program is lost: %q", kept)
	}
}

// Programs that read ID3 find the tag.
func TestMP3TagIsRead(t *testing.T) {
	c := newTestMP3(t).Clip(Want{Bytes: 10_000})
	var probe struct {
		Format struct {
			Tags map[string]string `json:"tags"`
		}
	}
	out := pipe(t, nil, "ffprobe", "-of", "json", "-show_format", onDisk(t, "a.mp3", c.Bytes(testTag)))
	if err := json.Unmarshal(out, &probe); err != nil {
		t.Fatal(err)
	}
	if got := probe.Format.Tags["rdiostress"]; got != string(testTag) {
		t.Errorf("the tag reads %q, among %v", got, probe.Format.Tags)
	}
	if got := probe.Format.Tags["genre"]; got != "Scanner Audio" {
		t.Errorf("the recording's own tag is lost: %v", probe.Format.Tags)
	}
}
