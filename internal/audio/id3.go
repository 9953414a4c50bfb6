package audio

import "slices"

const (
	id3Header = 10 // bytes that an ID3v2 tag begins with, and each of its frames
	tagOwner  = "rdiostress"
	// what a TXXX frame has besides its text: encoding, description, its end
	userText   = id3Header + 1 + len(tagOwner) + 1
	id3TagRoom = userText + MaxTag
)

// id3 makes ID3v2.4 tags with one frame that names the call: TXXX, a text of the user's, described as "rdiostress".
// Before it are those frames of a recording's own tag that say nothing of the call that was recorded. Behind it is
// padding, so that the length is the same whatever the name's.
type id3 struct {
	frames []byte // of the recording's own tag
}

// keepsFrame reports whether a frame holds for any call: the genre, the program and the settings that made the file.
// Others name a talkgroup, a radio or a time, which those of the upload contradict. SDRTrunk is its own composer.
func keepsFrame(id string) bool {
	return slices.Contains([]string{"TCON", "TCOM", "TENC", "TFLT", "TSSE"}, id)
}

// newID3 takes over frames of a whole tag, which may be empty. Tags whose frames do not lie there plainly are left out:
// those before ID3v2.4, with an extended header, with unsynchronisation or a footer.
func newID3(tag []byte) id3 {
	if len(tag) < id3Header || tag[3] != 4 || tag[5] != 0 {
		return id3{}
	}
	var kept []byte
	for rest := tag[id3Header:]; len(rest) >= id3Header && rest[0] != 0; {
		size := id3Header + fromSynchsafe(rest[4:8])
		if size > len(rest) {
			return id3{}
		}
		if keepsFrame(string(rest[:4])) {
			kept = append(kept, rest[:size]...)
		}
		rest = rest[size:]
	}
	return id3{kept}
}

func (m *id3) len() int { return id3Header + len(m.frames) + id3TagRoom }

func (m *id3) headLen(c *Clip) int { return m.len() + c.pad }

func (m *id3) appendHead(dst []byte, c *Clip, tag []byte) []byte {
	dst = append(dst, "ID3\x04\x00\x00"...)
	dst = appendSynchsafe(dst, m.headLen(c)-id3Header)
	dst = append(dst, m.frames...)
	dst = append(dst, "TXXX"...)
	dst = appendSynchsafe(dst, userText-id3Header+len(tag))
	dst = append(dst, "\x00\x00\x00"+tagOwner+"\x00"...) // flags; ISO 8859-1
	dst = append(dst, tag...)
	return appendZeros(dst, MaxTag-len(tag)+c.pad)
}

// appendSynchsafe appends a number as ID3v2 writes sizes, seven bits to a byte.
func appendSynchsafe(dst []byte, n int) []byte {
	return append(dst, byte(n>>21&0x7f), byte(n>>14&0x7f), byte(n>>7&0x7f), byte(n&0x7f))
}

func fromSynchsafe(b []byte) (n int) {
	for _, c := range b {
		n = n<<7 | int(c&0x7f)
	}
	return n
}

// appendZeros appends n zero bytes.
func appendZeros(dst []byte, n int) []byte {
	dst = slices.Grow(dst, n)
	dst = dst[:len(dst)+n]
	clear(dst[len(dst)-n:])
	return dst
}
