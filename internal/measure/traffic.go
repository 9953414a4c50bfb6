package measure

// Radio describes the simulated radio networks of a run's calls, as configured.
type Radio struct {
	Zipf             float64 `json:"zipf_exponent"`       // of the talkgroups' popularity; 0 means uniform
	Units            int     `json:"units"`               // radios per talkgroup
	Sites            int     `json:"sites"`               // sites per system
	DuplicateWindowS float64 `json:"duplicate_window_s"`  // minimum distance between calls of a talkgroup
	Generator        string  `json:"generator,omitempty"` // such as 2/4; absent: alone

	Preset         string       `json:"preset,omitempty"`
	DayCurve       string       `json:"day_curve,omitempty"` // time of day at the start, such as 06:30
	TimeScale      float64      `json:"time_scale,omitempty"`
	DuplicateRatio float64      `json:"duplicate_ratio,omitempty"`
	Prime          bool         `json:"prime,omitempty"` // talkgroups that the server may not know were primed
	Replay         *ReplayOrder `json:"replay,omitempty"`
}

// AsRecorded stands for the talkgroups or systems of a replay that sends those of the recordings.
const AsRecorded = "as recorded"

// ReplayOrder is how recordings were selected and paced.
type ReplayOrder struct {
	Folder string  `json:"folder"`           // a folder, a list or a database
	Mask   string  `json:"mask,omitempty"`   // file name pattern
	Period string  `json:"period,omitempty"` // time range of the recordings
	Speed  float64 `json:"speed"`
	Loop   bool    `json:"loop"`

	KeepSystems bool `json:"keep_systems,omitempty"` // calls kept the numbers of their systems if those were recorded
}

// Traffic is what a run's calls were.
type Traffic struct {
	Dates     string  `json:"dates"`      // description of the calls' dates
	OldestS   float64 `json:"oldest_s"`   // age of the oldest call's date when it was due
	DatedBack uint64  `json:"dated_back"` // calls dated back by hours because their talkgroup already had a call then
	Moved     uint64  `json:"moved"`      // calls moved to another talkgroup because theirs had no free time

	Duplicates *Duplicates `json:"duplicates,omitempty"` // intentional duplicates
	Replay     *Replay     `json:"replay,omitempty"`
}

// Duplicates says how the server answered intentional duplicates. Neither answer is wrong, so they are in no score.
type Duplicates struct {
	Sent     uint64 `json:"sent"`
	Accepted uint64 `json:"accepted"` // many servers accept duplicates and then drop them
	Rejected uint64 `json:"rejected"` // answered as duplicates
	Failed   uint64 `json:"failed"`   // in any other way
}

// Replay describes the recordings of a replay. Every file is a call to send, or encrypted, or unreadable.
type Replay struct {
	Programs   map[string]int `json:"programs"` // recordings by the program that made them
	Files      uint64         `json:"files"`
	Calls      uint64         `json:"calls,omitempty"`             // sendable, of those whose turn came
	Encrypted  uint64         `json:"encrypted"`                   // of those whose turn came
	Unreadable uint64         `json:"unreadable"`                  // as above, and files without a readable name
	SpanS      float64        `json:"span_s"`                      // from the first call to the last
	Reasons    []SkipReason   `json:"skipped_by_reason,omitempty"` // why recordings were not sent
	Skipped    []SkippedFile  `json:"skipped,omitempty"`           // some of them
}

// MinReplayed is the share of the recordings that a replay should send, not counting encrypted calls. With less, the
// load is not the recorded one.
const MinReplayed = 0.95

// Incomplete reports whether less than that share could be sent.
func (r *Replay) Incomplete() bool {
	return r.Unreadable > 0 && float64(r.Calls) < MinReplayed*float64(r.Calls+r.Unreadable)
}

// SkipReason counts the recordings that were not sent for one reason.
type SkipReason struct {
	Reason string `json:"reason"`
	What   string `json:"what"` // describes those recordings
	Count  uint64 `json:"count"`
	Loss   bool   `json:"loss"` // the recorder would have uploaded them
}

// SkippedFile is a recording that was not sent, and why.
type SkippedFile struct {
	Path   string `json:"path"`
	Reason string `json:"reason"`
}
