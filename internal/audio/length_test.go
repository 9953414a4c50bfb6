package audio

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"testing"
	"time"
)

// lengthOf returns the length of a recording.
func lengthOf(name string, file []byte) (time.Duration, error) {
	return Length(name, bytes.NewReader(file), int64(len(file)))
}

func TestLength(t *testing.T) {
	for name, want := range map[string]time.Duration{
		"police-vox-5s.mp3": 4571 * time.Millisecond, "fire-dispatch-30s.mp3": 29880 * time.Millisecond,
		"police-reply-3s.wav": 3220 * time.Millisecond,
	} {
		got, err := lengthOf(name, embedded(t, name))
		if err != nil || (got-want).Abs() > time.Millisecond {
			t.Errorf("%s: %v, %v; want %v", name, got, err, want)
		}
	}
	tagged := append(embedded(t, "police-vox-5s.mp3"), make([]byte, 300)...)
	if got, err := lengthOf("a.mp3", tagged); err != nil || (got-4571*time.Millisecond).Abs() > time.Millisecond {
		t.Errorf("with padding: %v, %v", got, err)
	}
	for name, file := range map[string]string{
		"a.mp3": "no audio at all", "b.mp3": "", "c.mp3": "ID3\x04\x00\x00\x00\x00\x7f\x7fxx", "a.wav": "RIFF",
		"b.wav": "RIFFxxxxWAVEfmt \x02\x00\x00\x00xx", "c.wav": "no audio at all",
	} {
		if got, err := lengthOf(name, []byte(file)); err == nil {
			t.Errorf("%s plays %v", name, got)
		}
	}
	if _, err := lengthOf("a.opus", nil); !errors.Is(err, ErrFormat) {
		t.Error(err)
	}
}

// The length of an MP3 comes from its frames, in each of the settings that SDRTrunk offers.
func TestLengthOfMP3Settings(t *testing.T) {
	for setting, args := range map[string][]string{
		"CBR 16": {"-b:a", "16k"}, "CBR 32": {"-b:a", "32k"}, "ABR 56": {"-abr", "1", "-b:a", "56k"},
		"VBR 5": {"-q:a", "5"}, "VBR 7": {"-q:a", "7"},
	} {
		for _, rate := range []string{"16000", "22050", "44100"} {
			if setting == "CBR 16" && rate != "16000" || setting == "CBR 32" && rate == "44100" {
				continue // which SDRTrunk does not offer
			}
			// Speech, and silence, which takes the fewest bits.
			source := []string{
				"-f", "lavfi", "-i", "aevalsrc='if(lt(t,6),(random(0)-0.5)*sin(t*3),0)':s=8000:d=12", "-ar", rate,
				"-c:a", "libmp3lame",
			}
			file := pipe(t, nil, "ffmpeg", append(append(source, args...), "-f", "mp3", "-")...)
			got, err := lengthOf("a.mp3", file)
			if err != nil || (got-12*time.Second).Abs() > 200*time.Millisecond {
				t.Errorf("%s at %s Hz: %d bytes play %v, %v", setting, rate, len(file), got, err)
			}
			if measured, err := Measure(".mp3", file); err != nil || measured.Length != got {
				t.Errorf("%s at %s Hz: measured %v, %v; want %v", setting, rate, measured.Length, err, got)
			}
		}
	}
}

// openWAV returns a WAV whose header was never closed.
func openWAV(t *testing.T, riff, data uint32) []byte {
	file := bytes.Clone(embedded(t, "police-reply-3s.wav"))
	binary.LittleEndian.PutUint32(file[4:], riff)
	binary.LittleEndian.PutUint32(file[box(t, file, "data"):], data)
	return file
}

// Samples of a WAV whose header was never closed are read to the end of the file.
func TestWAVNeverClosed(t *testing.T) {
	const plays = 3220 * time.Millisecond
	for i, sizes := range [][2]uint32{
		{0, 0}, {1<<32 - 1, 1<<32 - 1}, {0x7fff_ffff, 0x7fff_ff00}, {36, 0}, {1<<32 - 1, 0},
	} {
		file := openWAV(t, sizes[0], sizes[1])
		if err := Check("call.wav", file); err != nil {
			t.Errorf("%x: %v", sizes, err)
		}
		if s, err := Measure("call.wav", file); err != nil || (s.Length-plays).Abs() > time.Millisecond || s.Silent {
			t.Errorf("%x: measured %+v, %v", sizes, s, err)
		}
		if got, err := lengthOf("call.wav", file); err != nil || (got-plays).Abs() > time.Millisecond {
			t.Errorf("%x: %v, %v", sizes, got, err)
		}
		dir := t.TempDir()
		write(t, dir, fmt.Sprintf("%d.wav", i), append(file, 7)) // half a sample is left out
		r, err := ReadRecordings(dir, MaxRecordings)
		if err != nil || r.Len() != 1 {
			t.Fatalf("%x: %v, %v", sizes, r, err)
		}
		clip := r.Clip(Want{})
		sent := clip.Bytes(testTag)
		format, data, err := parseWAV(sent)
		if err != nil || len(format) < 16 || data.end != len(sent) ||
			int(binary.LittleEndian.Uint32(sent[4:])) != len(sent)-chunkHeader {
			t.Errorf("%x: it is sent with %v of %d bytes, %v", sizes, data, len(sent), err)
		}
	}
	// One that is cut off is no stream.
	for _, file := range [][]byte{openWAV(t, 100_000, 100_000), openWAV(t, 51_000, 0)} {
		if err := Check("call.wav", file); err == nil {
			t.Error("a file that is cut off is taken")
		}
	}
}

func FuzzLength(f *testing.F) {
	f.Add("a.mp3", embedded(f, "police-5s.mp3"))
	f.Add("a.wav", embedded(f, "police-reply-3s.wav"))
	f.Fuzz(func(t *testing.T, name string, file []byte) {
		got, err := lengthOf(name, file)
		if got < 0 || err != nil && got != 0 {
			t.Errorf("%v, %v", got, err)
		}
		// What can be measured has the same length, whichever way it is read.
		if s, measureErr := Measure(name, file); err == nil && measureErr == nil && Form(name) == ".mp3" &&
			s.Length != got {
			t.Errorf("%v, measured %v", got, s.Length)
		}
	})
}
