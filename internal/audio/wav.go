package audio

import (
	"encoding/binary"
	"errors"
	"fmt"
	"time"
)

// WAV makes clips in the format that trunk-recorder records: 16-bit samples without compression, with a comment before
// them that names the call. It never changes once made, so any number of goroutines may use it at once.
type WAV struct {
	format  []byte // the content of the chunk that describes the samples
	samples []byte // of the longest clip; those of every other are the beginning of them
	rate    int    // samples per second, of all channels together
	align   int    // bytes per sample
}

const (
	chunkHeader = 8
	// wavComment is the room for the comment: the tag and the zero that ends it, an even number of bytes as in all
	// chunks.
	wavComment = (MaxTag + 2) / 2 * 2
	wavList    = 4 + chunkHeader + wavComment // "INFO", and the comment in it
)

// newWAV takes the samples of file again and again until they last longest and have enough bytes.
func newWAV(file []byte, bytes int) (*WAV, error) {
	format, data, err := parseWAV(file)
	if err != nil {
		return nil, err
	}
	w := &WAV{
		format: format, rate: int(binary.LittleEndian.Uint32(format[4:])),
		align: int(binary.LittleEndian.Uint16(format[12:])),
	}
	samples := file[data.start:data.end]
	samples = samples[:len(samples)/w.align*w.align]
	for wanted := w.nearest(longest) * w.align; len(w.samples) < max(wanted, bytes); {
		w.samples = append(w.samples, samples...)
	}
	return w, nil
}

// Clip returns the clip that comes closest to what is wanted: of a wanted length, to a sample, and no less than half a
// second or more than a minute; of a wanted size, to a sample.
func (w *WAV) Clip(want Want) Clip {
	n := w.nearest(min(max(want.Length, shortest), longest))
	if want.Bytes > 0 {
		n = max(1, (want.Bytes-w.headLen(nil))/w.align)
	}
	end := min(n*w.align, len(w.samples)/w.align*w.align)
	return Clip{
		Body:     w.samples[:end:end],
		Duration: time.Duration(end/w.align) * time.Second / time.Duration(w.rate),
		Type:     "audio/wav",
		Ext:      ".wav",
		maker:    w,
	}
}

func (w *WAV) nearest(d time.Duration) int { return int(d.Seconds()*float64(w.rate) + 0.5) }

func (w *WAV) headLen(*Clip) int {
	return chunkHeader + 4 + chunkHeader + len(w.format) + chunkHeader + wavList + chunkHeader
}

func (w *WAV) appendHead(dst []byte, c *Clip, tag []byte) []byte {
	dst = appendChunk(dst, "RIFF", w.headLen(c)-chunkHeader+len(c.Body))
	dst = append(dst, "WAVE"...)
	dst = appendChunk(dst, "fmt ", len(w.format))
	dst = append(dst, w.format...)
	dst = appendComment(dst, tag)
	return appendChunk(dst, "data", len(c.Body))
}

// appendComment appends the chunk that names the call: LIST, INFO, and in that ICMT.
func appendComment(dst, tag []byte) []byte {
	dst = appendChunk(dst, "LIST", wavList)
	dst = append(dst, "INFO"...)
	dst = appendChunk(dst, "ICMT", wavComment)
	dst = append(dst, tag...)
	return appendZeros(dst, wavComment-len(tag))
}

// appendChunk appends a chunk's header.
func appendChunk(dst []byte, name string, size int) []byte {
	dst = append(dst, name...)
	return binary.LittleEndian.AppendUint32(dst, uint32(size))
}

// span is a part of a file.
type span struct{ start, end int }

// parseWAV finds the description of a file's samples, and the samples. It is strict, because what it lets pass is
// uploaded as a good call. Only a header that was never closed is taken: then the samples end with the file.
func parseWAV(file []byte) (format []byte, data span, err error) {
	if len(file) < chunkHeader+4 || string(file[:4]) != "RIFF" || string(file[8:12]) != "WAVE" {
		return nil, data, errors.New("no RIFF WAVE file")
	}
	for at := chunkHeader + 4; at+chunkHeader <= len(file); {
		name, size := string(file[at:at+4]), int64(binary.LittleEndian.Uint32(file[at+4:]))
		at += chunkHeader
		if name == "data" && isOpen(file, at, size) {
			size = int64(len(file) - at)
			if format != nil {
				size -= size % max(int64(binary.LittleEndian.Uint16(format[12:])), 1)
			}
		}
		if size > int64(len(file)-at) {
			return nil, data, fmt.Errorf("byte %d: %w: chunk %q of %d bytes where %d are left",
				at, ErrCutOff, name, size, len(file)-at)
		}
		end := at + int(size)
		switch name {
		case "fmt ":
			format = file[at:end]
			if len(format) < 16 || binary.LittleEndian.Uint32(format[4:]) == 0 ||
				binary.LittleEndian.Uint16(format[12:]) == 0 {
				return nil, data, errors.New("samples are not described")
			}
		case "data":
			data = span{at, end}
		}
		at = end + int(size&1)
	}
	switch {
	case format == nil:
		return nil, data, errors.New("no description of the samples")
	case data.end-data.start < int(binary.LittleEndian.Uint16(format[12:])):
		return nil, data, errors.New("no samples")
	}
	return format, data, nil
}

// neverClosed is the least size that programs write which stream samples without knowing how many will come. Some write
// the largest number; no recording has as many bytes.
const neverClosed = 0x7fff_0000

// isOpen reports whether the samples, which begin at a byte of a file, have the size of a stream: one that is too
// large, or 0 where the file's own size has not been filled in either.
func isOpen(file []byte, start int, size int64) bool {
	riff := int64(binary.LittleEndian.Uint32(file[4:]))
	return size >= neverClosed || size == 0 && (riff <= int64(start-chunkHeader) || riff >= neverClosed)
}
