package rdio

import "time"

// UploadPath is where RdioScanner-compatible servers take calls.
const UploadPath = "/api/call-upload"

// TREnginePath is where tr-engine takes the same calls.
const TREnginePath = "/api/v1/call-upload"

// Call is one radio call: everything an upload says of it but the audio itself.
type Call struct {
	System    int64     // the system's number, 1 to MaxID
	Talkgroup int64     // the talkgroup's number, 1 to MaxID
	Time      time.Time // when the call began, UTC, to the millisecond

	AudioName string // file name as the client gave it, without any folder
	AudioType string // media type, such as "audio/mpeg"; empty where the client gave none

	Frequency   int64       // Hz; 0 is unknown
	Source      int64       // the first unit's number; 0 is unknown
	Site        int64       // the site's number; 0 is unknown
	Units       []Unit      // who spoke and when, in order
	Frequencies []Frequency // where the call was heard, in order
	Patches     []int64     // talkgroups patched together with this one

	SystemLabel     string
	TalkgroupLabel  string   // short name
	TalkgroupName   string   // description
	TalkgroupTag    string   // kind of use, such as "Fire Dispatch"
	TalkgroupGroups []string // groups that it is listed in
	TalkerAlias     string   // the speaking unit's name as sent over the air

	Sidecar *Sidecar `json:"-"` // of a recording that has one; it never changes
}

// Unit is one transmission within a call.
type Unit struct {
	ID      int64   `json:"id"`
	OffsetS float64 `json:"offset_s"` // since the start of the call
	Label   string  `json:"label,omitempty"`
}

// Frequency is one stretch of a call on one frequency.
type Frequency struct {
	Hz      int64   `json:"hz"`
	OffsetS float64 `json:"offset_s"`         // since the start of the call
	LengthS float64 `json:"length_s"`         // 0 is unknown
	Errors  int64   `json:"errors,omitempty"` // decoding errors
	Spikes  int64   `json:"spikes,omitempty"`
	DBm     float64 `json:"dbm,omitempty"` // signal strength
}
