package audio

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
)

// track is what an MP4 file says of one of its tracks: in a table of samples, in fragments or in both. A sample is what
// the decoder takes at once, a frame of AAC.
type track struct {
	id      uint32
	scale   uint32 // units in which durations are written, per second
	sound   bool
	codec   string // of its samples, such as "mp4a"
	skipped int64  // units before what is heard
	tables  map[string][]byte

	samples, bytes uint64
	units          float64 // that the samples last
	pieces         []piece // where in the file they are
}

// piece is a stretch of a file, as the file itself says, so that it may lie anywhere.
type piece struct{ at, size uint64 }

// m4aIndex reads what an MP4 file says of its tracks.
type m4aIndex struct {
	file     []byte
	mdat     []span // the contents of the boxes that hold samples
	tracks   []*track
	movie    bool
	defaults map[uint32]extends

	// The fragment that is read.
	moof     uint64
	next     uint64 // where its next samples are, unless it says otherwise
	fragment *track
	usual    extends
	err      error
}

// extends is what the samples of a track are in fragments that do not say otherwise.
type extends struct{ duration, size uint32 }

// box takes in a box that is at a path.
func (x *m4aIndex) box(path string, start, end int) {
	header := boxHeader
	if binary.BigEndian.Uint32(x.file[start:]) == 1 {
		header = 16
	}
	content := fields{b: x.file[start+header : end]}
	t := &track{}
	if len(x.tracks) > 0 {
		t = x.tracks[len(x.tracks)-1]
	}
	switch path {
	case "mdat":
		x.mdat = append(x.mdat, span{start + header, end})
	case "moov/mvhd":
		x.movie = true
	case "moov/trak":
		x.tracks = append(x.tracks, &track{tables: make(map[string][]byte)})
	case "moov/trak/tkhd":
		t.id = content.at(content.wide(12, 20))
	case "moov/trak/edts/elst":
		t.edit(&content)
	case "moov/trak/mdia/mdhd":
		t.scale = content.at(content.wide(12, 20))
	case "moov/trak/mdia/hdlr":
		t.sound = t.sound || content.text(8) == "soun"
	case "moov/trak/mdia/minf/stbl/stsd":
		t.codec = content.text(12)
	case "moov/mvex/trex":
		x.defaults[content.at(4)] = extends{content.at(12), content.at(16)}
	case "moof":
		x.moof, x.next, x.fragment = uint64(start), uint64(start), nil
	case "moof/traf/tfhd":
		x.begin(&content)
	case "moof/traf/trun":
		x.run(&content)
	default:
		const table = "moov/trak/mdia/minf/stbl/"
		if len(path) > len(table) && path[:len(table)] == table && len(x.tracks) > 0 {
			t.tables[path[len(table):]] = content.b
		}
	}
	if content.short && x.err == nil {
		x.err = fmt.Errorf("box %q is cut off", path)
	}
}

// edit reads which part of a track is played: from some unit on.
func (t *track) edit(c *fields) {
	const unused = 0xffffffff // the whole is silent so long
	at, wide := uint64(8), c.wide(0, 1) == 1
	for range c.at(4) {
		from := c.at(at + 4)
		if wide {
			from = c.at(at + 12) // the upper half is that of years
			at += 8
		}
		at += 12
		if from != unused || c.short {
			t.skipped = int64(from)
			return
		}
	}
}

// soundTrack is the first track of sound, with its samples counted.
func (x *m4aIndex) soundTrack() (*track, error) {
	i := slices.IndexFunc(x.tracks, func(t *track) bool { return t.sound })
	switch {
	case x.err != nil:
		return nil, x.err
	case !x.movie || i < 0:
		return nil, errors.New("no sound track in it")
	}
	t := x.tracks[i]
	if err := t.count(); err != nil {
		return nil, err
	}
	switch {
	case t.scale == 0:
		return nil, errors.New("the sound track has no time scale")
	case t.codec == "":
		return nil, errors.New("the sound track does not say how it is encoded")
	case t.bytes < max(t.samples, 1): // no sample is empty
		return nil, errors.New("no sound in it")
	}
	for _, p := range t.pieces {
		if !x.holds(p) {
			return nil, fmt.Errorf("the sound should be at byte %d to %d, where none is", p.at, p.at+p.size)
		}
	}
	return t, nil
}

// holds reports whether a piece is inside a box for samples.
func (x *m4aIndex) holds(p piece) bool {
	i, found := slices.BinarySearchFunc(x.mdat, p.at, func(s span, at uint64) int {
		switch {
		case at < uint64(s.start):
			return 1
		case at > uint64(s.end):
			return -1
		default:
			return 0
		}
	})
	return found && p.size <= uint64(x.mdat[i].end)-p.at
}

// fields reads numbers from a box's content, and notes when it has too few.
type fields struct {
	b     []byte
	short bool
}

// at is the 32-bit number at a byte.
func (f *fields) at(i uint64) uint32 {
	if i > uint64(len(f.b)) || uint64(len(f.b))-i < 4 {
		f.short = true
		return 0
	}
	return binary.BigEndian.Uint32(f.b[i:])
}

// long is the 64-bit number at a byte.
func (f *fields) long(i uint64) uint64 { return uint64(f.at(i))<<32 | uint64(f.at(i+4)) }

// text is the four letters at a byte.
func (f *fields) text(i int) string {
	if f.at(uint64(i)); f.short {
		return ""
	}
	return string(f.b[i : i+4])
}

// wide is one of two numbers, by the version that the box begins with.
func (f *fields) wide(narrow, wide uint64) uint64 {
	if f.at(0)>>24 == 1 {
		return wide
	}
	return narrow
}
