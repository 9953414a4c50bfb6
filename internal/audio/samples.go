package audio

import (
	"errors"
	"fmt"
)

// The tables of samples are those of ISO/IEC 14496-12: stsz has the samples' sizes, stts how long they last, stco or
// co64 where the chunks are that they lie in, and stsc how many are in a chunk.

// measureM4A reads the index of an MP4 file, and makes sure that what it says of its sound holds together.
func measureM4A(file []byte) (Sound, error) {
	if err := checkM4A(file); err != nil {
		return Sound{}, err
	}
	x := m4aIndex{file: file, defaults: make(map[uint32]extends)}
	if err := eachBox(file, x.box); err != nil {
		return Sound{}, err
	}
	t, err := x.soundTrack()
	if err != nil {
		return Sound{}, err
	}
	s := Sound{Length: seconds((t.units - float64(t.skipped)) / float64(t.scale))}
	s.Silent = t.codec == "mp4a" && t.bytes <= silenceFirst+silenceFrame*t.samples
	return s, nil
}

// How many bytes AAC takes for silence. Measured with ffmpeg 5.1's encoder at 32 and 48 kb/s, 8 to 96 kHz: 4 bytes a
// frame of one channel and 6 of two, and 17 more for the first, which has the encoder's name. That is 35 bytes per
// second at 8 kHz and 387 at 96 kHz, where the faintest noise, of a single step of 16 bits, takes over 3,000 as speech
// does.
const (
	silenceFrame = 6
	silenceFirst = 32
)

// count adds the samples of the tables to the track's.
func (t *track) count() error {
	sizes, err := t.sizes()
	if err != nil || sizes.n == 0 {
		return err
	}
	if err := t.last(sizes.n); err != nil {
		return err
	}
	t.samples += sizes.n
	return t.place(sizes)
}

// sizes are those of the samples in a table: all the same, or each its own.
type sizes struct {
	n    uint64
	same uint32
	each fields
}

// sizes reads the table of sizes; it has none where all samples are in fragments.
func (t *track) sizes() (s sizes, err error) {
	table, ok := t.tables["stsz"]
	if !ok {
		return s, errors.New("the sound track has no table of sizes")
	}
	f := fields{b: table}
	s.same, s.n = f.at(4), uint64(f.at(8))
	const head = 12
	if s.same == 0 && !f.short {
		s.each = fields{b: table[head:]}
		f.short = s.n > uint64(len(table)-head)/4
	}
	if f.short {
		return s, errors.New("the table of sizes is cut off")
	}
	return s, nil
}

// sum is how many bytes the samples from one up to before another have.
func (s *sizes) sum(from, to uint64) (total uint64) {
	if s.same != 0 {
		return uint64(s.same) * (to - from)
	}
	for i := from; i < to; i++ {
		total += uint64(s.each.at(4 * i))
	}
	return total
}

// last adds up how long n samples last.
func (t *track) last(n uint64) error {
	f := fields{b: t.tables["stts"]}
	for i := range uint64(f.at(4)) {
		samples, each := f.at(8+8*i), f.at(12+8*i)
		if f.short || uint64(samples) > n {
			n = 1 // too many or too few
			break
		}
		n -= uint64(samples)
		t.units += float64(samples) * float64(each)
	}
	if f.short || n != 0 {
		return errors.New("the table of durations does not fit that of sizes")
	}
	return nil
}

// place finds the chunks, and in which of them the samples lie.
func (t *track) place(s sizes) error {
	wide, table := uint64(4), t.tables["stco"]
	if table == nil {
		wide, table = 8, t.tables["co64"]
	}
	chunks, runs := fields{b: table}, fields{b: t.tables["stsc"]}
	sample, run, n := uint64(0), uint64(0), uint64(chunks.at(4))
	for i := uint64(0); i < n && sample < s.n; i++ {
		for !runs.short && run+1 < uint64(runs.at(4)) && uint64(runs.at(8+12*(run+1))) <= i+1 {
			run++
		}
		end := min(sample+uint64(runs.at(12+12*run)), s.n)
		at := uint64(chunks.at(8 + wide*i))
		if wide == 8 {
			at = chunks.long(8 + wide*i)
		}
		if chunks.short || runs.short {
			break
		}
		p := piece{at, s.sum(sample, end)}
		t.pieces, t.bytes, sample = append(t.pieces, p), t.bytes+p.size, end
	}
	if chunks.short || runs.short || sample != s.n {
		return fmt.Errorf("the tables say where %d of %d samples are", sample, s.n)
	}
	return nil
}

// begin reads whose samples a part of a fragment has, and what they are unless it says otherwise.
func (x *m4aIndex) begin(c *fields) {
	const hasBase, hasDescription, hasDuration, hasSize, baseIsMoof = 1, 2, 8, 16, 0x20000
	flags, id, at := c.at(0), c.at(4), uint64(8)
	x.fragment, x.usual = nil, x.defaults[id]
	for _, t := range x.tracks {
		if t.id == id {
			x.fragment = t
		}
	}
	if flags&baseIsMoof != 0 {
		x.next = x.moof
	}
	if flags&hasBase != 0 {
		x.moof, at = c.long(at), at+8
		x.next = x.moof
	}
	if flags&hasDescription != 0 {
		at += 4
	}
	if flags&hasDuration != 0 {
		x.usual.duration, at = c.at(at), at+4
	}
	if flags&hasSize != 0 {
		x.usual.size = c.at(at)
	}
	if x.fragment == nil && x.err == nil {
		x.err = fmt.Errorf("a fragment is of track %d, which is not there", id)
	}
}

// run reads a run of samples of a fragment.
func (x *m4aIndex) run(c *fields) {
	t := x.fragment
	if t == nil {
		return
	}
	const hasOffset, hasFirstFlags, hasDuration, hasSize, hasFlags, hasTime = 1, 4, 0x100, 0x200, 0x400, 0x800
	flags, n, at := c.at(0), uint64(c.at(4)), uint64(8)
	if flags&hasOffset != 0 {
		x.next, at = x.moof+uint64(int64(int32(c.at(at)))), at+4
	}
	if flags&hasFirstFlags != 0 {
		at += 4
	}
	p := piece{at: x.next}
	if flags&(hasDuration|hasSize|hasFlags|hasTime) == 0 {
		p.size = n * uint64(x.usual.size)
		t.units += float64(n) * float64(x.usual.duration)
	} else {
		for range n {
			each := x.usual
			for _, field := range []struct {
				flag uint32
				into *uint32
			}{{hasDuration, &each.duration}, {hasSize, &each.size}, {hasFlags, new(uint32)}, {hasTime, new(uint32)}} {
				if flags&field.flag != 0 {
					*field.into, at = c.at(at), at+4
				}
			}
			if c.short {
				return
			}
			p.size += uint64(each.size)
			t.units += float64(each.duration)
		}
	}
	x.next += p.size
	t.pieces, t.samples, t.bytes = append(t.pieces, p), t.samples+n, t.bytes+p.size
}
