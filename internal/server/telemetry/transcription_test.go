package telemetry_test

import (
	"math"
	"slices"
	"testing"
	"time"

	"rdiostress/internal/server/call"
)

// raised returns the raised alerts.
func (b *bench) raised() (list []string) {
	for _, a := range b.Alerts().Alerts {
		list = append(list, string(a.Severity)+" "+a.KPI)
	}
	return list
}

// A transcription that is behind raises alerts, and so does a call that is given up. What the store does not say is
// absent.
func TestTranscription(t *testing.T) {
	b := newBench()
	st := &call.TranscriptionStats{
		Queue: call.JobStats{Waiting: 7, Running: 2, Oldest: 30 * time.Second}, Done: 100, Dead: 3,
	}
	b.state.Transcription = st
	want := func(when string, alerts ...string) {
		t.Helper()
		if got := b.raised(); !slices.Equal(got, alerts) {
			t.Errorf("%s: %q are raised, want %q", when, got, alerts)
		}
	}
	b.sampleFor(2 * time.Second)
	st.Done += 40
	b.sampleFor(18 * time.Second)
	b.want(t, map[string]float64{
		"transcription_queue_depth": 7, "transcription_oldest_s": 30, "transcription_rate_per_s": 40.0 / 19,
		"transcription_dead": 0,
	})
	want("in time")
	st.Queue.Oldest = 61 * time.Second
	b.sampleFor(9 * time.Second)
	want("behind for a moment")
	b.sampleFor(2 * time.Second)
	want("behind", "high transcription_oldest_s")
	st.Queue.Oldest = 301 * time.Second
	b.sampleFor(12 * time.Second)
	want("five minutes behind", "critical transcription_oldest_s", "high transcription_oldest_s")
	st.Queue = call.JobStats{}
	b.sampleFor(40 * time.Second)
	want("caught up")
	st.Dead++
	b.sampleFor(time.Second)
	want("a call is given up", "high transcription_dead")
	b.sampleFor(100 * time.Second)
	want("nobody else was")
	st.Absent = "down"
	absent := math.NaN()
	b.want(t, map[string]float64{"transcription_queue_depth": absent, "transcription_oldest_s": absent})
	document, err := b.Document()
	if err != nil || document["transcription"] == nil {
		t.Errorf("%v, %v", document["transcription"], err)
	}
	b.state.Transcription = nil
	b.want(t, map[string]float64{"transcription_queue_depth": absent, "transcription_dead": absent})
}
