package upload

import (
	"time"
	"unsafe"

	"rdiostress/internal/audio"
	"rdiostress/internal/radio"
	"rdiostress/internal/rdio"
)

// Request is a call ready to be sent. A worker has one request and makes each of its calls in the memory of that
// request: AudioName and Head are valid until the next call.
type Request struct {
	rdio.Upload
	Client rdio.Client // client that sends it
	Server uint8       // index of the server that it is for, if there are several
	Clip   audio.Clip  // source of the upload's audio

	Duplicate    bool // it is an intentional duplicate of the call before it
	HasDuplicate bool // the next call is an intentional duplicate of it
	First        bool // it is the first call of its talkgroup in the run
	Skip         bool // there is nothing to send, as a recording cannot be read

	Recording        *Recording // the recorded call that it is, or nil
	mark, name, head []byte     // memory that the upload points to
	patches          [radio.MaxPatches]int64
	units            [radio.MaxTransmissions]rdio.Unit
	frequencies      [radio.MaxTransmissions]rdio.Frequency
}

// Recording is a recorded call that was read ahead.
type Recording struct {
	Number uint64
	Call   rdio.Call
	Audio  []byte
	Length time.Duration // how long the audio plays; 0 is unknown
	Ext    string
	Err    error // why it cannot be sent; nil if it can

	Duplicate    bool // it is a duplicate of another recording
	HasDuplicate bool // another recording is a duplicate of it
}

// PatchRoom returns memory for the patches of the call.
func (r *Request) PatchRoom() []int64 { return r.patches[:0] }

// UnitRoom returns memory for the units of the call.
func (r *Request) UnitRoom() []rdio.Unit { return r.units[:0] }

// FrequencyRoom returns memory for the frequencies of the call.
func (r *Request) FrequencyRoom() []rdio.Frequency { return r.frequencies[:0] }

// Fill names the call, as call n of a run, and gives it its audio. The client and the call must be set. Fill does not
// allocate once the memory of the request is large enough.
func (r *Request) Fill(runID string, n uint64, clip audio.Clip) {
	r.mark = rdio.AppendMark(r.mark[:0], runID, n)
	r.Number, r.Clip = n, clip
	r.finish()
}

// FillMarked is like Fill for a call that has a mark of its own instead of a number of the run.
func (r *Request) FillMarked(mark string, clip audio.Clip) {
	r.mark = append(r.mark[:0], mark...)
	r.Clip = clip
	r.finish()
}

// finish sets what depends on the mark and the clip.
func (r *Request) finish() {
	c := &r.Clip // a pointer into the request: a local copy would escape to the heap
	r.name = append(r.Client.AppendName(r.name[:0], &r.Call, r.mark), c.Ext...)
	r.head = c.AppendHead(r.head[:0], r.mark)
	r.nameAudio()
	r.AudioType = c.Type
	r.Duration = c.Duration
	r.Head, r.Body = r.head, c.Body
}

// nameAudio sets the name of the audio to the text in the memory of the request.
func (r *Request) nameAudio() {
	r.AudioName = unsafe.String(unsafe.SliceData(r.name), len(r.name)) // string(r.name) would allocate
}

// MoveTo moves the call into the memory of another request, so that this request can be used again. A recording moves
// along.
func (r *Request) MoveTo(to *Request) {
	mark, name, head := to.mark, to.name, to.head
	*to = *r
	to.mark, to.name, to.head = append(mark[:0], r.mark...), append(name[:0], r.name...), append(head[:0], r.head...)
	to.nameAudio()
	to.Head = to.head
	if r.Recording != nil {
		r.Recording = nil // the lists are in its memory
		return
	}
	to.Patches = append(to.patches[:0], r.Patches...)
	to.Units = append(to.units[:0], r.Units...)
	to.Frequencies = append(to.frequencies[:0], r.Frequencies...)
}

// RecordingBytes returns how many bytes of audio are in memory for this call alone.
func (r *Request) RecordingBytes() int {
	if r.Recording == nil {
		return 0
	}
	return len(r.Recording.Audio)
}
