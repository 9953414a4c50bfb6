package measure

// Transcription says when the run's calls were transcribed. Method says where that was read. If it was not, Method is
// "none", Absent says why, and the figures are absent.
//
// The counts cover the acknowledged calls that are stored, in all phases. Calls is always Transcribed + Failed +
// Skipped + Waiting + Unseen.
type Transcription struct {
	Method     string `json:"method"`
	Source     string `json:"source,omitempty"` // what was read, in words
	Absent     string `json:"absent,omitempty"`
	ReadFailed bool   `json:"read_failed,omitempty"` // transcripts could not be read: Absent says why
	Engine     string `json:"engine,omitempty"`      // by the server's word

	Calls       *uint64 `json:"calls,omitempty"`
	Transcribed *uint64 `json:"transcribed,omitempty"`
	Failed      *uint64 `json:"failed,omitempty"`  // the server gave them up
	Skipped     *uint64 `json:"skipped,omitempty"` // the server decided not to transcribe them, or found no speech
	Waiting     *uint64 `json:"waiting,omitempty"` // waiting or under way when the wait ended
	Unseen      *uint64 `json:"unseen,omitempty"`  // without a trace of a transcription

	WaitingMax *uint64 `json:"waiting_max,omitempty"` // most of the run's calls that waited at the end of an interval
	WaitingEnd *uint64 `json:"waiting_end,omitempty"` // that waited at the last reply
	// From the last reply to the last transcript; absent if some calls still wait.
	DrainS *float64 `json:"drain_s,omitempty"`

	WaitEnd TranscriptsEnd `json:"wait_end,omitempty"` // how the wait for transcripts ended
	WaitedS *float64       `json:"waited_s,omitempty"` // length of the wait, from the last reply

	// AckToTranscript is the time from the reply, by the generator's clock, until the transcript was stored, by the
	// server's clock. The server's clock is corrected by ClockOffsetS, which is right to within ClockErrorS. It is 0 if
	// the transcript was there at the reply.
	AckToTranscript *Distribution `json:"ack_to_transcript,omitempty"`
	ClockOffsetS    *float64      `json:"clock_offset_s,omitempty"` // how far the server's clock is ahead
	ClockErrorS     *float64      `json:"clock_error_s,omitempty"`
	ClockUnknown    string        `json:"clock_unknown,omitempty"` // why AckToTranscript is absent

	// StoredToTranscript is the time from the call being stored to its transcript, by the server's clock alone.
	StoredToTranscript *Distribution `json:"stored_to_transcript,omitempty"`
	StoredUnknown      string        `json:"stored_unknown,omitempty"` // why it is absent

	// The median delays of the calls that were acknowledged in the first and in the last quarter of the run. A call
	// without a transcript counts with the time that it has waited so far.
	EarlyP50S *float64 `json:"early_p50_s,omitempty"`
	LateP50S  *float64 `json:"late_p50_s,omitempty"`

	// Transcripts that were there at the reply, to within ClockErrorS, and how long before it, at the median of all
	// transcripts; 0 if at least half of them came later.
	ThereAtReply    *uint64  `json:"there_at_reply,omitempty"`
	BeforeReplyP50S *float64 `json:"before_reply_p50_s,omitempty"`
}

// TranscriptsEnd is how the wait for transcripts ended.
type TranscriptsEnd string

// The ways in which the wait for transcripts can end.
const (
	TranscriptsDone    TranscriptsEnd = "done"    // no call of the run waits for a transcript
	TranscriptsStill   TranscriptsEnd = "still"   // no new transcript for a while
	TranscriptsTimeUp  TranscriptsEnd = "time_up" // transcripts were still coming when the time was up
	TranscriptsStopped TranscriptsEnd = "stopped" // by the user
)

// WhyAbsent returns why there are no figures of transcripts; empty if there are.
func (m *Transcription) WhyAbsent() string {
	switch {
	case m == nil:
		return "it was not looked at"
	case m.Transcribed != nil:
		return ""
	case m.Absent == "":
		return "the report does not say why"
	default:
		return m.Absent
	}
}

// Delay returns how long transcripts took, and since when: from the reply, or from being stored if only the server
// itself says how long they took. It returns nil if neither is known.
func (m *Transcription) Delay() (d *Distribution, since string) {
	for _, known := range []struct {
		d     *Distribution
		since string
	}{{m.AckToTranscript, "the reply"}, {m.StoredToTranscript, "storing, by the server's clock"}} {
		if known.d != nil && known.d.Figures != nil {
			return known.d, known.since
		}
	}
	return nil, ""
}
