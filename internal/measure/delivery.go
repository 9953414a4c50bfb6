package measure

import "math"

// Delivery says what became of the acknowledged calls: accepted is not stored. Method says how storage was verified. If
// it was not, Method is "none" (or empty in a Result that nobody filled in), Absent says why, and the counts are
// absent.
//
// The counts cover the whole run, including phases that are not scored. Acknowledged is always Stored + Corrupted +
// Dropped + Missing + Pending, and Lost is Dropped + Missing. Intentional duplicates count only in Duplicates.
type Delivery struct {
	Method       string   `json:"method"`
	Source       string   `json:"source,omitempty"` // what was read, in words
	Absent       string   `json:"absent,omitempty"`
	Failed       bool     `json:"failed,omitempty"` // verification was requested and failed: Absent says why
	Acknowledged *uint64  `json:"acknowledged,omitempty"`
	Stored       *uint64  `json:"stored,omitempty"`       // as they were sent
	Lost         *uint64  `json:"lost,omitempty"`         // dropped or missing
	Duplicated   *uint64  `json:"duplicated,omitempty"`   // stored or corrupted calls that are stored more than once
	Corrupted    *uint64  `json:"corrupted,omitempty"`    // stored, but altered
	Dropped      *uint64  `json:"dropped,omitempty"`      // dropped as duplicates although unique, as the server says
	Missing      *uint64  `json:"missing,omitempty"`      // not stored, and no longer expected
	Pending      *uint64  `json:"pending,omitempty"`      // not stored yet when the wait ended
	BacklogMax   *uint64  `json:"backlog_max,omitempty"`  // most calls acknowledged but not yet stored
	BacklogEnd   *uint64  `json:"backlog_end,omitempty"`  // the backlog at the last reply
	StoredPerS   *float64 `json:"stored_per_s,omitempty"` // calls stored per second, until the last one
	DrainS       *float64 `json:"drain_s,omitempty"`      // from the last reply until the backlog was stored
	PendingS     *float64 `json:"pending_s,omitempty"`    // time for the pending calls at the last rate

	WaitEnd WaitEnd  `json:"wait_end,omitempty"` // how the wait for storage ended, see WaitStored
	WaitedS *float64 `json:"waited_s,omitempty"` // length of the wait, from the last reply

	// Reasons are what the server's log says about unstored calls, the most frequent first.
	Reasons []Reason `json:"reasons,omitempty"`

	// If storage could not be read at the end: when it was last read, since the start of the run, how old that reading
	// is, and why. Calls not stored by then are pending.
	AsOfS  *float64 `json:"as_of_s,omitempty"`
	AgeS   *float64 `json:"as_of_age_s,omitempty"`
	Unread string   `json:"unread,omitempty"`

	Altered        *Altered `json:"altered,omitempty"`         // what differs in the corrupted calls
	AudioCompared  *uint64  `json:"audio_compared,omitempty"`  // calls whose audio was compared
	AudioReencoded *uint64  `json:"audio_reencoded,omitempty"` // calls whose audio the server converted
	// Calls stored although their upload was refused.
	RejectedStored   *uint64 `json:"rejected_stored,omitempty"`
	UnansweredStored *uint64 `json:"unanswered_stored,omitempty"` // calls stored although their upload got no answer
	// File names of some lost or corrupted calls, with what is wrong.
	Examples []string `json:"examples,omitempty"`

	// AudioConverted is AudioReencoded under a name like that of the other fields. If the check of converted audio
	// fails, the call counts as altered.
	AudioConverted        *uint64 `json:"audio_converted,omitempty"`
	AudioConvertedChecked *uint64 `json:"audio_converted_checked,omitempty"` // converted calls whose audio was checked
	// Converted calls whose audio was decoded too.
	AudioDecoded    *uint64 `json:"audio_decoded,omitempty"`
	AudioNotDecoded string  `json:"audio_not_decoded,omitempty"` // why no more were
	// Why audio was neither compared nor checked.
	AudioNotCompared string `json:"audio_not_compared,omitempty"`

	// How long calls took to be stored or forwarded, and the resolution of that: one poll each ResolutionS seconds, or
	// 0.
	AckToStored *Distribution `json:"ack_to_stored,omitempty"` // from the reply; 0 if the call was stored before
	DueToStored *Distribution `json:"due_to_stored,omitempty"` // from when the call was due
	ResolutionS *float64      `json:"resolution_s,omitempty"`

	// Acknowledged intentional duplicates; absent if there were none.
	Duplicates *DuplicatesKept `json:"duplicates,omitempty"`

	Crash *Crash `json:"crash,omitempty"` // if the server was killed in the run
}

// WaitEnd is how the wait for storage ended.
type WaitEnd string

// The ways in which the wait for storage can end.
const (
	WaitStored    WaitEnd = "stored"    // everything was stored
	WaitIdle      WaitEnd = "idle"      // the server was idle for long enough: unstored calls are missing
	WaitOvertaken WaitEnd = "overtaken" // later calls are stored: unstored ones are missing
	WaitTimeUp    WaitEnd = "time_up"   // the server was still busy when the time was up
	WaitStopped   WaitEnd = "stopped"   // by the user
	WaitUnread    WaitEnd = "unread"    // storage could no longer be read
)

// Reason is what the server's log says about unstored calls.
type Reason struct {
	Reason  string `json:"reason"`
	Fate    Fate   `json:"fate"` // what the calls are counted as
	Count   uint64 `json:"count"`
	Example string `json:"example"` // file name of one call
}

// Fate is what the calls of a Reason are counted as.
type Fate string

// The fates of a Reason's calls.
const (
	FateMissing Fate = "missing"
	FateDropped Fate = "dropped"
)

// Altered counts the differences of stored calls from what was sent. A call can count in several.
type Altered struct {
	System    uint64 `json:"system"`
	Talkgroup uint64 `json:"talkgroup"`
	Time      uint64 `json:"time"`
	Audio     uint64 `json:"audio"`
}

// DuplicatesKept says what became of the acknowledged intentional duplicates. If a duplicate was stored instead of its
// original, it counts as both: either could be dropped. Acknowledged is always Stored + NotStored.
type DuplicatesKept struct {
	Acknowledged uint64 `json:"acknowledged"`
	Stored       uint64 `json:"stored"`
	NotStored    uint64 `json:"not_stored"`
}

// Crash says how the server recovered from being killed.
type Crash struct {
	KilledS      float64  `json:"killed_s"`             // when it was killed, since the start of the run
	AnsweredS    *float64 `json:"answered_s,omitempty"` // when it answered again; absent if it did not
	Acknowledged uint64   `json:"acknowledged"`         // calls acknowledged before it was killed
	// Of these, calls that are dropped or missing; absent if storage was not verified.
	Lost *uint64 `json:"lost,omitempty"`
}

// recoveryS is how long, in seconds, a restarted server may be slow because of the restart: clients connect, caches
// fill.
const recoveryS = 10

// Span returns the time span whose events the crash caused: from the kill until the server had recovered. It has no end
// if the server did not answer again. There is no span without a crash.
func (c *Crash) Span() (from, to float64, ok bool) {
	switch {
	case c == nil:
		return 0, 0, false
	case c.AnsweredS == nil:
		return c.KilledS, math.Inf(1), true
	default:
		return c.KilledS, *c.AnsweredS + recoveryS, true
	}
}

// LongestUninterrupted returns the longest part of a series without a crash: all of it, or the part before or after the
// crash's span.
func (c *Crash) LongestUninterrupted(series []Point) []Point {
	from, to, ok := c.Span()
	if !ok {
		return series
	}
	before, after := series[:0:0], series[:0:0]
	var tookBefore, tookAfter float64
	for _, p := range series {
		switch {
		case p.TS+p.WidthS <= from:
			before, tookBefore = append(before, p), tookBefore+p.WidthS
		case p.TS >= to:
			after, tookAfter = append(after, p), tookAfter+p.WidthS
		}
	}
	if tookAfter > tookBefore {
		return after
	}
	return before
}
