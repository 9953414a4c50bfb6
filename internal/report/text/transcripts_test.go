package text

import (
	"strings"
	"testing"

	"rdiostress/internal/measure"
	"rdiostress/internal/report"
	"rdiostress/internal/report/reporttest"
	"rdiostress/internal/testenv/results"
)

// Transcripts that were all there at the reply have no delay to be shown in figures.
func TestTranscriptsAtTheReply(t *testing.T) {
	res := results.Transcribed()
	res.Transcription.AckToTranscript.Figures = &measure.Figures{}
	got := unbroken(summaryOf(t, report.New(res, "1.2.3", reporttest.Flags), Options{}))
	if !strings.Contains(got, "stored calls; all there at the reply") || strings.Contains(got, "0.00 µs") {
		t.Errorf("got\n%s", got)
	}
}

// Transcripts that could not be read are said to be so; a server without any is not mentioned.
func TestTranscriptsUnread(t *testing.T) {
	for failed, want := range map[bool]bool{true: true, false: false} {
		res := results.Passing()
		res.Transcription = &measure.Transcription{Method: "none", Absent: "reading it failed: 500", ReadFailed: failed}
		got := unbroken(summaryOf(t, report.New(res, "1.2.3", reporttest.Flags), Options{}))
		if strings.Contains(got, "Transcripts not measured: reading it failed: 500") != want {
			t.Errorf("failed %t:\n%s", failed, got)
		}
	}
}
