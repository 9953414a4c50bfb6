package audio

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"sort"
	"time"

	"github.com/Eyevinn/mp4ff/mp4"
)

// aacFrame is how many samples a frame of AAC-LC plays.
const aacFrame = 1024

// M4A makes clips in the format that trunk-recorder uploads: AAC-LC in an MP4 file, its index before the sound. It
// never changes once made, so any number of goroutines may use it at once.
//
// An index has the size of each frame, so no two lengths have the same. Yet none needs to be made beforehand: in ours
// the sizes come last, and those of a clip are the beginning of those of the longest. So a head is a template in which
// some numbers are set, then that many of the sizes.
type M4A struct {
	template []byte   // the file up to the sizes
	numbers  []number // in it, which depend on how many frames there are
	sizes    []byte   // of the frames of the longest clip, four bytes each
	frames   []byte   // of the longest clip; those of every other are the beginning of them
	bounds   []int    // frame i is frames[bounds[i]:bounds[i+1]]
	rate     int      // samples per second
	scale    int      // units per second in which the movie's length is written
}

// number is one that depends on how many frames a clip has.
type number struct {
	at   int // where in the template its four bytes are
	kind numberKind
}

type numberKind uint8

const (
	boxWithSizes  numberKind = iota // the size of a box that holds the sizes: what the template has, and they
	frameCount                      // how many frames there are
	movieDuration                   // what is heard, in the movie's units
	mediaDuration                   // what is decoded, in samples
	soundOffset                     // where in the file the first frame is
)

// newM4A takes the frames of file again and again until they last longest and have enough bytes.
func newM4A(file []byte, size int) (*M4A, error) {
	f, err := mp4.DecodeFile(bytes.NewReader(file))
	if err != nil {
		return nil, err
	}
	if f.Moov == nil || f.Moov.Trak == nil || f.Mdat == nil || f.Ftyp == nil || len(f.Moov.Traks) != 1 {
		return nil, errors.New("not an MP4 file with one track")
	}
	track := f.Moov.Trak.Mdia
	stbl := track.Minf.Stbl
	m := &M4A{rate: int(track.Mdhd.Timescale), scale: int(f.Moov.Mvhd.Timescale)}
	if stbl.Stts.SampleTimeDelta[0] != aacFrame || m.rate < 8000 || len(stbl.Stsz.SampleSize) < 2 {
		return nil, errors.New("not AAC of two frames or more")
	}
	if err := m.layOut(f.Mdat.Data, stbl.Stsz.SampleSize, size); err != nil {
		return nil, err
	}
	return m, m.makeTemplate(f)
}

// layOut repeats the frames. It begins with the two smallest neighbours, so that the smallest clips are small.
func (m *M4A) layOut(sound []byte, sizes []uint32, size int) error {
	once, first := make([][]byte, len(sizes)), 0
	for i, n := range sizes {
		if int64(n) > int64(len(sound)) {
			return errors.New("frames beyond the end of the sound")
		}
		once[i], sound = sound[:n], sound[n:]
		if i > 0 && sizes[i-1]+n < sizes[first]+sizes[first+1] {
			first = i - 1
		}
	}
	m.bounds = []int{0}
	wanted := 1 + m.nearest(longest)
	for i := first; len(m.bounds) <= wanted || len(m.frames) < size; i++ {
		frame := once[i%len(once)]
		m.frames = append(m.frames, frame...)
		m.bounds = append(m.bounds, len(m.frames))
		m.sizes = binary.BigEndian.AppendUint32(m.sizes, uint32(len(frame)))
	}
	return nil
}

// makeTemplate writes the file's head as it is with no frames, the table of their sizes last, and notes where its
// numbers are.
func (m *M4A) makeTemplate(f *mp4.File) error {
	moov := f.Moov
	stbl := moov.Trak.Mdia.Minf.Stbl
	stbl.Stts = &mp4.SttsBox{SampleCount: []uint32{0}, SampleTimeDelta: []uint32{aacFrame}}
	stbl.Stsc = &mp4.StscBox{Entries: []mp4.StscEntry{{FirstChunk: 1}}}
	stbl.Stsc.SetSingleSampleDescriptionID(1)
	stbl.Stco = &mp4.StcoBox{ChunkOffset: []uint32{0}}
	stbl.Stsz = &mp4.StszBox{}
	stbl.Children = []mp4.Box{stbl.Stsd, stbl.Stts, stbl.Stsc, stbl.Stco, stbl.Stsz}
	moov.Children = []mp4.Box{moov.Mvhd, moov.Trak}
	var b bytes.Buffer
	if err := errors.Join(f.Ftyp.Encode(&b), moov.Encode(&b)); err != nil {
		return err
	}
	m.template = b.Bytes()
	found := 0
	err := eachBox(m.template, func(path string, start, end int) {
		if end == len(m.template) { // it holds the sizes
			m.numbers = append(m.numbers, number{start, boxWithSizes})
		}
		places := map[string]number{ // where in a box of version 0 the number is
			"moov/mvhd":                     {24, movieDuration},
			"moov/trak/tkhd":                {28, movieDuration},
			"moov/trak/edts/elst":           {16, movieDuration},
			"moov/trak/mdia/mdhd":           {24, mediaDuration},
			"moov/trak/mdia/minf/stbl/stts": {16, frameCount},
			"moov/trak/mdia/minf/stbl/stsc": {20, frameCount},
			"moov/trak/mdia/minf/stbl/stco": {16, soundOffset},
			"moov/trak/mdia/minf/stbl/stsz": {16, frameCount},
		}
		if n, ok := places[path]; ok && m.template[start+8] == 0 {
			m.numbers = append(m.numbers, number{start + n.at, n.kind})
			found++
		}
	})
	if err == nil && found != 8 {
		err = fmt.Errorf("index has %d of 8 known numbers", found)
	}
	return err
}

// nearest returns how many frames come closest to d, which is at most some hours.
func (m *M4A) nearest(d time.Duration) int {
	const frame = aacFrame * time.Second
	return int((d*time.Duration(m.rate) + frame/2) / frame)
}

// Clip returns the clip that comes closest to what is wanted. One of a wanted length is right to a frame (128 ms at 8
// kHz), and no less than half a second or more than a minute; one of a wanted size has just that, but no less than a
// frame that is heard. Clip does not allocate.
func (m *M4A) Clip(w Want) Clip {
	most := len(m.bounds) - 1
	if w.Bytes == 0 {
		// The first frame is not heard: an AAC decoder needs it for the second.
		return m.cut(min(1+m.nearest(min(max(w.Length, shortest), longest)), most))
	}
	n := sort.Search(most, func(i int) bool { return m.len(i+1)+m.bounds[i+1] > w.Bytes }) // as many fit
	c := m.cut(max(n, 2))
	c.pad = max(0, w.Bytes-c.Size())
	return c
}

// cut returns the clip of the first n frames.
func (m *M4A) cut(n int) Clip {
	end := m.bounds[n]
	return Clip{
		Body:     m.frames[:end:end],
		Duration: time.Duration(n-1) * aacFrame * time.Second / time.Duration(m.rate),
		Type:     "audio/mp4",
		Ext:      ".m4a",
		frames:   n,
		maker:    m,
	}
}

const boxHeader = 8

// len is the length of the head of a clip of n frames.
func (m *M4A) len(n int) int { return len(m.template) + 4*n + boxHeader + MaxTag + boxHeader }

func (m *M4A) headLen(c *Clip) int { return m.len(c.frames) + c.pad }

func (m *M4A) appendHead(dst []byte, c *Clip, tag []byte) []byte {
	start := len(dst)
	dst = append(dst, m.template...)
	m.setNumbers(dst[start:], c)
	dst = append(dst, m.sizes[:4*c.frames]...)
	dst = binary.BigEndian.AppendUint32(dst, uint32(boxHeader+MaxTag+c.pad))
	dst = append(dst, "free"...)
	dst = append(dst, tag...)
	dst = appendZeros(dst, MaxTag-len(tag)+c.pad)
	dst = binary.BigEndian.AppendUint32(dst, uint32(boxHeader+len(c.Body)))
	return append(dst, "mdat"...)
}

// setNumbers sets what depends on the number of frames in a copy of the template.
func (m *M4A) setNumbers(head []byte, c *Clip) {
	heard := uint32((c.frames - 1) * aacFrame * m.scale / m.rate)
	for _, n := range m.numbers {
		value := uint32(c.frames)
		switch n.kind {
		case boxWithSizes:
			value = binary.BigEndian.Uint32(m.template[n.at:]) + uint32(4*c.frames)
		case movieDuration:
			value = heard
		case mediaDuration:
			value = uint32(c.frames * aacFrame)
		case soundOffset:
			value = uint32(m.headLen(c))
		}
		binary.BigEndian.PutUint32(head[n.at:], value)
	}
}
