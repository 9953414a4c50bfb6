package audio

import (
	"bytes"
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	clips "rdiostress/testdata/audio"
)

// sample reads a file of testdata.
func sample(t testing.TB, name string) []byte {
	t.Helper()
	file, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return file
}

func TestMeasure(t *testing.T) {
	for _, tt := range []struct {
		name   string
		file   []byte
		length time.Duration
		silent bool
	}{
		// with the encoder's first frame
		{"fragmented.m4a", sample(t, "fragmented.m4a"), 1028 * time.Millisecond, false},
		{"plain.MP4", sample(t, "plain.m4a"), 900 * time.Millisecond, false},
		{"padded.m4a", sample(t, "padded.m4a"), 3011 * time.Millisecond, false},
		{"silent.m4a", sample(t, "silent.m4a"), 1028 * time.Millisecond, true},
		{"without an extension", sample(t, "plain.m4a"), 900 * time.Millisecond, false},
		{"fire-dispatch-30s.mp3", embedded(t, "fire-dispatch-30s.mp3"), 29880 * time.Millisecond, false},
		{"police-vox-5s.mp3", embedded(t, "police-vox-5s.mp3"), 4571 * time.Millisecond, false},
		{"", embedded(t, "police-vox-5s.mp3"), 4571 * time.Millisecond, false},
		{"police-reply-3s.wav", embedded(t, "police-reply-3s.wav"), 3220 * time.Millisecond, false},
		{"", embedded(t, "police-reply-3s.wav"), 3220 * time.Millisecond, false},
		{"public-works-6s.m4a", embedded(t, "public-works-6s.m4a"), 6157 * time.Millisecond, false},
		{"ems-10s.m4a", embedded(t, "ems-10s.m4a"), 9983 * time.Millisecond, false},
	} {
		s, err := Measure(tt.name, tt.file)
		if err != nil || (s.Length-tt.length).Abs() > time.Millisecond || s.Silent != tt.silent {
			t.Errorf(
				"%s: %v, silent %t, %v; want %v, silent %t", tt.name, s.Length, s.Silent, err, tt.length, tt.silent,
			)
		}
	}
	for _, name := range []string{"call.opus", "", "a.", "README"} {
		if _, err := Measure(name, []byte("OggS, or something like that")); !errors.Is(err, ErrFormat) {
			t.Errorf("%q: %v", name, err)
		}
	}
}

// What lies between the frames of an MP3 file is skipped by decoders: then its length is not known.
func TestMeasureMP3Ends(t *testing.T) {
	file := embedded(t, "police-5s.mp3")
	for what, tt := range map[string]struct {
		rest  string
		known bool
	}{
		"a tag": {"TAG" + strings.Repeat(" ", 125), true}, "another tag": {"APETAGEX and so on", true},
		"padding": {strings.Repeat("\x00", 200), true}, "half a frame": {
			string(file[len(file)-72 : len(file)-30]),
			true,
		},
		"some bytes": {"\xff\xf3", true}, "something else": {"something else, and " + string(file[2000:]), false},
	} {
		s, err := Measure(".mp3", append(bytes.Clone(file), tt.rest...))
		if known := err == nil; known != tt.known || known && s.Length != 4572*time.Millisecond ||
			!known && !errors.Is(err, ErrFormat) {
			t.Errorf("%s: %v, %v", what, s.Length, err)
		}
	}
}

func embedded(t testing.TB, name string) []byte {
	t.Helper()
	file, err := clips.FS.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return file
}

// The clips that are sent measure as long as they say, of whatever kind and length, and none is silent.
func TestMeasureClips(t *testing.T) {
	for kind := range WAVAt8kHz + 1 {
		source, err := New(kind, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, length := range []time.Duration{time.Second / 2, time.Second, 2900 * time.Millisecond, time.Minute} {
			clip := source.Clip(Want{Length: length})
			s, err := Measure(clip.Ext, clip.Bytes(testTag))
			if err != nil || (s.Length-clip.Duration).Abs() > time.Millisecond || s.Silent {
				t.Errorf("kind %d, %v: measured %v, silent %t, %v", kind, clip.Duration, s.Length, s.Silent, err)
			}
		}
	}
}

// A file that ends early, wherever, is not taken for one.
func TestMeasureCutOff(t *testing.T) {
	for _, name := range []string{"fragmented.m4a", "plain.m4a"} {
		file := sample(t, name)
		for n := range file {
			if s, err := Measure(name, file[:n]); err == nil && !bytes.Contains(file[n:], []byte("mfra")) {
				t.Fatalf("the first %d of %d bytes of %s are taken for %v", n, len(file), name, s.Length)
			}
		}
	}
}

// box is where the content of the first box of a name begins.
func box(t testing.TB, file []byte, name string) int {
	t.Helper()
	i := bytes.Index(file, []byte(name))
	if i < 0 {
		t.Fatalf("no box %q", name)
	}
	return i + 4
}

// What a file says of its sound has to hold together.
func TestMeasureDamagedIndex(t *testing.T) {
	set := func(name string, at int, value uint32) func(testing.TB, []byte) {
		return func(t testing.TB, file []byte) { binary.BigEndian.PutUint32(file[box(t, file, name)+at:], value) }
	}
	rename := func(name, to string) func(testing.TB, []byte) {
		return func(t testing.TB, file []byte) { copy(file[box(t, file, name)-4:], to) }
	}
	for _, tt := range []struct {
		what, name string
		spoil      func(testing.TB, []byte)
		want       string // in the error
	}{
		{"no movie header", "plain.m4a", rename("mvhd", "free"), "no sound track"},
		{"another handler", "plain.m4a", rename("soun", "vide"), "no sound track"},
		{"no track", "fragmented.m4a", rename("trak", "free"), "of track 1, which is not there"},
		{"no time scale", "plain.m4a", set("mdhd", 12, 0), "no time scale"},
		{"no sizes", "plain.m4a", rename("stsz", "free"), "no table of sizes"},
		{"more sizes than there are", "plain.m4a", set("stsz", 8, 1000), "table of sizes is cut off"},
		{"fewer sizes", "plain.m4a", set("stsz", 8, 5), "durations does not fit"},
		{"more durations", "plain.m4a", set("stts", 8, 1000), "durations does not fit"},
		{"no durations", "plain.m4a", rename("stts", "free"), "durations does not fit"},
		{"no chunks", "plain.m4a", rename("stco", "free"), "0 of 9 samples"},
		{"no samples in chunks", "plain.m4a", rename("stsc", "free"), "0 of 9 samples"},
		{"more runs of chunks than there are", "plain.m4a", set("stsc", 4, 1<<32-1), "of 9 samples"},
		{"fewer samples in chunks", "plain.m4a", set("stsc", 12, 3), "of 9 samples"},
		{"a chunk far off", "plain.m4a", set("stco", 8, 1<<30), "where none is"},
		{"a chunk before the sound", "plain.m4a", set("stco", 8, 0), "where none is"},
		{"the last chunk beyond the end", "plain.m4a", func(t testing.TB, file []byte) {
			at := box(t, file, "stco")
			last := at + 4 + 4*int(binary.BigEndian.Uint32(file[at+4:]))
			binary.BigEndian.PutUint32(file[last:], uint32(len(file)-10))
		}, "where none is"},
		{"a sample as large as the file", "plain.m4a", set("stsz", 12, 4000), "where none is"},
		{"no fragment", "fragmented.m4a", rename("moof", "free"), "no sound in it"},
		{"a run far off", "fragmented.m4a", set("trun", 8, 1<<20), "where none is"},
		{"a fragment of another track", "fragmented.m4a", set("tfhd", 4, 7), "of track 7"},
		{"more samples than the run has", "fragmented.m4a", set("trun", 4, 5000), "is cut off"},
		{"no samples in the run", "fragmented.m4a", set("trun", 4, 0), "no sound in it"},
		{"no codec", "plain.m4a", rename("stsd", "free"), "does not say how it is encoded"},
	} {
		t.Run(tt.what, func(t *testing.T) {
			file := sample(t, tt.name)
			tt.spoil(t, file)
			if s, err := Measure(tt.name, file); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("%v, %v; want an error with %q", s, err, tt.want)
			}
		})
	}
}

// AAC of silence takes few bytes at every rate, and the faintest noise many: what lies between tells them apart.
func TestMeasureSilence(t *testing.T) {
	encode := func(t *testing.T, source string, more ...string) Sound {
		args := append([]string{"-f", "lavfi", "-i", source}, more...)
		args = append(args, "-c:a", "aac", "-b:a", "32k", "-movflags", "frag_keyframe+empty_moov", "-f", "ipod", "-")
		s, err := Measure(".m4a", pipe(t, nil, "ffmpeg", args...))
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	for _, rate := range []string{"8000", "22050", "48000"} {
		for _, length := range []string{"0.5", "4"} {
			for _, layout := range []string{"mono", "stereo"} {
				if !encode(t, "anullsrc=r="+rate+":cl="+layout+":d="+length).Silent {
					t.Errorf("%s s of silence at %s Hz, %s, is taken for sound", length, rate, layout)
				}
			}
			if !encode(t, "anullsrc=r="+rate+":cl=mono:d="+length, "-af", "apad=whole_dur=3s,loudnorm").Silent {
				t.Errorf("%s s of silence at %s Hz is taken for sound, with a loudness filter", length, rate)
			}
			if encode(t, "aevalsrc='(random(0)-0.5)*2/32768':s="+rate+":d="+length).Silent {
				t.Errorf("%s s of faint noise at %s Hz is taken for silence", length, rate)
			}
		}
	}
}

// Silence that is sent is told from sound too, so that a server is not blamed for what it was sent.
func TestMeasureSilenceSent(t *testing.T) {
	for ext, encoder := range map[string][]string{
		".mp3": {"-c:a", "libmp3lame", "-b:a", "16k", "-f", "mp3"}, ".wav": {"-f", "wav"},
		".m4a": {"-c:a", "aac", "-b:a", "8k", "-movflags", "frag_keyframe+empty_moov", "-f", "ipod"},
	} {
		for source, silent := range map[string]bool{
			"anullsrc=r=16000:cl=mono:d=2": true, "sine=r=16000:d=2": false, "anullsrc=r=16000:cl=stereo:d=2": true,
			"sine=r=44100:d=2": false, "anullsrc=r=44100:cl=stereo:d=2": true,
		} {
			args := append([]string{"-f", "lavfi", "-i", source}, encoder...)
			path := filepath.Join(t.TempDir(), "sent"+ext) // a pipe would leave the length in a WAV file open
			pipe(t, nil, "ffmpeg", append(args, path)...)
			file, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			s, err := Measure(ext, file)
			if err != nil || s.Silent != silent {
				t.Errorf("%s of %s: silent %t, %v", ext, source, s.Silent, err)
			}
		}
	}
}

func FuzzMeasure(f *testing.F) {
	for _, name := range []string{"fragmented.m4a", "plain.m4a", "padded.m4a", "silent.m4a"} {
		f.Add(name, sample(f, name))
	}
	for _, name := range []string{"police-5s.mp3", "public-works-6s.m4a", "police-reply-3s.wav"} {
		f.Add("", embedded(f, name))
	}
	f.Fuzz(func(t *testing.T, name string, file []byte) {
		before := string(file)
		s, err := Measure(name, file)
		if string(file) != before {
			t.Error("the file was changed")
		}
		if s.Length < 0 || err != nil && s != (Sound{}) {
			t.Errorf("measured %+v, %v", s, err)
		}
	})
}

func BenchmarkMeasure(b *testing.B) {
	file := sample(b, "padded.m4a")
	for b.Loop() {
		if _, err := Measure(".m4a", file); err != nil {
			b.Fatal(err)
		}
	}
}
