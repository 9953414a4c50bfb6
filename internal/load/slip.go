package load

import (
	"unsafe"

	"rdiostress/internal/audio"
	"rdiostress/internal/radio"
	"rdiostress/internal/rdio"
)

// Slip is one call as an uploader is to send it. A worker has one and makes each of its calls in the same memory: AudioName
// and the audio's head are good until the next.
type Slip struct {
	rdio.Upload
	Client rdio.Client // who sends it
	Clip   audio.Clip  // what the upload's audio was made of

	Duplicate bool // of the call before it, on purpose
	Echoed    bool // the next call is a duplicate of it
	First     bool // of its talkgroup in the run
	Skip      bool // there is nothing to send: a recording that cannot be read

	recording        *recording // that the call is
	mark, name, head []byte     // memory of what the upload points to
	patches          [radio.MaxPatches]int64
	units            [radio.MaxTransmissions]rdio.Unit
	frequencies      [radio.MaxTransmissions]rdio.Frequency
}

// Fill names call n of a run and gives it its audio. It does not allocate once the slip's memory has grown to what calls need.
// The client and the call must be set; the audio's length and type are taken from the clip.
func (s *Slip) Fill(runID string, n uint64, clip audio.Clip) {
	s.mark = rdio.AppendMark(s.mark[:0], runID, n)
	s.Number, s.Clip = n, clip
	s.finish()
}

// finish does what is left once the mark and the clip are there.
func (s *Slip) finish() {
	c := &s.Clip // in memory that is there already: what makes heads sees it, so that a variable would be allocated
	s.name = append(s.Client.AppendName(s.name[:0], &s.Call, s.mark), c.Ext...)
	s.head = c.AppendHead(s.head[:0], s.mark)
	s.AudioName = unsafe.String(unsafe.SliceData(s.name), len(s.name)) // a string of its own would be allocated
	s.AudioType = c.Type
	s.Duration = c.Duration
	s.Head, s.Body = s.head, c.Body
}
