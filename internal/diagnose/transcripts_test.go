package diagnose

import (
	"slices"
	"strings"
	"testing"

	"rdiostress/internal/measure"
)

// transcribing is a run of 30 s with 100 calls a second whose server makes transcripts at a rate, each wait seconds
// after it is its turn.
func transcribing(perS, wait float64) measure.Result {
	res := watched(func(int, *measure.Observation) {})
	late := func(n float64) float64 { return wait + max(0, n/perS-n/100) } // of the nth call
	for i := range res.Series {
		p := &res.Series[i]
		end := p.TS + p.WidthS
		begun := 100 * end
		made := max(0, min(begun, begun-100*wait, (end-wait)*perS))
		ready, waiting := uint64(made), uint64(begun)-uint64(made)
		p.Transcribed, p.Untranscribed = &ready, &waiting
	}
	calls, none, end := uint64(3000), uint64(0), *res.Series[29].Untranscribed
	early, last, drain := late(375), late(2625), late(3000)
	res.Transcription = &measure.Transcription{
		Method: "api", Calls: &calls, Transcribed: &calls, Waiting: &none, WaitingEnd: &end, DrainS: &drain,
		EarlyP50S: &early, LateP50S: &last, ThereAtReply: &none, WaitEnd: measure.TranscriptsDone,
	}
	return res
}

// Transcription falls behind where fewer are made than calls come, and not where each takes long.
func TestTranscriptionBehind(t *testing.T) {
	const id = "transcription-behind"
	for _, tt := range []struct {
		name       string
		perS, wait float64
		want       bool
	}{
		{"at once", 1000, 0, false},
		{"each takes 8 s", 1000, 8, false},
		{"half as fast", 50, 1, true},
		{"a tenth too slow", 88, 0.5, true},
		{"just fast enough", 101, 2, false},
	} {
		res := transcribing(tt.perS, tt.wait)
		found := Findings(res, false, nil)
		i := slices.IndexFunc(found, func(f Finding) bool { return f.ID == id })
		if i >= 0 != tt.want || len(found) > 1 {
			t.Errorf("%s: found %+v", tt.name, found)
		}
		if i >= 0 && len(found[i].Evidence) < 3 {
			t.Errorf("%s: evidence %q", tt.name, found[i].Evidence)
		}
	}
}

// What is left when the wait ended counts, unless the user ended it, or it was short.
func TestTranscriptsLeft(t *testing.T) {
	for _, tt := range []struct {
		end    measure.TranscriptsEnd
		waited float64
		left   uint64
		want   bool
	}{
		{measure.TranscriptsTimeUp, 120, 1500, true},
		{measure.TranscriptsStill, 35, 1500, true},
		{measure.TranscriptsStopped, 60, 1500, false},
		{measure.TranscriptsTimeUp, 2, 1500, false},
		{measure.TranscriptsTimeUp, 120, 30, false},
	} {
		res := transcribing(1000, 3)
		m := res.Transcription
		made := 3000 - tt.left
		m.Transcribed, m.Waiting, m.WaitEnd, m.WaitedS, m.DrainS = &made, &tt.left, tt.end, &tt.waited, nil
		if found := ids(res, false); slices.Contains(found, "transcription-behind") != tt.want || len(found) > 1 {
			t.Errorf("%+v: found %v", tt, found)
		}
	}
}

// A queue that the server itself shows is enough, where calls are not looked up.
func TestTranscriptionQueueRises(t *testing.T) {
	for name, tt := range map[string]struct {
		depth func(i int) float64
		want  bool
	}{
		"it rises all along":     {func(i int) float64 { return 60 * float64(i) }, true},
		"it rises and falls":     {func(i int) float64 { return 60 * float64(min(i, 29-i)) }, false},
		"it fills at the start":  {func(i int) float64 { return 500 * float64(min(i, 1)) }, false},
		"it rises by a few":      {func(i int) float64 { return float64(i) / 2 }, false},
		"it was full before":     {func(i int) float64 { return 100_000 - float64(i) }, false},
		"it is not seen to rise": {func(i int) float64 { return float64(i % 3) }, false},
	} {
		res := watched(func(i int, seen *measure.Observation) { seen.Set(measure.TranscriptionQueue, tt.depth(i)) })
		if found := ids(res, false); slices.Contains(found, "transcription-behind") != tt.want || len(found) > 1 {
			t.Errorf("%s: found %v", name, found)
		}
	}
}

// blocking is a run with slow uploads, each of which takes a second.
func blocking(there uint64, storedToTranscript, beforeReply float64) measure.Result {
	res := transcribing(1000, 0)
	res.ServiceTime.Figures = &measure.Figures{MeanS: 1, P50S: 1, P95S: 1.2, MaxS: 1.3}
	res.Latency.Figures = &measure.Figures{MeanS: 1.1, P50S: 1.1, P95S: 1.3, MaxS: 1.4} // a threshold is missed
	for i := range res.Series {
		p50, seen := 1.0, &measure.Observation{}
		seen.Set(measure.CPU, 0.1)
		res.Series[i].MeanS, res.Series[i].P50S, res.Series[i].MaxS, res.Series[i].Server = &p50, &p50, &p50, seen
	}
	m := res.Transcription
	m.ThereAtReply, m.BeforeReplyP50S = &there, &beforeReply
	m.StoredToTranscript = &measure.Distribution{Count: 3000, Figures: &measure.Figures{P50S: storedToTranscript}}
	return res
}

// Uploads wait for their transcript where the reply follows it; other slow work is another finding.
func TestTranscriptionBlocksIngest(t *testing.T) {
	for _, tt := range []struct {
		name string
		res  measure.Result
		want string
	}{
		{"the reply follows the transcript", blocking(3000, 0.97, 0.01), "transcription-blocks-ingest"},
		{"a queue before it", blocking(2950, 0.45, 0.02), "transcription-blocks-ingest"},
		{"slow work before storing, transcribed at once", blocking(0, 0.02, 0), "blocking-work"},
		{"slow work after storing, transcribed at once", blocking(3000, 0.02, 0.95), "blocking-work"},
		{"slow work after storing, transcribed meanwhile", blocking(3000, 0.6, 0.4), "blocking-work"},
		{"transcripts come later", blocking(40, 3, 0), "blocking-work"},
	} {
		if got := strings.Join(ids(tt.res, false), " "); got != tt.want {
			t.Errorf("%s: found %s", tt.name, got)
		}
	}
}
