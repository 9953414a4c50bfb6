// Package event has the events of a trial, as types.
package event

import (
	"time"

	"rdiostress/internal/delivery"
	"rdiostress/internal/field"
	"rdiostress/internal/judge"
	"rdiostress/internal/measure"
	"rdiostress/internal/preflight"
	"rdiostress/internal/scenario"
	"rdiostress/internal/trial/verification"
)

// Event is something that happens in a trial. In the order of a trial, the events are
//
//   - [Preparing], [PrimingProgress], [AwaitingStart]: preparation before the run;
//   - [StorageFound], [WindowLearned], [PrimingBegan], [Primed], [Planned]: what was found out and decided;
//   - [Warning] and its relatives [StorageUnreadable], [WindowIgnored], [TalkgroupsUnknown], [FewUniqueCalls];
//   - [Started], [PhaseBegan], [Second], [AlertChanged], [MemoryAlert], [HourEnded], [ServerKilled], [ServerAnswered]:
//     the run;
//   - [Draining], [Sent], [AwaitingMischief], [AwaitingStorage], [Accounted], [AwaitingTranscripts]: waiting after the
//     run;
//   - [Done].
type Event interface{ event() }

// Replaceable is an Event that describes a state: a later one of its type replaces one that the observer has not
// received yet.
type Replaceable interface {
	Event
	replaceable()
}

// Activity is a task before the run.
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
	AwaitingIdle // waiting until the server is idle after priming
)

// Preparing means that an activity begins; it lasts until the next event of this type or the run.
type Preparing struct{ Activity Activity }

// PrimingProgress says how far priming has come.
type PrimingProgress struct {
	preflight.PrimeProgress
	Seen bool // it can be observed which talkgroups the server learns
	Took time.Duration
	Max  time.Duration
}

// AwaitingStart means that the run waits for its own second: a run may have just ended, and this server takes calls
// within Window for duplicates.
type AwaitingStart struct {
	Until  time.Time
	Wait   time.Duration // time until the start
	Window time.Duration
}

// StorageFound says in which database of the server storage is verified, and how it was found.
type StorageFound struct{ verification.Found }

// WindowLearned means that calls of a talkgroup are dated further apart than this, because the server takes closer ones
// for duplicates.
type WindowLearned struct{ Window time.Duration }

// PrimingBegan means that priming begins.
type PrimingBegan struct {
	Talkgroups  int     // talkgroups that the server does not know
	KnownBefore *uint64 // talkgroups that it knows; nil if that cannot be read
	Unseen      string  // why learning cannot be observed; empty if it can
	Auto        bool    // priming was not requested, but the server may have to learn
}

// Primed is the result of priming. Learned is how many talkgroups the server has learned, or accepted calls of.
type Primed struct {
	measure.Priming
	Learned int
}

// Planned says how the calls are dated, and what clients do with failed calls.
type Planned struct {
	Dates   string
	Retries string // empty: they do not retry
}

// Warning is something to know before the run.
type Warning struct{ Text field.Message }

// StorageUnreadable warns that a database of the server was found but cannot be read, so that storage is not verified.
type StorageUnreadable struct{ Why string }

// WindowIgnored warns that the scenario's duplicate window is shorter than the server's.
type WindowIgnored struct{ Server, Scenario time.Duration }

// Consequence is how a run treats talkgroups that the server does not know.
type Consequence int

// The consequences.
const (
	LearnByFirstCalls Consequence = iota // the server learns them from their first calls
	LeaveOut                             // the run leaves them out
	UseAll                               // the run uses them, because the others are too few
)

// TalkgroupsUnknown warns that the server does not know some of the run's talkgroups after priming.
type TalkgroupsUnknown struct {
	Unknown, Of int
	Certain     bool // the server certainly does not know them
	Then        Consequence

	// The first of these that is set is the reason: what it answered to a call, that the time was up, or that only some
	// of the accepted calls are stored.
	Refused          string
	TimeUp           time.Duration
	Stored, Accepted *uint64
}

// FewUniqueCalls warns that a closed loop may run out of unique calls.
type FewUniqueCalls struct {
	Talkgroups int
	Length     time.Duration
	PerSecond  float64
}

// Started means that the run begins.
type Started struct {
	RunID string
	At    time.Time // with its monotonic reading
	// Scenario is the plan's scenario with what was learned of the server. It contains no secrets: it has no API key,
	// and its URL is as in a report.
	Scenario scenario.Scenario
}

// PhaseBegan means that a phase of the run begins. The first phase begins with the run.
type PhaseBegan struct {
	At     time.Duration
	Phase  string
	Scored bool
}

// Second is the state of the run after a second. A slow observer receives only the latest one, so that it may miss some
// seconds.
type Second struct {
	measure.Snapshot
	Server  measure.Observation    // observations of the last few seconds
	Storage *verification.Progress // storage; nil if storage is not verified
	// Cumulative are the counts and times so far, with those of this second or the next; nil if the environment did not
	// ask for them.
	Cumulative *measure.Cumulative
}

// AlertChanged means that one of the guide's alerts opens or closes.
type AlertChanged struct {
	At time.Duration
	judge.AlertChange
}

// MemoryAlert means that the server's memory is found to grow, or no longer.
type MemoryAlert struct {
	At    time.Duration
	Alert *measure.Alert // nil if memory no longer grows
}

// HourEnded summarises an hour of a long run.
type HourEnded struct{ judge.TrendSpan }

// ServerKilled means that the crash test has killed the server.
type ServerKilled struct{ At time.Duration }

// ServerAnswered means that the killed server answers again.
type ServerAnswered struct{ At time.Duration }

// Draining means that sending was stopped early, and that the uploads in flight are awaited.
type Draining struct{}

// Sent means that sending has ended, and that the last reply has come.
type Sent struct{}

// AwaitingMischief means that the last misbehaving uploads are awaited, which takes a while.
type AwaitingMischief struct{}

// AwaitingStorage is the state of storage after the last reply.
type AwaitingStorage struct {
	verification.Progress
	Server measure.Observation // observations of the last few seconds
}

// Accounted says what became of the calls that the server acknowledged.
type Accounted struct{ measure.Delivery }

// AwaitingTranscripts is how far the transcripts are after the run, while some of its calls wait for theirs.
type AwaitingTranscripts struct{ delivery.TranscriptProgress }

// Done means that the trial is over.
type Done struct{}

func (Preparing) event()           {}
func (PrimingProgress) event()     {}
func (AwaitingStart) event()       {}
func (StorageFound) event()        {}
func (WindowLearned) event()       {}
func (PrimingBegan) event()        {}
func (Primed) event()              {}
func (Planned) event()             {}
func (Warning) event()             {}
func (StorageUnreadable) event()   {}
func (WindowIgnored) event()       {}
func (TalkgroupsUnknown) event()   {}
func (FewUniqueCalls) event()      {}
func (Started) event()             {}
func (PhaseBegan) event()          {}
func (Second) event()              {}
func (AlertChanged) event()        {}
func (MemoryAlert) event()         {}
func (HourEnded) event()           {}
func (ServerKilled) event()        {}
func (ServerAnswered) event()      {}
func (Draining) event()            {}
func (Sent) event()                {}
func (Accounted) event()           {}
func (AwaitingMischief) event()    {}
func (AwaitingStorage) event()     {}
func (AwaitingTranscripts) event() {}
func (Done) event()                {}

func (PrimingProgress) replaceable()     {}
func (Second) replaceable()              {}
func (AwaitingStorage) replaceable()     {}
func (AwaitingTranscripts) replaceable() {}
