package sdrtrunk

import (
	"bytes"
	"encoding/binary"
	"strings"
	"unicode/utf16"
)

// id3 is what SDRTrunk writes into the ID3v2 tag of a recording.
type id3 struct {
	title   string // talkgroup"alias"
	artist  string // radio alias
	system  string // as grouping
	comment string // key:value;…
}

// parseID3 reads the tag that a file begins with, of version 2.3 or 2.4, and returns what follows it. A file without
// one, or with one that cannot be read, has an empty one.
func parseID3(file []byte) (tag id3, audio []byte) {
	const header = 10
	if len(file) < header || !bytes.HasPrefix(file, []byte("ID3")) || file[3] < 3 || file[3] > 4 {
		return tag, file
	}
	version, flags := file[3], file[5]
	size := min(syncsafe(file[6:10]), len(file)-header)
	body, audio := file[header:header+size], file[header+size:]
	const unsynchronised, extended = 0x80, 0x40
	if flags&unsynchronised != 0 {
		body = bytes.ReplaceAll(body, []byte{0xff, 0}, []byte{0xff})
	}
	if flags&extended != 0 {
		body = body[min(extendedSize(body, version), len(body)):]
	}
	for len(body) > header && body[0] != 0 {
		n := int(binary.BigEndian.Uint32(body[4:8]) & 0x7fffffff)
		if version == 4 {
			n = syncsafe(body[4:8])
		}
		id := string(body[:4])
		body = body[header:]
		if n > len(body) {
			break
		}
		tag.set(id, body[:n])
		body = body[n:]
	}
	return tag, audio
}

// extendedSize is how many bytes an extended header takes.
func extendedSize(body []byte, version byte) int {
	if len(body) < 4 {
		return len(body)
	}
	if version == 4 {
		return syncsafe(body)
	}
	return 4 + int(binary.BigEndian.Uint32(body)&0x7fffffff)
}

// syncsafe reads four bytes of seven bits each.
func syncsafe(b []byte) int {
	return int(b[0]&0x7f)<<21 | int(b[1]&0x7f)<<14 | int(b[2]&0x7f)<<7 | int(b[3]&0x7f)
}

func (t *id3) set(id string, content []byte) {
	if len(content) == 0 {
		return
	}
	encoding, content := content[0], content[1:]
	switch id {
	case "TIT2":
		t.title = id3Text(encoding, content)
	case "TPE1":
		t.artist = id3Text(encoding, content)
	case "TIT1", "GRP1":
		t.system = id3Text(encoding, content)
	case "COMM":
		if len(content) < 3 {
			return
		}
		text := content[3:] // after the language; then a description, which is empty, and the comment
		if sep := terminator(encoding, text); sep >= 0 {
			text = text[sep:]
		}
		t.comment = id3Text(encoding, text)
	}
}

// terminator is where a description ends, its terminator included; -1 if it does not.
func terminator(encoding byte, text []byte) int {
	if encoding != 1 && encoding != 2 {
		return bytes.IndexByte(text, 0) + 1
	}
	for i := 0; i+1 < len(text); i += 2 {
		if text[i] == 0 && text[i+1] == 0 {
			return i + 2
		}
	}
	return -1
}

// id3Text is a text in one of the four encodings that tags have.
func id3Text(encoding byte, text []byte) string {
	s := ""
	switch encoding {
	case 0: // Latin-1
		var b strings.Builder
		for _, c := range text {
			b.WriteRune(rune(c))
		}
		s = b.String()
	case 1, 2: // UTF-16, with a mark or big-endian
		s = utf16Text(text)
	default:
		s = string(text)
	}
	s, _, _ = strings.Cut(s, "\x00") // further values, or padding
	return strings.TrimSpace(s)
}

func utf16Text(text []byte) string {
	order := binary.ByteOrder(binary.BigEndian)
	switch {
	case bytes.HasPrefix(text, []byte{0xff, 0xfe}):
		order, text = binary.LittleEndian, text[2:]
	case bytes.HasPrefix(text, []byte{0xfe, 0xff}):
		text = text[2:]
	}
	units := make([]uint16, 0, len(text)/2)
	for ; len(text) >= 2; text = text[2:] {
		units = append(units, order.Uint16(text))
	}
	return string(utf16.Decode(units))
}
