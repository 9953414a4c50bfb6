package audio

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"time"
)

// fixedHead is the head of one recording, with room for a tag.
type fixedHead struct {
	text []byte
	tag  int // where in it the tag goes
}

func (h *fixedHead) headLen(*Clip) int { return len(h.text) }

func (h *fixedHead) appendHead(dst []byte, _ *Clip, tag []byte) []byte {
	at := len(dst) + h.tag
	dst = append(dst, h.text...)
	copy(dst[at:], tag)
	return dst
}

// readMP3 reads a recording in any rate of MPEG Layer III. Of its tag, newID3 keeps what it can.
func readMP3(file []byte) (Clip, error) {
	at, err := id3Len(file)
	if err != nil {
		return Clip{}, err
	}
	length, frames := time.Duration(0), 0
	for i := at; i < len(file); frames++ {
		size, plays, ok := anyMP3Frame(file[i:])
		if !ok || size > len(file)-i {
			break
		}
		i, length = i+size, length+plays
	}
	if frames < 2 {
		return Clip{}, errors.New("not an MP3 file")
	}
	tag := newID3(file[:at])
	return Clip{Body: file[at:], Duration: length, Type: "audio/mpeg", Ext: ".mp3", maker: &tag}, nil
}

// anyMP3Frame reads the header of a frame of MPEG 1, 2 or 2.5 Layer III.
func anyMP3Frame(b []byte) (size int, plays time.Duration, ok bool) {
	// Tables of ISO/IEC 11172-3 and 13818-3, 2.4.2.3.
	kbps := [2][16]int{
		{0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 0},
		{0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160, 0},
	}
	rates := [4]int{44100, 48000, 32000, 0}
	if len(b) < 4 || b[0] != 0xff || b[1]&0xe6 != 0xe2 {
		return 0, 0, false
	}
	samples, table, divide := 1152, 0, 1
	switch b[1] >> 3 & 3 {
	case 0: // 2.5
		samples, table, divide = 576, 1, 4
	case 1: // reserved
		return 0, 0, false
	case 2:
		samples, table, divide = 576, 1, 2
	}
	rate, bits := rates[b[2]>>2&3]/divide, kbps[table][b[2]>>4]*1000
	if rate == 0 || bits == 0 {
		return 0, 0, false
	}
	return samples/8*bits/rate + int(b[2]>>1&1), time.Duration(samples) * time.Second / time.Duration(rate), true
}

// readWAV reads a recording, and puts the comment before its samples.
func readWAV(file []byte) (Clip, error) {
	format, data, err := parseWAV(file)
	if err != nil {
		return Clip{}, err
	}
	at := data.start - chunkHeader
	head := append([]byte(nil), file[:at]...)
	binary.LittleEndian.PutUint32(head[4:], uint32(len(file)-chunkHeader+chunkHeader+wavList))
	head = appendComment(head, nil)
	perSecond := int64(binary.LittleEndian.Uint32(format[8:]))
	body := file[at:]
	if n := data.end - data.start; binary.LittleEndian.Uint32(body[4:]) != uint32(n) { // it was never closed
		body = bytes.Clone(body[:chunkHeader+n])
		binary.LittleEndian.PutUint32(body[4:], uint32(n))
		binary.LittleEndian.PutUint32(head[4:], uint32(len(head)+len(body)-chunkHeader))
	}
	return Clip{
		Body: body, Duration: time.Duration(int64(data.end-data.start) * int64(time.Second) / max(perSecond, 1)),
		Type: "audio/wav", Ext: ".wav", maker: &fixedHead{head, len(head) - wavComment},
	}, nil
}

// readM4A reads a recording, and puts a free box behind its first one. All that is said in the file of where its sound
// is moves on with it. A file in fragments has more of that than is known here; it is left as it is.
func readM4A(file []byte) (Clip, error) {
	const tagBox = boxHeader + MaxTag
	first, fragments, sound := 0, false, false
	c := Clip{Type: "audio/mp4", Ext: ".m4a"}
	moved := append([]byte(nil), file...)
	err := eachBox(file, func(path string, start, end int) {
		switch path {
		case "ftyp":
			if start == 0 {
				first = end
			}
		case "moof":
			fragments = true
		case "mdat":
			sound = true
		case "moov/mvhd":
			c.Duration = movieLength(file[start:end])
		case "moov/trak/mdia/minf/stbl/stco":
			moveOffsets(moved[start:end], 4, tagBox)
		case "moov/trak/mdia/minf/stbl/co64":
			moveOffsets(moved[start:end], 8, tagBox)
		}
	})
	switch {
	case err != nil:
		return Clip{}, err
	case first == 0 || !sound:
		return Clip{}, errors.New("not an M4A file")
	case fragments:
		c.Body = file
		return c, nil
	}
	head := binary.BigEndian.AppendUint32(moved[:first:first], tagBox)
	head = append(head, "free"...)
	head = appendZeros(head, MaxTag)
	c.Body, c.maker = moved[first:], &fixedHead{head, first + boxHeader}
	return c, nil
}

// moveOffsets adds to the offsets of a box that has a list of them.
func moveOffsets(box []byte, width, by int) {
	const list = boxHeader + 8
	if len(box) < list {
		return
	}
	for at := list; at+width <= len(box); at += width {
		if width == 4 {
			binary.BigEndian.PutUint32(box[at:], binary.BigEndian.Uint32(box[at:])+uint32(by))
		} else {
			binary.BigEndian.PutUint64(box[at:], binary.BigEndian.Uint64(box[at:])+uint64(by))
		}
	}
}

// movieLength reads the length from a movie's header; 0 if that is of another version than 0.
func movieLength(mvhd []byte) time.Duration {
	if len(mvhd) < 28 || mvhd[8] != 0 {
		return 0
	}
	scale, units := binary.BigEndian.Uint32(mvhd[20:]), binary.BigEndian.Uint32(mvhd[24:])
	return time.Duration(float64(units) / float64(max(scale, 1)) * float64(time.Second))
}

// String says how many recordings there are, and what of the folder is not used, in a line.
func (r *Recordings) String() string {
	parts := []string{fmt.Sprintf("%d recordings", len(r.clips))}
	if len(r.Bad) > 0 {
		parts = append(parts, fmt.Sprintf("%d cannot be used", len(r.Bad)))
	}
	if r.Beyond > 0 {
		parts = append(parts, fmt.Sprintf("%d left out, as %d MB is all that is kept", r.Beyond, MaxRecordings>>20))
	}
	if r.Bare > 0 {
		parts = append(parts, fmt.Sprintf("%d have no place for a tag, and are sent as they are", r.Bare))
	}
	return strings.Join(parts, "; ")
}
