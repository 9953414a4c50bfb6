package replay

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
)

// Reason is why a recording is not sent. Its value is part of the report.
type Reason string

// The reasons.
const (
	Encrypted    Reason = "encrypted"      // the recorder does not upload it either
	PartOfCall   Reason = "part_of_a_call" // of which another file is sent
	NotACall     Reason = "not_a_call"     // neither its name nor anything beside it says what it is a recording of
	NoAudio      Reason = "no_audio"       // there is a sidecar, but no audio, or less of it than a server takes
	BadAudio     Reason = "bad_audio"      // it cannot be played
	TooLarge     Reason = "too_large"      // more than any server takes
	BadSidecar   Reason = "bad_sidecar"    // what lies beside it is not what its program writes
	NoTalkgroup  Reason = "no_talkgroup"   // no server takes a call without one
	NoTime       Reason = "no_time"        // or none that a call can have
	FarOff       Reason = "years_off"      // half a year or more from the other recordings
	CannotBeRead Reason = "cannot_be_read" // by the file system or the database
)

// Describe says in a few words what recordings that are skipped for this reason are.
func (r Reason) Describe() string {
	switch r {
	case Encrypted:
		return "encrypted"
	case PartOfCall:
		return "parts of calls"
	case NotACall:
		return "with a name of no known program"
	case NoAudio:
		return "without audio"
	case BadAudio:
		return "with audio that cannot be played"
	case TooLarge:
		return "larger than a server takes"
	case BadSidecar:
		return "with a sidecar that cannot be read"
	case NoTalkgroup:
		return "without a talkgroup"
	case NoTime:
		return "without a time"
	case FarOff:
		return "half a year or more from the others"
	default:
		return "cannot be read"
	}
}

// SkipError says why one recording is not sent.
type SkipError struct {
	Reason Reason
	Err    error // one line, which follows the recording's name
}

// Error implements error.
func (e *SkipError) Error() string { return e.Err.Error() }

// Unwrap returns what is behind it.
func (e *SkipError) Unwrap() error { return e.Err }

// Skipf returns a SkipError.
func Skipf(r Reason, format string, args ...any) error {
	return &SkipError{r, fmt.Errorf(format, args...)}
}

// ReasonOf returns the reason of an error of a [Source].
func ReasonOf(err error) Reason {
	if skip := (*SkipError)(nil); errors.As(err, &skip) {
		return skip.Reason
	}
	return CannotBeRead
}

// maxExamples is how many recordings are named for each reason.
const maxExamples = 5

// Skipped counts recordings that are not sent, and names some. Its zero value is empty.
type Skipped struct{ reasons []SkippedFor }

// SkippedFor counts the recordings that are not sent for one reason.
type SkippedFor struct {
	Reason   Reason
	Count    uint64
	Examples []Example // the first of them
}

// Example is a recording that is not sent.
type Example struct {
	Name string
	Why  string
}

// Add counts a recording.
func (s *Skipped) Add(name string, err error) {
	reason := ReasonOf(err)
	i := slices.IndexFunc(s.reasons, func(f SkippedFor) bool { return f.Reason == reason })
	if i < 0 {
		i = len(s.reasons)
		s.reasons = append(s.reasons, SkippedFor{Reason: reason})
	}
	f := &s.reasons[i]
	f.Count++
	if len(f.Examples) < maxExamples {
		f.Examples = append(f.Examples, Example{name, err.Error()})
	}
}

// List returns a copy of the counts, the largest first.
func (s *Skipped) List() []SkippedFor {
	list := slices.Clone(s.reasons)
	for i := range list {
		list[i].Examples = slices.Clone(list[i].Examples)
	}
	slices.SortStableFunc(list, func(x, y SkippedFor) int {
		return cmp.Or(cmp.Compare(y.Count, x.Count), cmp.Compare(x.Reason, y.Reason))
	})
	return list
}

// AddSkipped adds recordings that are skipped for one reason to a list.
func AddSkipped(list []SkippedFor, more SkippedFor) []SkippedFor {
	i := slices.IndexFunc(list, func(f SkippedFor) bool { return f.Reason == more.Reason })
	if i < 0 {
		return append(list, more)
	}
	list[i].Count += more.Count
	room := min(maxExamples-len(list[i].Examples), len(more.Examples))
	list[i].Examples = append(list[i].Examples, more.Examples[:room]...)
	return list
}

// IsLoss reports whether a recording is a call that the recorder has sent, or would have, and that a replay leaves out.
func (r Reason) IsLoss() bool { return r != Encrypted && r != PartOfCall }
