package audio

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"io/fs"
	"math"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"rdiostress/internal/testenv"
	clips "rdiostress/testdata/audio"
)

// formats is what testdata/audio/README.md promises of each clip. bitRate is in bit/s as the encoder reports it, give
// or take a quarter: AAC's is nominal.
var formats = []struct {
	file, codec, rate string
	bitRate           float64
	duration          time.Duration
}{
	{"fire-dispatch-30s.mp3", "mp3", "16000", 16000, 29880 * time.Millisecond},
	{"fire-tac-12s.mp3", "mp3", "16000", 16000, 12240 * time.Millisecond},
	{"police-5s.mp3", "mp3", "16000", 16000, 4572 * time.Millisecond},
	{"police-reply-3s.wav", "pcm_s16le", "8000", 128000, 3220 * time.Millisecond},
	{"police-vox-5s.mp3", "mp3", "22050", 32000, 175 * 576 * time.Second / 22050},
	{"ems-10s.m4a", "aac", "16000", 32000, 9979 * time.Millisecond},
	{"public-works-6s.m4a", "aac", "8000", 8000, 6157 * time.Millisecond},
}

// pipe runs a program of the ffmpeg package on input and returns its output. It fails if the program complains at all.
func pipe(t *testing.T, input []byte, program string, args ...string) []byte {
	t.Helper()
	path := testenv.Program(t, program, "ffmpeg")
	cmd := exec.Command(path, append([]string{"-v", "error"}, args...)...)
	cmd.Stdin = bytes.NewReader(input)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil || stderr.Len() > 0 {
		t.Fatalf("%s: %v\n%s", program, err, stderr.Bytes())
	}
	return stdout.Bytes()
}

// decode returns the samples of file, -1 to 1, and fails on anything that ffmpeg holds against it.
func decode(t *testing.T, file []byte) []float64 {
	t.Helper()
	pcm := pipe(t, file, "ffmpeg", "-xerror", "-err_detect", "explode", "-i", "-", "-f", "s16le", "-")
	samples := make([]float64, len(pcm)/2)
	for i := range samples {
		samples[i] = float64(int16(binary.LittleEndian.Uint16(pcm[2*i:]))) / (1 << 15)
	}
	return samples
}

// checkAudible fails unless samples are speech at a sensible level: neither silence nor clipped.
func checkAudible(t *testing.T, samples []float64) {
	t.Helper()
	peak, power := 0.0, 0.0
	for _, s := range samples {
		peak = max(peak, math.Abs(s))
		power += s * s
	}
	rms := math.Sqrt(power / float64(len(samples)))
	if rms < 0.03 || peak > 0.95 {
		t.Errorf("RMS %.3f and peak %.3f of full scale, want speech (RMS 0.03 or more) that is not clipped", rms, peak)
	}
}

func TestClipDecodes(t *testing.T) {
	m := newTestMP3(t)
	for _, tt := range lengths {
		t.Run(tt.name, func(t *testing.T) {
			c := m.Clip(Want{Length: tt.ask})
			samples := decode(t, c.Bytes(testTag))
			got := time.Duration(len(samples)) * time.Second / 16000
			if (got - tt.want).Abs() > frame {
				t.Errorf("decodes to %v, want %v", got, tt.want)
			}
			checkAudible(t, samples)
		})
	}
}

func TestEmbeddedFormats(t *testing.T) {
	for _, tt := range formats {
		t.Run(tt.file, func(t *testing.T) {
			file := readClip(t, tt.file)
			var probe struct {
				Streams []struct {
					Codec    string  `json:"codec_name"`
					Rate     string  `json:"sample_rate"`
					Channels int     `json:"channels"`
					BitRate  float64 `json:"bit_rate,string"`
					Duration float64 `json:"duration,string"`
				}
			}
			out := pipe(t, file, "ffprobe", "-of", "json", "-show_streams", onDisk(t, tt.file, file))
			if err := json.Unmarshal(out, &probe); err != nil {
				t.Fatal(err)
			}
			if len(probe.Streams) != 1 {
				t.Fatalf("%d streams, want 1", len(probe.Streams))
			}
			s := probe.Streams[0]
			if s.Codec != tt.codec || s.Rate != tt.rate || s.Channels != 1 {
				t.Errorf(
					"%s, %s Hz, %d channels; want %s, %s Hz, 1 channel", s.Codec, s.Rate, s.Channels, tt.codec,
					tt.rate,
				)
			}
			if math.Abs(s.BitRate/tt.bitRate-1) > 0.25 {
				t.Errorf("%.0f bit/s, want about %.0f", s.BitRate, tt.bitRate)
			}
			if math.Abs(s.Duration-tt.duration.Seconds()) > 0.01 {
				t.Errorf("%.3f s, want %v", s.Duration, tt.duration)
			}
			checkAudible(t, decode(t, file))
		})
	}
}

// onDisk writes a clip where ffprobe can seek in it, which it must to tell a WAV's length.
func onDisk(t *testing.T, name string, file []byte) string {
	t.Helper()
	path := t.TempDir() + "/" + name
	if err := os.WriteFile(path, file, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func readClip(t *testing.T, name string) []byte {
	t.Helper()
	file, err := clips.FS.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return file
}

func TestEmbeddedClipsAreFewAndListed(t *testing.T) {
	const most = 600_000 // bytes, of every binary
	listed := map[string]bool{}
	for _, f := range formats {
		listed[f.file] = true
	}
	entries, err := fs.ReadDir(clips.FS, ".")
	if err != nil {
		t.Fatal(err)
	}
	total := 0
	for _, e := range entries {
		total += len(readClip(t, e.Name()))
		if !listed[e.Name()] {
			t.Errorf("%s is not in this test's table of formats", e.Name())
		}
	}
	if total > most {
		t.Errorf("%d bytes of clips, want at most %d", total, most)
	}
}

// A clip can be cut at any frame only while no frame needs another, nor states how long the whole is.
func TestEmbeddedMP3FramesStandAlone(t *testing.T) {
	for _, f := range formats {
		if !strings.HasSuffix(f.file, ".mp3") {
			continue
		}
		file := readClip(t, f.file)
		ix, err := parseMP3(file)
		if err != nil {
			t.Fatalf("%s: %v", f.file, err)
		}
		if got := ix.duration(ix.frames()); got != f.duration {
			t.Errorf("%s lasts %v, want %v", f.file, got, f.duration)
		}
		if bytes.Contains(file, []byte("Xing")) || bytes.Contains(file, []byte("Info")) {
			t.Errorf("%s has a Xing or Info frame", f.file)
		}
		for i, at := range ix.bounds[:ix.frames()] {
			if file[at+4] != 0 { // main_data_begin, first in the side information; there is no CRC before it
				t.Fatalf("%s: frame %d uses the bit reservoir", f.file, i)
			}
		}
	}
}
