package upload

import (
	"unsafe"

	"rdiostress/internal/audio"
	"rdiostress/internal/radio"
	"rdiostress/internal/rdio"
)

// Slip is one call as an uploader is to send it. A worker has one and makes each of its calls in the same memory:
// AudioName and the audio's head are good until the next.
type Request struct {
	rdio.Upload
	Client rdio.Client // who sends it
	Clip   audio.Clip  // what the upload's audio was made of

	Duplicate    bool // of the call before it, on purpose
	HasDuplicate bool // the next call is a duplicate of it
	First        bool // of its talkgroup in the run
	Skip         bool // there is nothing to send: a recording that cannot be read

	Recording        *Recording // that the call is
	mark, name, head []byte     // memory of what the upload points to
	patches          [radio.MaxPatches]int64
	units            [radio.MaxTransmissions]rdio.Unit
	frequencies      [radio.MaxTransmissions]rdio.Frequency
}

// Recording is a recorded call that was read ahead, to be sent.
type Recording struct {
	Number uint64
	Call   rdio.Call
	Audio  []byte
	Ext    string
	Err    error // why it cannot be sent

	Duplicate    bool // of another recording
	HasDuplicate bool // another recording is a duplicate of it
}

// PatchRoom is memory for the call's patches.
func (s *Request) PatchRoom() []int64 { return s.patches[:0] }

// UnitRoom is memory for the call's units.
func (s *Request) UnitRoom() []rdio.Unit { return s.units[:0] }

// FrequencyRoom is memory for the call's frequencies.
func (s *Request) FrequencyRoom() []rdio.Frequency { return s.frequencies[:0] }

// Fill names call n of a run and gives it its audio. It does not allocate once the slip's memory has grown to what
// calls need. The client and the call must be set; the audio's length and type are taken from the clip.
func (s *Request) Fill(runID string, n uint64, clip audio.Clip) {
	s.mark = rdio.AppendMark(s.mark[:0], runID, n)
	s.Number, s.Clip = n, clip
	s.finish()
}

// FillMarked is Fill for a call that is none of the run's: it has a mark of its own and no number.
func (s *Request) FillMarked(mark string, clip audio.Clip) {
	s.mark = append(s.mark[:0], mark...)
	s.Clip = clip
	s.finish()
}

// finish does what is left once the mark and the clip are there.
func (s *Request) finish() {
	c := &s.Clip // in memory that is there already: what makes heads sees it, so that a variable would be allocated
	s.name = append(s.Client.AppendName(s.name[:0], &s.Call, s.mark), c.Ext...)
	s.head = c.AppendHead(s.head[:0], s.mark)
	s.nameAudio()
	s.AudioType = c.Type
	s.Duration = c.Duration
	s.Head, s.Body = s.head, c.Body
}

// nameAudio has the call named as its memory says.
func (s *Request) nameAudio() {
	s.AudioName = unsafe.String(unsafe.SliceData(s.name), len(s.name)) // a string of its own would be allocated
}

// MoveTo puts the call into another slip's memory, so that this one's can be used again. A recording goes over to it.
func (s *Request) MoveTo(to *Request) {
	mark, name, head := to.mark, to.name, to.head
	*to = *s
	to.mark, to.name, to.head = append(mark[:0], s.mark...), append(name[:0], s.name...), append(head[:0], s.head...)
	to.nameAudio()
	to.Head = to.head
	if s.Recording != nil {
		s.Recording = nil // whose memory the lists are in
		return
	}
	to.Patches = append(to.patches[:0], s.Patches...)
	to.Units = append(to.units[:0], s.Units...)
	to.Frequencies = append(to.frequencies[:0], s.Frequencies...)
}

// OwnAudio is how many bytes of audio are in memory for this call alone.
func (s *Request) RecordingBytes() int {
	if s.Recording == nil {
		return 0
	}
	return len(s.Recording.Audio)
}
