package judge

import "rdiostress/internal/measure"

// transcriptsRequired is a scenario's word for transcripts that must be measured.
const transcriptsRequired = "require"

// lacksTranscripts reports whether the user asked for a measurement of transcripts that could not be made.
func lacksTranscripts(res *measure.Result) bool {
	return res.Scenario.Transcripts == transcriptsRequired && res.Transcription.WhyAbsent() != ""
}
