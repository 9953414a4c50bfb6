package audio

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"rdiostress/internal/testenv"
	clips "rdiostress/testdata/audio"
)

// folder has the embedded clips, and files that are no clips.
func folder(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	entries, err := clips.FS.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		write(t, dir, e.Name(), readClip(t, e.Name()))
	}
	return dir
}

func write(t *testing.T, dir, name string, file []byte) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), file, 0o600); err != nil {
		t.Fatal(err)
	}
}

// A recording plays as it did before, has a tag, and no two calls of it have the same bytes.
func TestRecordingsAreTagged(t *testing.T) {
	dir := folder(t)
	// Sound before index, as most programs write it, and MPEG 1.
	for name, args := range map[string][]string{"late.m4a": {"-c:a", "aac"}, "stereo.mp3": {
		"-ar", "44100", "-ac", "2",
		"-c:a", "libmp3lame",
	}} {
		out := filepath.Join(dir, name)
		cmd := exec.Command(
			testenv.Program(t, "ffmpeg", "ffmpeg"),
			append(append([]string{"-v", "error", "-i", filepath.Join(dir, "police-reply-3s.wav")}, args...), out)...)
		if text, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, text)
		}
	}
	r, err := ReadRecordings(dir, MaxRecordings)
	if err != nil || r.Len() != 9 || len(r.Bad) != 0 || r.Bare != 0 {
		t.Fatalf("%v, %v", r, err)
	}
	names, _ := filepath.Glob(dir + "/*")
	for i, name := range names {
		c := r.Clip(Want{Random: uint64(i)})
		file := c.Bytes(testTag)
		original, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if len(file) != c.Size() || !bytes.Contains(file, testTag) || bytes.Equal(file, c.Bytes([]byte("other"))) {
			t.Errorf("%s: not tagged", name)
		}
		before, after := decode(t, original), decode(t, file)
		if len(before) != len(after) || len(before) == 0 {
			t.Errorf("%s: %d samples before, %d after", name, len(before), len(after))
		}
		probed := probe(t, filepath.Base(name), file).Streams[0]
		if diff := probed.Duration - c.Duration.Seconds(); diff > 0.1 || diff < -0.1 {
			t.Errorf("%s: plays %v s, said to be %v", name, probed.Duration, c.Duration)
		}
	}
}

func TestUnusableRecordings(t *testing.T) {
	dir := t.TempDir()
	if _, err := ReadRecordings(dir, 1<<20); err == nil || !strings.Contains(err.Error(), "no MP3, M4A or WAV files") {
		t.Errorf("an empty folder: %v", err)
	}
	for _, name := range []string{"bad.mp3", "bad.wav", "bad.m4a"} {
		write(t, dir, name, []byte("this is no audio at all"))
	}
	write(t, dir, "notes.txt", []byte("nor is this"))
	if _, err := ReadRecordings(dir, 1<<20); err == nil ||
		!strings.Contains(err.Error(), "none of 3 recordings can be used") {
		t.Errorf("no good file: %v", err)
	}
	write(t, dir, "good.wav", readClip(t, "police-reply-3s.wav"))
	write(t, dir, "later.wav", readClip(t, "police-reply-3s.wav"))
	r, err := ReadRecordings(dir, 60_000)
	if err != nil || r.Len() != 1 || r.Beyond != 1 || len(r.Bad) != 3 {
		t.Fatalf("%v, %v", r, err)
	}
	if want := "1 recordings; 3 cannot be used; 1 left out"; !strings.HasPrefix(r.String(), want) {
		t.Errorf("%q, want %q", r, want)
	}
	if _, err := ReadRecordings(filepath.Join(dir, "missing"), 1); err == nil ||
		!strings.Contains(err.Error(), "no such file") {
		t.Errorf("a folder that is not there: %v", err)
	}
}

func FuzzReadRecording(f *testing.F) {
	for _, name := range []string{"police-5s.mp3", "public-works-6s.m4a", "police-reply-3s.wav"} {
		file, err := clips.FS.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(file[:2000])
	}
	f.Fuzz(func(t *testing.T, file []byte) {
		for _, name := range []string{"a.mp3", "a.wav", "a.m4a"} {
			if c, err := readerOf(name)(bytes.Clone(file)); err == nil && len(c.Bytes(testTag)) != c.Size() {
				t.Errorf("%s: %d bytes, said to be %d", name, len(c.Bytes(testTag)), c.Size())
			}
		}
	})
}
