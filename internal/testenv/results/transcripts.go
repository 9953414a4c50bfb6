package results

import (
	"time"

	"rdiostress/internal/measure"
)

// Transcribed is a run whose server transcribed all calls, at once.
func Transcribed() measure.Result {
	res := Passing()
	res.Delivery = storedAtOnce()
	setTranscription(&res, 12_345, 0, 1400*time.Millisecond, 1.5, 1.6)
	return res
}

// Untranscribed is a run whose server was far behind with transcripts when the wait for them ended.
func Untranscribed() measure.Result {
	res := Passing()
	res.Delivery = storedAtOnce()
	setTranscription(&res, 6_300, 6_045, 140*time.Second, 31, 172)
	m := res.Transcription
	m.DrainS, m.WaitEnd = nil, measure.TranscriptsTimeUp
	*m.WaitedS = 120
	for i := range res.Series {
		p := &res.Series[i]
		waiting, made := uint64(60*(i+1)), uint64(60*i)
		p.Untranscribed, p.Transcribed = &waiting, &made
	}
	return res
}

// storedAtOnce is what becomes of calls whose server stores each before it answers.
func storedAtOnce() measure.Delivery {
	d := DeliveryOf(12_345, 0, 0, 0, 0)
	none, drain := uint64(0), 0.0
	d.Method, d.Source, d.BacklogMax, d.BacklogEnd, d.DrainS = "api", "GET /api/calls", &none, &none, &drain
	d.Duplicated, d.RejectedStored, d.UnansweredStored = &none, &none, &none
	return d
}

func setTranscription(res *measure.Result, made, waiting uint64, most time.Duration, early, late float64) {
	n := []uint64{made + waiting, made, 0, 0, waiting, 0, waiting + 120, waiting + 80, 3}
	figures := []float64{2.1, 2.4, 0.004, 0.002, early, late, 0}
	ack, stored := SpreadOut(made, most/20, most), SpreadOut(made, most/20, most)
	res.Scenario.Transcripts, res.Scenario.TranscriptsMaxS = "auto", 120
	res.Transcription = &measure.Transcription{
		Method: "api", Source: "GET /api/calls", Engine: "simulate:0.3", Calls: &n[0], Transcribed: &n[1],
		Failed:  &n[2],
		Skipped: &n[3], Waiting: &n[4], Unseen: &n[5], WaitingMax: &n[6], WaitingEnd: &n[7], DrainS: &figures[0],
		WaitEnd: measure.TranscriptsDone, WaitedS: &figures[1], AckToTranscript: &ack, ClockOffsetS: &figures[2],
		ClockErrorS: &figures[3], StoredToTranscript: &stored, EarlyP50S: &figures[4], LateP50S: &figures[5],
		ThereAtReply: &n[8], BeforeReplyP50S: &figures[6],
	}
}
