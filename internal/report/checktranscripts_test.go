package report_test

import (
	"bytes"
	"strings"
	"testing"

	"rdiostress/internal/measure"
	"rdiostress/internal/report"
	"rdiostress/internal/report/reporttest"
	"rdiostress/internal/testenv/results"
)

// A report whose transcripts do not add up is refused.
func TestTranscriptsAddUp(t *testing.T) {
	huge := uint64(1) << 60
	for want, spoil := range map[string]func(m *measure.Transcription){
		"":                        func(*measure.Transcription) {},
		"add up to 6301":          func(m *measure.Transcription) { *m.Waiting = 1 },
		"is not possible":         func(m *measure.Transcription) { m.WaitingMax = &huge },
		"there at the reply, but": func(m *measure.Transcription) { *m.ThereAtReply = 6_301 },
	} {
		res := results.Untranscribed()
		spoil(res.Transcription)
		text := reporttest.JSON(t, report.New(res, "1.2.3", nil))
		_, err := report.Read(bytes.NewReader(text))
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%q: %v", want, err)
		}
	}
}
