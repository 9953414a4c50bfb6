package delivery

import "time"

// transcriptTable has what is known of the transcript of each call, by its number, in 8 bytes a call.
type transcriptTable struct{ chunks map[uint64]*[chunkSize]uint64 }

// transcriptEntry is what is known of a call's transcript.
type transcriptEntry struct {
	state TranscriptState
	made  time.Duration // since the start of the run, by the clock that dates transcripts
	dated bool          // made is known
}

const (
	stateBits  = 3
	datedBit   = 1 << stateBits
	madeShift  = stateBits + 1
	madeMiddle = 1 << 55 // in µs: added, so that no value is negative within a thousand years
)

func (t *transcriptTable) get(n uint64) (e transcriptEntry) {
	c := t.chunks[n>>chunkBits]
	if c == nil {
		return e
	}
	v := c[n&(chunkSize-1)]
	e.state, e.dated = TranscriptState(v&(1<<stateBits-1)), v&datedBit != 0
	if e.dated {
		e.made = time.Duration(int64(v>>madeShift)-madeMiddle) * time.Microsecond
	}
	return e
}

func (t *transcriptTable) put(n uint64, e transcriptEntry) {
	if t.chunks == nil {
		t.chunks = make(map[uint64]*[chunkSize]uint64)
	}
	c := t.chunks[n>>chunkBits]
	if c == nil {
		c = new([chunkSize]uint64)
		t.chunks[n>>chunkBits] = c
	}
	v := uint64(e.state)
	if e.dated {
		v |= datedBit | uint64(int64(e.made/time.Microsecond)+madeMiddle)<<madeShift
	}
	c[n&(chunkSize-1)] = v
}

func (t *transcriptTable) clear() { t.chunks = nil }
