package audio

import (
	"fmt"
	"slices"
	"time"

	clips "rdiostress/testdata/audio"
)

const (
	// shortest is the least that a clip of a wanted length has. No radio call is shorter than a press of a button, and
	// programs that tell a file's type by its first frames want several of them.
	shortest = 500 * time.Millisecond

	// longest is what is laid out at least, to the nearest frame. Few radio calls last a minute, and at 16 kb/s that is
	// 120 kB for the whole process.
	longest = time.Minute

	// mp3Source is the longest of the embedded MP3 clips.
	mp3Source = "fire-dispatch-30s.mp3"
)

// MP3 makes clips in the format that SDRTrunk uploads: MP3, 16 kb/s, 16 kHz mono, behind an ID3v2.4 tag. It never
// changes once made, so any number of goroutines may use it at once.
type MP3 struct {
	id3    id3
	frames []byte // of the longest clip; those of every other are the beginning of them
	index  mp3Index
}

// NewMP3 lays out the embedded speech, ready to be cut into clips of a minute, and of a number of bytes if that is
// more.
func NewMP3(bytes int) (*MP3, error) {
	file, err := clips.FS.ReadFile(mp3Source)
	if err != nil {
		return nil, err
	}
	m, err := newMP3(file, bytes)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", mp3Source, err)
	}
	return m, nil
}

// newMP3 plays file again and again until it lasts longest and has enough bytes. The seam decodes without an error,
// because a frame borrows bits from frames before it only, and the first of a file from none.
func newMP3(file []byte, bytes int) (*MP3, error) {
	ix, err := parseMP3(file)
	if err != nil {
		return nil, err
	}
	m := &MP3{id3: newID3(file[:ix.bounds[0]]), frames: slices.Clone(file[ix.bounds[0]:])}
	for i := len(ix.bounds) - 1; i >= 0; i-- {
		ix.bounds[i] -= ix.bounds[0]
	}
	once, wanted := ix.frames(), ix.nearest(longest)
	for n := once; n < wanted || len(m.frames) < bytes; n++ {
		m.frames = append(m.frames, m.frames[ix.bounds[n-once]:ix.bounds[n-once+1]]...)
		ix.bounds = append(ix.bounds, len(m.frames))
	}
	m.index = ix
	return m, nil
}

// Clip returns the clip that comes closest to what is wanted. One of a wanted length is right to a frame (36 ms), and
// no less than half a second or more than Max; one of a wanted size has just that, but no less than two frames, without
// which programs do not take a file for an MP3. It is valid to its last byte, which the last frame ends with. Clip
// takes some nanoseconds and does not allocate.
func (m *MP3) Clip(w Want) Clip {
	if w.Bytes == 0 {
		return m.cut(m.index.nearest(min(max(w.Length, shortest), m.Max())))
	}
	room := w.Bytes - m.id3.len()
	// The first boundary beyond the room, less one.
	n, exact := slices.BinarySearch(m.index.bounds, room)
	if !exact {
		n--
	}
	c := m.cut(min(max(n, 2), m.index.frames()))
	c.pad = max(0, room-len(c.Body))
	return c
}

// cut returns the clip of the first n frames.
func (m *MP3) cut(n int) Clip {
	end := m.index.bounds[n]
	return Clip{
		Body:     m.frames[:end:end], // an append to it must not write on into the longer clips
		Duration: m.index.duration(n),
		Type:     "audio/mpeg",
		Ext:      ".mp3",
		frames:   n,
		maker:    &m.id3,
	}
}

// Max is the length of the longest clip, about a minute.
func (m *MP3) Max() time.Duration {
	return m.index.duration(m.index.frames())
}
