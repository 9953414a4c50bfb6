package audio

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"time"
)

// Length returns how long a recording plays that is not read into memory: an MP3 by its frames, which may differ in
// their bit rates, or a WAV. It does not look at the sound. The name's extension says what it is; the error is
// ErrFormat for any other.
func Length(name string, r io.ReaderAt, size int64) (time.Duration, error) {
	switch Form(name) {
	case ".mp3":
		return mp3Length(r, size)
	case ".wav":
		return wavLength(r, size)
	default:
		return 0, ErrFormat
	}
}

// mp3Length adds up frames, up to the first byte that begins none: a tag, or the end.
func mp3Length(r io.ReaderAt, size int64) (length time.Duration, err error) {
	start, err := SkipID3(r, size)
	if err != nil {
		return 0, err
	}
	b := bufio.NewReaderSize(io.NewSectionReader(r, start, size-start), 16<<10)
	for frames := 0; ; frames++ {
		head, err := b.Peek(4)
		n, plays, ok := 0, time.Duration(0), false
		if err == nil {
			n, plays, ok = anyMP3Frame(head)
		}
		if ok {
			_, err = b.Discard(n)
		}
		switch {
		case ok && err == nil:
			length += plays
		case frames < 2:
			return 0, errors.New("not an MP3 file")
		case err != nil && err != io.EOF:
			return 0, err
		default:
			return length, nil
		}
	}
}

// id3Footer is the flag of a tag that ends with a copy of its header.
const id3Footer = 0x10

// SkipID3 returns where the tags of version 2 end that a file begins with.
func SkipID3(r io.ReaderAt, size int64) (at int64, err error) {
	head := make([]byte, id3Header)
	for size-at >= id3Header {
		if _, err := r.ReadAt(head, at); err != nil {
			return 0, err
		}
		if string(head[:3]) != "ID3" {
			return at, nil
		}
		n := id3Header + int64(fromSynchsafe(head[6:]))
		if head[5]&id3Footer != 0 {
			n += id3Header
		}
		if at += n; at > size {
			return 0, fmt.Errorf("ID3v2 tag of %d bytes is cut off after %d", n, size-at+n)
		}
	}
	return at, nil
}

// wavLength divides the bytes of the samples by those of a second.
func wavLength(r io.ReaderAt, size int64) (length time.Duration, err error) {
	perSecond, samples := uint32(0), int64(0)
	err = EachWAVChunk(r, size, func(name string, at, n int64) error {
		switch name {
		case "fmt ":
			format := make([]byte, min(n, 16))
			_, err := r.ReadAt(format, at)
			if err == nil && n >= 12 {
				perSecond = binary.LittleEndian.Uint32(format[8:])
			}
			return err
		case "data":
			samples = n
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	if perSecond == 0 || samples == 0 {
		return 0, errors.New("no samples")
	}
	return seconds(float64(samples) / float64(perSecond)), nil
}

// EachWAVChunk calls visit for each chunk of a WAV file, with where its content begins and how many bytes it has. The
// samples of a file whose header was never closed end with it.
func EachWAVChunk(r io.ReaderAt, size int64, visit func(name string, at, n int64) error) error {
	head := make([]byte, chunkHeader+4)
	if size < int64(len(head)) {
		return errors.New("no RIFF WAVE file")
	}
	if _, err := r.ReadAt(head, 0); err != nil {
		return err
	}
	if string(head[:4]) != "RIFF" || string(head[8:]) != "WAVE" {
		return errors.New("no RIFF WAVE file")
	}
	chunk := make([]byte, chunkHeader)
	for at := int64(len(head)); at+chunkHeader <= size; {
		if _, err := r.ReadAt(chunk, at); err != nil {
			return err
		}
		at += chunkHeader
		name, n := string(chunk[:4]), int64(binary.LittleEndian.Uint32(chunk[4:]))
		if name == "data" && isOpen(head, int(at), n) || n > size-at {
			n = size - at
		}
		if err := visit(name, at, n); err != nil {
			return err
		}
		at += n + n&1
	}
	return nil
}
