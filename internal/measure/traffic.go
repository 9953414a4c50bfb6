package measure

// Radio is the radio world that a run's calls came from, as far as it was asked for.
type Radio struct {
	Zipf             float64 `json:"zipf_exponent"`       // of the talkgroups' popularity; 0 is even
	Units            int     `json:"units"`               // radios of each talkgroup
	Sites            int     `json:"sites"`               // of each system
	DuplicateWindowS float64 `json:"duplicate_window_s"`  // that calls of a talkgroup are kept further apart than
	Generator        string  `json:"generator,omitempty"` // such as 2/4; absent: alone

	Preset         string       `json:"preset,omitempty"`
	DayCurve       string       `json:"day_curve,omitempty"` // time of day at the start, such as 06:30
	TimeScale      float64      `json:"time_scale,omitempty"`
	DuplicateRatio float64      `json:"duplicate_ratio,omitempty"`
	Prime          bool         `json:"prime,omitempty"` // calls of talkgroups that the server may not know came first
	Replay         *ReplayOrder `json:"replay,omitempty"`
}

// ReplayOrder is how recorded calls were to be sent.
type ReplayOrder struct {
	Folder string  `json:"folder"`           // or list, or database
	Mask   string  `json:"mask,omitempty"`   // of the names
	Period string  `json:"period,omitempty"` // of which the recordings were to be
	Speed  float64 `json:"speed"`
	Loop   bool    `json:"loop"`

	KeepSystems bool `json:"keep_systems,omitempty"` // calls kept the numbers of their systems if those were recorded
}

// Traffic is what a run's calls turned out to be.
type Traffic struct {
	Dates     string  `json:"dates"`      // how the calls were dated, in words
	OldestS   float64 `json:"oldest_s"`   // how far back the oldest was dated when it was due
	DatedBack uint64  `json:"dated_back"` // calls dated back by hours, as their talkgroup had one then already
	Moved     uint64  `json:"moved"`      // calls that went to another talkgroup, as theirs had no time left

	Duplicates *Duplicates `json:"duplicates,omitempty"` // sent on purpose
	Replay     *Replay     `json:"replay,omitempty"`
}

// Duplicates says how the server answered calls that were sent as duplicates on purpose. Neither answer is wrong, so
// they are in no score.
type Duplicates struct {
	Sent     uint64 `json:"sent"`
	Accepted uint64 `json:"accepted"` // many servers say so of those that they drop
	Rejected uint64 `json:"rejected"` // answered as duplicates
	Failed   uint64 `json:"failed"`   // in any other way
}

// Replay is what became of the recordings. Every file is a call to send, or encrypted, or unreadable.
type Replay struct {
	Programs   map[string]int `json:"programs"` // recordings by the program that made them
	Files      uint64         `json:"files"`
	Calls      uint64         `json:"calls,omitempty"`             // that could be sent, of those whose turn came
	Encrypted  uint64         `json:"encrypted"`                   // of those whose turn came
	Unreadable uint64         `json:"unreadable"`                  // the same, and what no name can be read of
	SpanS      float64        `json:"span_s"`                      // from the first call to the last
	Reasons    []SkipReason   `json:"skipped_by_reason,omitempty"` // why recordings were not sent
	Skipped    []SkippedFile  `json:"skipped,omitempty"`           // some of them
}

// MinReplayed is the share of the recordings that a replay should send, encrypted calls apart. With less, it is another
// load than the recorded one.
const MinReplayed = 0.95

// Incomplete reports whether less could be sent of the recordings than should be.
func (r *Replay) Incomplete() bool {
	return r.Unreadable > 0 && float64(r.Calls) < MinReplayed*float64(r.Calls+r.Unreadable)
}

// SkipReason is how many recordings were not sent for one reason.
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
