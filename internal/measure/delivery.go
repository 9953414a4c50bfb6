package measure

import "math"

// Delivery says what became of the acknowledged calls: accepted is not stored. Method says how it was looked at; it is
// "none", or empty in a Result that nobody filled in, where nothing was, and then Absent says why and the counts are
// absent.
//
// The counts are of the whole run, also of phases that are not scored. Acknowledged is always Stored + Corrupted +
// Dropped + Missing + Pending, and Lost is Dropped + Missing. Duplicates on purpose are in none of these, but in
// Duplicates alone.
type Delivery struct {
	Method       string   `json:"method"`
	Source       string   `json:"source,omitempty"` // what was looked at, in words
	Absent       string   `json:"absent,omitempty"`
	Failed       bool     `json:"failed,omitempty"` // it was asked for, and could not be done: Absent says why
	Acknowledged *uint64  `json:"acknowledged,omitempty"`
	Stored       *uint64  `json:"stored,omitempty"`       // as they were sent
	Lost         *uint64  `json:"lost,omitempty"`         // dropped or missing
	Duplicated   *uint64  `json:"duplicated,omitempty"`   // of the stored and corrupted ones, more than once
	Corrupted    *uint64  `json:"corrupted,omitempty"`    // stored, but altered
	Dropped      *uint64  `json:"dropped,omitempty"`      // as duplicates, by the server's own word, although unique
	Missing      *uint64  `json:"missing,omitempty"`      // not stored, and not to be any more
	Pending      *uint64  `json:"pending,omitempty"`      // not stored yet when the wait for them ended
	BacklogMax   *uint64  `json:"backlog_max,omitempty"`  // most calls acknowledged but not yet stored
	BacklogEnd   *uint64  `json:"backlog_end,omitempty"`  // of these, at the last reply
	StoredPerS   *float64 `json:"stored_per_s,omitempty"` // calls stored per second, until the last was
	DrainS       *float64 `json:"drain_s,omitempty"`      // from the last reply until the backlog was stored
	PendingS     *float64 `json:"pending_s,omitempty"`    // what the pending ones need at the rate last seen

	WaitEnd WaitEnd  `json:"wait_end,omitempty"` // how the wait for storage ended, see WaitStored
	WaitedS *float64 `json:"waited_s,omitempty"` // how long it took, from the last reply

	// Reasons are what the server's log says of calls that are not stored, the most frequent first.
	Reasons []Reason `json:"reasons,omitempty"`

	// Where what is stored could not be read in the end: when it last was, since the start of the run, how old that is,
	// and why. What was not stored by then is pending.
	AsOfS  *float64 `json:"as_of_s,omitempty"`
	AgeS   *float64 `json:"as_of_age_s,omitempty"`
	Unread string   `json:"unread,omitempty"`

	Altered        *Altered `json:"altered,omitempty"`         // what is other in the corrupted ones
	AudioCompared  *uint64  `json:"audio_compared,omitempty"`  // calls whose audio was compared
	AudioReencoded *uint64  `json:"audio_reencoded,omitempty"` // calls whose audio the server converted
	// Calls stored although their upload was answered with a refusal.
	RejectedStored   *uint64 `json:"rejected_stored,omitempty"`
	UnansweredStored *uint64 `json:"unanswered_stored,omitempty"` // calls stored although their upload got no answer
	// File names of some calls that are lost or corrupted, and what is wrong.
	Examples []string `json:"examples,omitempty"`

	// AudioConverted is AudioReencoded, by the name that the other fields have. Where the check of converted audio
	// fails, the call counts as altered.
	AudioConverted        *uint64 `json:"audio_converted,omitempty"`
	AudioConvertedChecked *uint64 `json:"audio_converted_checked,omitempty"` // of these, calls whose audio was checked
	// Of these, calls whose audio was decoded too.
	AudioDecoded    *uint64 `json:"audio_decoded,omitempty"`
	AudioNotDecoded string  `json:"audio_not_decoded,omitempty"` // why no more were
	// Why audio was neither compared nor checked.
	AudioNotCompared string `json:"audio_not_compared,omitempty"`

	// How long calls took to be stored or forwarded, and how finely that was seen: a look each ResolutionS seconds, or
	// 0.
	AckToStored *Distribution `json:"ack_to_stored,omitempty"` // from the reply; 0 where it was stored before
	DueToStored *Distribution `json:"due_to_stored,omitempty"` // from when the call was due
	ResolutionS *float64      `json:"resolution_s,omitempty"`

	// Acknowledged ones that were sent on purpose; absent if there were none.
	Duplicates *DuplicatesKept `json:"duplicates,omitempty"`

	Crash *Crash `json:"crash,omitempty"` // of a server that was killed in the run
}

// WaitEnd is how the wait for storage ended.
type WaitEnd string

// How the wait for storage can end.
const (
	WaitStored    WaitEnd = "stored"    // everything was stored
	WaitIdle      WaitEnd = "idle"      // the server had been idle for long enough: what is not stored is missing
	WaitOvertaken WaitEnd = "overtaken" // calls that were acknowledged later are stored: what is not is missing
	WaitTimeUp    WaitEnd = "time_up"   // the server was still at work when there was no more time
	WaitStopped   WaitEnd = "stopped"   // by the user
	WaitUnread    WaitEnd = "unread"    // what is stored could not be read any more
)

// Reason is what the server's log says of calls that are not stored.
type Reason struct {
	Reason  string `json:"reason"`
	Fate    Fate   `json:"fate"` // what the calls are counted as
	Count   uint64 `json:"count"`
	Example string `json:"example"` // name of one's file
}

// Fate is what the calls of a Reason are counted as.
type Fate string

// The fates of a Reason's calls.
const (
	FateMissing Fate = "missing"
	FateDropped Fate = "dropped"
)

// Altered counts what is other than it was sent, of calls that are stored. A call can count in several.
type Altered struct {
	System    uint64 `json:"system"`
	Talkgroup uint64 `json:"talkgroup"`
	Time      uint64 `json:"time"`
	Audio     uint64 `json:"audio"`
}

// DuplicatesKept says what became of calls that were sent as duplicates on purpose, and that the server acknowledged.
// Where a duplicate was stored and its original was not, it is both: either was to be dropped. Acknowledged is always
// Stored + NotStored.
type DuplicatesKept struct {
	Acknowledged uint64 `json:"acknowledged"`
	Stored       uint64 `json:"stored"`
	NotStored    uint64 `json:"not_stored"`
}

// Crash says how a server stood being killed.
type Crash struct {
	KilledS      float64  `json:"killed_s"`             // when it was killed, since the start of the run
	AnsweredS    *float64 `json:"answered_s,omitempty"` // when it answered again; absent if it did not
	Acknowledged uint64   `json:"acknowledged"`         // calls acknowledged before it was killed
	// Of these, calls that are dropped or missing; absent where nobody looked.
	Lost *uint64 `json:"lost,omitempty"`
}

// recoveryS is for how long, in seconds, a server that has been started again is slow for that: clients connect, caches
// fill.
const recoveryS = 10

// Span is the time in which what happened is the crash's doing: from when the server was killed until it had settled
// again. It has no end where the server did not answer again, and no span exists without a crash.
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

// LongestUninterrupted is the longer part of a series that no crash interrupted: all of it, or what came before the
// span of the crash, or after.
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
