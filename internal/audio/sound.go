package audio

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"
)

// Sound is what a recording's frame tells of what is to be heard, without decoding it.
type Sound struct {
	Length time.Duration // how long it plays
	Silent bool          // it carries no more than an encoder writes for silence
}

// ErrFormat says that a file is in no format that is known here.
var ErrFormat = errors.New("not in a format that is known")

// Measure reads a recording's frame. The name's extension says what it is to be; where the name has none, the file's
// first bytes do. The error is ErrFormat where that is nothing known, or else says why the file cannot be played. It
// neither changes nor keeps the file.
func Measure(name string, file []byte) (Sound, error) {
	switch formOf(name, file) {
	case ".mp3":
		return measureMP3(file)
	case ".wav":
		return measureWAV(file)
	case ".m4a":
		return measureM4A(file)
	default:
		return Sound{}, ErrFormat
	}
}

// formOf is the format of a file, by its name or else by its first bytes.
func formOf(name string, file []byte) string {
	if form := Form(name); form != "" {
		return form
	}
	return sniff(file)
}

// Form is the format that a file's name tells: its extension in small letters, and one for those of MP4, which has
// several.
func Form(name string) string {
	ext := strings.ToLower(filepath.Ext(name))
	if ext == ".mp4" {
		return ".m4a"
	}
	return ext
}

// sniff tells a file's format by its first bytes; empty for a format that is not known here.
func sniff(file []byte) string {
	const least = 12
	switch {
	case len(file) < least:
		return ""
	case string(file[4:8]) == "ftyp":
		return ".m4a"
	case string(file[:4]) == "RIFF" && string(file[8:12]) == "WAVE":
		return ".wav"
	case string(file[:3]) == "ID3":
		return ".mp3"
	}
	if _, _, ok := anyMP3Frame(file); ok {
		return ".mp3"
	}
	return ""
}

// measureWAV takes samples that are all the same for silence.
func measureWAV(file []byte) (Sound, error) {
	format, data, err := parseWAV(file)
	if err != nil {
		return Sound{}, err
	}
	perSecond, align := binary.LittleEndian.Uint32(format[8:]), int(binary.LittleEndian.Uint16(format[12:]))
	s := Sound{Length: seconds(float64(data.end-data.start) / float64(max(perSecond, 1))), Silent: true}
	samples := file[data.start:data.end]
	for i := align; i < len(samples) && s.Silent; i++ {
		s.Silent = samples[i] == samples[i-align]
	}
	return s, nil
}

// measureMP3 takes frames that carry no sound value but small ones for silence.
func measureMP3(file []byte) (Sound, error) {
	at, err := id3Len(file)
	if err != nil {
		return Sound{}, err
	}
	s, frames := Sound{Silent: true}, 0
	for ; at < len(file); frames++ {
		size, plays, ok := anyMP3Frame(file[at:])
		if !ok || size > len(file)-at {
			break
		}
		s.Length += plays
		s.Silent = s.Silent && silentMP3Frame(file[at:at+size])
		at += size
	}
	switch {
	case frames < 2:
		return Sound{}, errors.New("not an MP3 file")
	case !endsMP3(file[at:]):
		return Sound{}, fmt.Errorf("%w after %v of MP3", ErrFormat, s.Length)
	}
	return s, nil
}

// endsMP3 reports whether what follows the last whole frame ends the sound: nothing, padding, a tag, or a frame that is
// cut off. Decoders skip anything else, and play what comes after it.
func endsMP3(rest []byte) bool {
	for _, tag := range []string{"TAG", "APETAGEX", "LYRICSBEGIN", "ID3"} {
		if bytes.HasPrefix(rest, []byte(tag)) {
			return true
		}
	}
	_, _, begun := anyMP3Frame(rest)
	return begun || len(bytes.Trim(rest, "\x00")) < 4 // fewer bytes than a frame's header
}

// silentMP3Frame reports whether the first granule of a frame's first channel has no pair of "big values" (ISO/IEC
// 11172-3, 2.4.1.7).
func silentMP3Frame(frame []byte) bool {
	const header, crc = 32, 16
	mono := frame[3]>>6 == 3
	bit := header
	if frame[1]&1 == 0 {
		bit += crc
	}
	switch mpeg1 := frame[1]>>3&3 == 3; {
	case mpeg1 && mono:
		bit += 9 + 5 + 4
	case mpeg1:
		bit += 9 + 3 + 8
	case mono:
		bit += 8 + 1
	default:
		bit += 8 + 2
	}
	const part23, bigValues = 12, 9
	return bits(frame, bit+part23, bigValues) == 0
}

// bits reads n bits from the given one on; those behind the end are 0.
func bits(b []byte, from, n int) (v uint32) {
	for i := from; i < from+n; i++ {
		v <<= 1
		if i/8 < len(b) {
			v |= uint32(b[i/8]>>(7-i%8)) & 1
		}
	}
	return v
}

// seconds is a length that a file states, which may be absurd.
func seconds(s float64) time.Duration {
	const most = 1000 * time.Hour
	if !(s < most.Seconds()) {
		return most
	}
	return time.Duration(max(s, 0) * float64(time.Second))
}
