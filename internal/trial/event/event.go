// Package event has what happens in a trial, as types: what an observer is told.
package event

import (
	"time"

	"rdiostress/internal/field"
	"rdiostress/internal/judge"
	"rdiostress/internal/measure"
	"rdiostress/internal/preflight"
	"rdiostress/internal/scenario"
	"rdiostress/internal/trial/verification"
)

// Event is something that happens in a trial. In the order of a trial, these are
//
//   - [Preparing], [PrimingProgress], [AwaitingStart]: what is done before the run;
//   - [StorageFound], [WindowLearned], [PrimingBegan], [Primed], [Planned]: what was found out and decided;
//   - [Warning] and its relatives [StorageUnreadable], [WindowIgnored], [TalkgroupsUnknown], [FewUniqueCalls];
//   - [Started], [PhaseBegan], [Second], [AlertChanged], [MemoryAlert], [HourEnded], [ServerKilled], [ServerAnswered]:
//     the run;
//   - [Draining], [Sent], [AwaitingMischief], [AwaitingStorage], [Accounted]: what is waited for after it;
//   - [Done].
type Event interface{ event() }

// Replaceable is an Event that says how something stands: a later one of its type takes the place of one that the
// observer has not got yet.
type Replaceable interface {
	Event
	replaceable()
}

// Activity is a task that is done before the run.
type Activity int

// The activities.
const (
	StartingServer Activity = iota
	PreparingAudio
	Connecting
	OpeningWatch
	OpeningVerification
	SendingFirstCalls
	ReadingTalkgroups
	AwaitingIdle // until the server has nothing to do after priming
)

// Preparing says that an activity begins; it lasts until the next event of this kind or the run.
type Preparing struct{ Activity Activity }

// PrimingProgress says how far priming has come.
type PrimingProgress struct {
	preflight.PrimeProgress
	Seen bool // it is seen which talkgroups the server learns
	Took time.Duration
	Max  time.Duration
}

// AwaitingStart says that the run begins at a second of its own: a run may have just ended, and calls within Window are
// duplicates to this server.
type AwaitingStart struct {
	Until  time.Time
	Wait   time.Duration // from now
	Window time.Duration
}

// StorageFound says which database of the server is looked at, and how it was found.
type StorageFound struct{ verification.Found }

// WindowLearned says that calls of a talkgroup are dated further apart than this, as the server takes others for
// duplicates.
type WindowLearned struct{ Window time.Duration }

// PrimingBegan says that priming begins.
type PrimingBegan struct {
	Talkgroups  int     // that the server does not know
	KnownBefore *uint64 // those that it does; nil where that cannot be read
	Unseen      string  // why it cannot be seen which it learns; empty: it is
	Auto        bool    // nobody has asked for priming: the server may have to learn
}

// Primed says what priming came to. Learned is how many talkgroups the server has learned, or taken calls of.
type Primed struct {
	measure.Priming
	Learned int
}

// Planned says how the calls are dated, and what clients do with failed ones.
type Planned struct {
	Dates   string
	Retries string // empty: they send none again
}

// Warning is something to know before the run.
type Warning struct{ Text field.Message }

// StorageUnreadable warns that a database of the server was found that cannot be read, so that storage is not verified.
type StorageUnreadable struct{ Why string }

// WindowIgnored warns that the scenario's duplicate window is shorter than the server's.
type WindowIgnored struct{ Server, Scenario time.Duration }

// Consequence says how a run treats talkgroups that the server does not know.
type Consequence int

// The consequences.
const (
	LearnByFirstCalls Consequence = iota // their first calls have the server learn them
	LeaveOut                             // the run does without them
	UseAll                               // without them there would be too few, so that it uses them
)

// TalkgroupsUnknown warns that the server does not know some of the run's talkgroups after priming.
type TalkgroupsUnknown struct {
	Unknown, Of int
	Certain     bool // it is known that it does not
	Then        Consequence

	// Why it does not is the first of these that is set: what it answered to a call, that the time was up, or that of
	// the accepted calls only some are stored.
	Refused          string
	TimeUp           time.Duration
	Stored, Accepted *uint64
}

// FewUniqueCalls warns that a closed loop may run out of calls that are no duplicates of each other.
type FewUniqueCalls struct {
	Talkgroups int
	Length     time.Duration
	PerSecond  float64
}

// Started says that the run begins.
type Started struct {
	RunID string
	At    time.Time // with its monotonic reading
	// Scenario is the plan's, with what was learned of the server, and without secrets: it has no API key, and its URL
	// is as in a report.
	Scenario scenario.Scenario
}

// PhaseBegan says that a phase of the run begins. The first one has begun with the run.
type PhaseBegan struct {
	At     time.Duration
	Phase  string
	Scored bool
}

// Second says how the run stands after a second of it. An observer that is slow gets the latest alone, so that some
// seconds may be left out.
type Second struct {
	measure.Snapshot
	Server  measure.Observation    // what was read of the server within the last seconds
	Storage *verification.Progress // how storing stands; nil where nothing is looked at
}

// AlertChanged says that one of the guide's alerts opens or closes.
type AlertChanged struct {
	At time.Duration
	judge.AlertChange
}

// MemoryAlert says that the server's memory is seen to grow, or no longer.
type MemoryAlert struct {
	At    time.Duration
	Alert *measure.Alert // nil: no longer
}

// HourEnded sums up an hour of a long run.
type HourEnded struct{ judge.TrendSpan }

// ServerKilled says that the crash test has killed the server.
type ServerKilled struct{ At time.Duration }

// ServerAnswered says that the killed server answers again.
type ServerAnswered struct{ At time.Duration }

// Draining says that sending was stopped before its time, and that the uploads under way are waited for.
type Draining struct{}

// Sent says that no more is sent, and that the last reply has come.
type Sent struct{}

// AwaitingMischief says that the last misbehaving uploads are waited for, which takes a while.
type AwaitingMischief struct{}

// AwaitingStorage says how storing stands after the last reply.
type AwaitingStorage struct{ verification.Progress }

// Accounted says what became of the calls that the server acknowledged.
type Accounted struct{ measure.Delivery }

// Done says that the trial is over.
type Done struct{}

func (Preparing) event()         {}
func (PrimingProgress) event()   {}
func (AwaitingStart) event()     {}
func (StorageFound) event()      {}
func (WindowLearned) event()     {}
func (PrimingBegan) event()      {}
func (Primed) event()            {}
func (Planned) event()           {}
func (Warning) event()           {}
func (StorageUnreadable) event() {}
func (WindowIgnored) event()     {}
func (TalkgroupsUnknown) event() {}
func (FewUniqueCalls) event()    {}
func (Started) event()           {}
func (PhaseBegan) event()        {}
func (Second) event()            {}
func (AlertChanged) event()      {}
func (MemoryAlert) event()       {}
func (HourEnded) event()         {}
func (ServerKilled) event()      {}
func (ServerAnswered) event()    {}
func (Draining) event()          {}
func (Sent) event()              {}
func (Accounted) event()         {}
func (AwaitingMischief) event()  {}
func (AwaitingStorage) event()   {}
func (Done) event()              {}

func (PrimingProgress) replaceable() {}
func (Second) replaceable()          {}
func (AwaitingStorage) replaceable() {}
