package diagnose

import (
	"rdiostress/internal/measure"
	"rdiostress/internal/stat"
)

// transcripts sets the signals of the transcription of the run's calls.
func (s Signals) transcripts(res *measure.Result) {
	points := scoredPoints(res)
	s.transcriptionQueue(points)
	m := res.Transcription
	if m == nil || m.Transcribed == nil || measure.OrZero(m.Calls) == 0 {
		return
	}
	calls := float64(*m.Calls)
	s.set("transcript_calls", calls, Count)
	if waited := measure.OrZero(m.WaitingEnd); waited > 0 {
		s.set("transcripts_waiting_end", float64(waited), Count)
	}
	if m.DrainS != nil {
		s.set("transcript_drain", *m.DrainS, Seconds)
	}
	s.transcriptsLeft(m, calls)
	s.transcriptLag(m, points)
	s.transcriptsAtReply(m)
}

// fairWaitS is how long transcripts must be awaited after the run for those that are still missing to say something: a
// sound server is done with the last calls by then.
const fairWaitS = 10

// transcriptsLeft sets how many calls had no transcript when the wait for them ended, unless the user ended it.
func (s Signals) transcriptsLeft(m *measure.Transcription, calls float64) {
	left := float64(measure.OrZero(m.Waiting))
	if m.WaitedS == nil || *m.WaitedS < fairWaitS || left == 0 || m.WaitEnd == measure.TranscriptsStopped {
		return
	}
	s.set("transcripts_left", left, Count)
	s.set("transcripts_left_share", left/calls, Share)
	s.set("transcripts_waited", *m.WaitedS, Seconds)
}

// What shows that transcripts fall behind, and not only that they take long: they come later and later, the calls that
// wait get more all along, and fewer transcripts are made than calls come.
const (
	lagTimes       = 2    // late delay over early delay
	lagCorrelation = 0.8  // of waiting calls with time
	lagMadeShare   = 0.95 // of the calls that come
)

// transcriptLag sets how much later transcripts came at the end of the run than at its beginning.
func (s Signals) transcriptLag(m *measure.Transcription, points []measure.Point) {
	var at, waiting []float64
	var made, begun []float64 // counted up
	for _, p := range points {
		if p.Untranscribed != nil && p.Transcribed != nil {
			at, waiting = append(at, p.TS), append(waiting, float64(*p.Untranscribed))
			made = append(made, float64(*p.Transcribed))
			begun = append(begun, float64(*p.Transcribed+*p.Untranscribed))
		}
	}
	n := len(at)
	if m.EarlyP50S == nil || m.LateP50S == nil || n < growthParts {
		return
	}
	s.set("transcript_delay_early", *m.EarlyP50S, Seconds)
	late := duration(*m.LateP50S)
	if measure.OrZero(m.Waiting) > 0 { // a call that waits counts with the time so far
		late += " or more"
	}
	s.setWithNote("transcript_delay_late", *m.LateP50S, Seconds, late)
	from := n / growthParts // what comes before is the start
	came, done := begun[n-1]-begun[from], made[n-1]-made[from]
	seconds := points[len(points)-1].TS - at[from]
	if came <= 0 || seconds <= 0 {
		return
	}
	s.set("transcribed_per_s", done/seconds, PerS)
	s.set("to_transcribe_per_s", came/seconds, PerS)
	if *m.LateP50S >= lagTimes**m.EarlyP50S && done < lagMadeShare*came &&
		stat.Spearman(at, waiting) >= lagCorrelation {
		s.set("transcript_lag", *m.LateP50S-*m.EarlyP50S, Seconds)
	}
}

// transcriptsAtReply sets whether transcripts were there at the reply, and how much of an upload's time they took.
func (s Signals) transcriptsAtReply(m *measure.Transcription) {
	made, service := float64(measure.OrZero(m.Transcribed)), s["service_p50"].Value
	if m.ThereAtReply == nil || made == 0 {
		return
	}
	s.set("transcripts_at_reply_share", float64(*m.ThereAtReply)/made, Share)
	if m.BeforeReplyP50S == nil || service <= 0 {
		return
	}
	s.set("transcript_before_reply", *m.BeforeReplyP50S, Seconds)
	s.set("transcript_before_reply_of_service", *m.BeforeReplyP50S/service, Share)
	if d := m.StoredToTranscript; d != nil && d.Figures != nil {
		s.set("transcript_time", d.P50S, Seconds)
		s.set("transcript_of_service", min(1, d.P50S/service), Share)
	}
}

const (
	queueRiseS           = 20  // length of a run in seconds below which a queue's rise says nothing
	queueRiseCorrelation = 0.9 // of the queue with time
	queueRiseCalls       = 20  // by which it must rise
)

// transcriptionQueue sets how much the queue rose that the server itself shows, where it rose all along after the
// start, as a share of the calls that came meanwhile.
func (s Signals) transcriptionQueue(points []measure.Point) {
	queue := readSignal(points, measure.TranscriptionQueue)
	if len(queue.value) == 0 {
		return
	}
	s.set("transcription_queue_max", queue.max(), Count)
	n := len(queue.value)
	if n < minGrowthPoints || queue.at[n-1]-queue.at[0] < queueRiseS {
		return
	}
	from, to := n/growthParts, n-n/growthParts
	rise := stat.Median(queue.value[to:]) - stat.Median(queue.value[from:2*from])
	middle := func(i, j int) float64 { return (queue.at[i] + queue.at[j]) / 2 }
	came := acceptedRate(points) * (middle(to, n-1) - middle(from, 2*from-1))
	if rise < queueRiseCalls || !(came > 0) ||
		stat.Spearman(queue.at[from:], queue.value[from:]) < queueRiseCorrelation {
		return
	}
	s.set("transcription_queue_rise", rise, Count)
	s.set("transcription_queue_rise_share", rise/came, Share)
}
