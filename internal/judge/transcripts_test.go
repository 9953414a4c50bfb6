package judge

import (
	"strings"
	"testing"

	"rdiostress/internal/exitcode"
	"rdiostress/internal/measure"
	"rdiostress/internal/testenv/results"
)

// A run that must measure transcripts and could not is no run; one that may need not.
func TestRequiredTranscripts(t *testing.T) {
	for _, tt := range []struct {
		mode string
		m    *measure.Transcription
		want int
	}{
		{"require", nil, exitcode.NoRun},
		{"require", &measure.Transcription{Method: "none", Absent: "it has none"}, exitcode.NoRun},
		{"require", results.Transcribed().Transcription, exitcode.OK},
		{"require", results.Untranscribed().Transcription, exitcode.OK},
		{"auto", &measure.Transcription{Method: "none", Absent: "it has none"}, exitcode.OK},
		{"", nil, exitcode.OK},
	} {
		res := results.Passing()
		res.Scenario.Transcripts, res.Transcription = tt.mode, tt.m
		_, verdict := Score(res, nil)
		reason := strings.Join(verdict.Reasons, "\n")
		if verdict.ExitCode != tt.want || (tt.want == exitcode.NoRun) != strings.Contains(reason, "transcripts") {
			t.Errorf("%s, %+v: exit code %d, %q", tt.mode, tt.m, verdict.ExitCode, reason)
		}
	}
}
