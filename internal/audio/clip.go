package audio

import (
	"crypto/sha256"
	"time"
)

// Clip is the audio of one call: a file in two parts, a short head that is the call's own and a long body that calls
// share. The head has a tag that names the call, so that no two calls have the same bytes, and what the container says
// of the length; the body is the sound.
type Clip struct {
	Body     []byte        // shared by every clip of the same source: read it, never write to it
	Duration time.Duration // how long it plays
	Type     string        // media type, such as "audio/mpeg"
	Ext      string        // what a file name of this type ends with, such as ".mp3"

	frames int       // or samples, that the body has
	pad    int       // bytes that the head is longer by, to reach a wanted size
	maker  headMaker // nil: there is no head, and the body is sent as it is
}

// headMaker makes the heads of a container format.
type headMaker interface {
	// headLen is the length of a clip's head, whatever its tag.
	headLen(c *Clip) int
	// appendHead appends a clip's head with a tag in it.
	appendHead(dst []byte, c *Clip, tag []byte) []byte
}

// MaxTag is the longest tag that a head has room for; what is beyond it is cut off.
const MaxTag = 42

// Want says what audio is wanted: of a length or, if Bytes is not 0, of a size. Random picks among several recordings.
type Want struct {
	Length time.Duration
	Bytes  int
	Random uint64
}

// Size is how many bytes the whole file has.
func (c *Clip) Size() int {
	if c.maker == nil {
		return len(c.Body)
	}
	return c.maker.headLen(c) + len(c.Body)
}

// AppendHead appends the head with a tag in it to dst, without allocating if that has room. The head and the body after
// it are the whole file.
func (c *Clip) AppendHead(dst, tag []byte) []byte {
	if c.maker == nil {
		return dst
	}
	return c.maker.appendHead(dst, c, tag[:min(len(tag), MaxTag)])
}

// Bytes is the whole file with a tag in it, as it is uploaded.
func (c *Clip) Bytes(tag []byte) []byte {
	return append(c.AppendHead(make([]byte, 0, c.Size()), tag), c.Body...)
}

// Sum is the SHA-256 of the whole file with a tag in it.
func (c *Clip) Sum(tag []byte) (sum [sha256.Size]byte) {
	h := sha256.New()
	h.Write(c.AppendHead(nil, tag))
	h.Write(c.Body)
	h.Sum(sum[:0])
	return sum
}
