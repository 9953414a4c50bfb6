package delivery

import (
	"context"
	"errors"
	"time"
)

// Transcript is what a server says of the transcript of a stored call.
type Transcript struct {
	State  TranscriptState
	Made   time.Time     // when it was stored, by the server's clock; zero if not known
	Delay  time.Duration // from the call being stored until then, by the same clock; negative if not known
	Engine string        // empty if the server does not say
}

// TranscriptState is how far the transcript of a call is.
type TranscriptState uint8

// The states of a transcript.
const (
	TranscriptUnseen  TranscriptState = iota // no trace of it
	TranscriptWaiting                        // or under way
	TranscriptMade
	TranscriptFailed  // the server gave it up
	TranscriptSkipped // the server decided not to make it
)

// isFinal reports whether the state never changes.
func (s TranscriptState) isFinal() bool { return s >= TranscriptMade }

// TranscriptReader is implemented by probers that can read transcripts. One goroutine uses it at a time, and never
// while Poll or ReadAll runs.
type TranscriptReader interface {
	// OpenTranscripts says how transcripts are read. It returns an error that wraps ErrNoTranscripts if there are none.
	OpenTranscripts(ctx context.Context) (TranscriptSource, error)

	// ReadTranscripts visits the calls stored since the prober was opened. A later reading may leave out calls up to
	// the first one whose transcript was not final.
	ReadTranscripts(ctx context.Context, visit func(r *Row, t Transcript)) error
}

// ErrNoTranscripts means that a server has no transcripts, or none that can be read.
var ErrNoTranscripts = errors.New("no transcripts to read")

// TranscriptSource is how the transcripts of a server are read.
type TranscriptSource struct {
	Words string // what is read, such as "table transcriptions of tr-engine"

	// Doubtful says that the server may not transcribe at all; empty if it is seen to.
	Doubtful string

	// Silent says that calls leave no trace before they have a transcript.
	Silent bool

	// Clock bounds how far the clock is ahead that dates the transcripts. It is nil if that is the clock of the server
	// that answers uploads.
	Clock func(ctx context.Context) (Offset, error)

	// DelayUnknown is why the server itself does not show how long transcripts took; empty if it does.
	DelayUnknown string
}

// Offset bounds how far a clock is ahead of this machine's.
type Offset struct{ Low, High time.Duration }

// Middle returns the estimate with the smallest possible error.
func (o Offset) Middle() time.Duration { return o.Low + (o.High-o.Low)/2 }

// Error returns how far the middle can be off.
func (o Offset) Error() time.Duration { return (o.High - o.Low) / 2 }

// Narrow returns what both bounds allow. If they exclude each other, a clock was set meanwhile, and the newer holds.
func (o Offset) Narrow(newer Offset) Offset {
	both := Offset{max(o.Low, newer.Low), min(o.High, newer.High)}
	if both.Low > both.High {
		return newer
	}
	return both
}
