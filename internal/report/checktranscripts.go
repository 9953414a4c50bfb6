package report

import (
	"fmt"

	"rdiostress/internal/measure"
)

// checkTranscription checks that every stored call is in exactly one place.
func checkTranscription(m *measure.Transcription) error {
	if m == nil || m.Calls == nil {
		return nil
	}
	parts := []*uint64{m.Transcribed, m.Failed, m.Skipped, m.Waiting, m.Unseen}
	var sum uint64
	for _, n := range append(parts, m.Calls, m.WaitingMax, m.WaitingEnd, m.ThereAtReply) {
		if measure.OrZero(n) > maxCount {
			return fmt.Errorf("transcription: a count of %d is not possible", *n)
		}
	}
	for _, n := range parts {
		sum += measure.OrZero(n)
	}
	if sum != *m.Calls {
		return fmt.Errorf("transcription: the counts add up to %d, but %d calls are stored", sum, *m.Calls)
	}
	if measure.OrZero(m.ThereAtReply) > measure.OrZero(m.Transcribed) {
		return fmt.Errorf("transcription: %d transcripts were there at the reply, but only %d were made",
			*m.ThereAtReply, measure.OrZero(m.Transcribed))
	}
	return nil
}
