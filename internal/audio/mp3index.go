package audio

import (
	"errors"
	"fmt"
	"time"
)

// mp3FrameSamples is how many samples a frame of MPEG-2 Layer III plays: 36 ms of them at 16 kHz.
const mp3FrameSamples = 576

// mp3Index says where the frames of an MP3 file lie: frame i is bounds[i] up to bounds[i+1]. What comes before the
// first is the file's tag; after the last comes nothing.
type mp3Index struct {
	rate   int // samples per second
	bounds []int
}

func (ix mp3Index) frames() int { return len(ix.bounds) - 1 }

// duration returns how long n frames play.
func (ix mp3Index) duration(n int) time.Duration {
	return time.Duration(n) * mp3FrameSamples * time.Second / time.Duration(ix.rate)
}

// nearest returns how many frames come closest to d, which is at most some hours.
func (ix mp3Index) nearest(d time.Duration) int {
	const frame = mp3FrameSamples * time.Second
	return int((d*time.Duration(ix.rate) + frame/2) / frame)
}

// parseMP3 finds the frames of file. It is strict, because what it lets pass is uploaded as a good call: whole frames
// from the tag to the end of the file, all of one sample rate. Only MPEG-2 is known, which is what radio recorders
// write: its rates of 16 to 24 kHz are those of speech.
func parseMP3(file []byte) (mp3Index, error) {
	at, err := id3Len(file)
	if err != nil {
		return mp3Index{}, err
	}
	ix := mp3Index{bounds: []int{at}}
	for at < len(file) {
		f, err := parseMP3Frame(file[at:])
		if err != nil {
			return mp3Index{}, fmt.Errorf("byte %d: %w", at, err)
		}
		if ix.rate != 0 && f.rate != ix.rate {
			return mp3Index{}, fmt.Errorf("byte %d: %d Hz after %d Hz", at, f.rate, ix.rate)
		}
		ix.rate = f.rate
		at += f.size
		ix.bounds = append(ix.bounds, at)
	}
	if ix.frames() == 0 {
		return mp3Index{}, errors.New("no MP3 frames")
	}
	return ix, nil
}

// mp3Frame is what a frame's header says of it.
type mp3Frame struct {
	size int // bytes, the header's four among them
	rate int // samples per second
}

// parseMP3Frame reads the header of the frame that b begins with, and makes sure that b holds the whole frame.
func parseMP3Frame(b []byte) (mp3Frame, error) {
	// Tables of ISO/IEC 13818-3, 2.4.2.3. Index 0 of the bit rates is "free format", which leaves the size unsaid.
	kbps := [16]int{0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160, 0}
	rates := [4]int{22050, 24000, 16000, 0}

	// Eleven bits of sync, two of version, two of layer; the last bit of the second byte only says that no CRC follows.
	if len(b) < 4 || b[0] != 0xff || b[1]&0xfe != 0xf2 {
		return mp3Frame{}, errors.New("no MPEG-2 Layer III frame")
	}
	rate, bits := rates[b[2]>>2&3], kbps[b[2]>>4]*1000
	if rate == 0 || bits == 0 {
		return mp3Frame{}, errors.New("reserved bit rate or sample rate")
	}
	padding := int(b[2] >> 1 & 1)
	f := mp3Frame{size: mp3FrameSamples/8*bits/rate + padding, rate: rate}
	if f.size > len(b) {
		return mp3Frame{}, fmt.Errorf("frame of %d bytes is cut off after %d", f.size, len(b))
	}
	return f, nil
}

// id3Len returns the length of the ID3v2 tag that file begins with, 0 without one.
func id3Len(file []byte) (int, error) {
	const header, footerFlag = 10, 0x10
	if len(file) < header || string(file[:3]) != "ID3" {
		return 0, nil
	}
	size := 0
	for _, b := range file[6:header] {
		if b > 0x7f {
			return 0, errors.New("size of the ID3v2 tag is malformed")
		}
		size = size<<7 | int(b)
	}
	size += header
	if file[5]&footerFlag != 0 {
		size += header // the footer is a copy of the header
	}
	if size > len(file) {
		return 0, fmt.Errorf("ID3v2 tag of %d bytes is cut off after %d", size, len(file))
	}
	return size, nil
}
