package telemetry

import "rdiostress/internal/server/call"

// setTranscription sets the values about the transcription of calls.
func setTranscription(values map[string]Value, st *call.TranscriptionStats, window []sample) {
	names := []string{kpiTranscription, valueOldest, valueTranscribed, valueDead}
	if st == nil {
		for _, name := range names {
			values[name] = Value{Absent: "this server does not transcribe"}
		}
		return
	}
	values[kpiTranscription], values[valueOldest] = Value{Absent: st.Absent}, Value{Absent: st.Absent}
	if st.Absent == "" {
		values[kpiTranscription] = Value{Number: float64(st.Queue.Waiting)}
		values[valueOldest] = Value{Number: st.Queue.Oldest.Seconds()}
	}
	values[valueTranscribed], values[valueDead] = Value{Absent: notYet}, Value{Absent: notYet}
	if len(window) < 2 {
		return
	}
	first, last := window[0], window[len(window)-1]
	values[valueDead] = Value{Number: float64(last.dead - first.dead)}
	if took := last.at.Sub(first.at).Seconds(); took > 0 {
		values[valueTranscribed] = Value{Number: float64(last.transcribed-first.transcribed) / took}
	}
}

// transcriptionJSON is the transcription in the document. What is not known is absent.
type transcriptionJSON struct {
	Engine     string   `json:"engine"`
	Workers    int      `json:"workers"`
	QueueDepth *int64   `json:"queue_depth,omitempty"`
	Running    *int64   `json:"running,omitempty"`
	Elsewhere  *int64   `json:"elsewhere,omitempty"` // of the queue: calls whose audio only another server has
	OldestS    *float64 `json:"oldest_s,omitempty"`
	Done       int64    `json:"done"`
	Failed     int64    `json:"failed"`
	Dead       int64    `json:"dead"`
	RatePerS   *float64 `json:"rate_per_s,omitempty"`
}

func transcriptionOf(st *call.TranscriptionStats, values map[string]Value) transcriptionJSON {
	j := transcriptionJSON{Engine: st.Engine, Workers: st.Workers, Done: st.Done, Failed: st.Failed, Dead: st.Dead}
	if st.Absent == "" {
		j.QueueDepth, j.Running = &st.Queue.Waiting, &st.Queue.Running
		j.Elsewhere = &st.Queue.Elsewhere
		if st.Queue.Waiting > st.Queue.Elsewhere {
			oldest := st.Queue.Oldest.Seconds()
			j.OldestS = &oldest
		}
	}
	if v := values[valueTranscribed]; v.Absent == "" {
		j.RatePerS = &v.Number
	}
	return j
}

// transcription sends the metrics of the transcription, if the server transcribes. The queue's depth is a KPI.
func (m *metrics) transcription(st *call.TranscriptionStats) {
	if st == nil {
		return
	}
	m.gauge("rdiostress_transcription_workers", "Calls that may be transcribed at once.", float64(st.Workers),
		"engine", st.Engine)
	if st.Absent == "" {
		m.gauge("rdiostress_transcription_queue_depth", "Calls that wait to be transcribed.", float64(st.Queue.Waiting))
		m.gauge("rdiostress_transcription_running", "Calls that are being transcribed.", float64(st.Queue.Running))
		m.gauge("rdiostress_transcription_oldest_seconds",
			"How long the oldest call has waited that this server can transcribe; 0 if none waits.",
			st.Queue.Oldest.Seconds())
		m.gauge("rdiostress_transcription_elsewhere", "Calls that wait and whose audio only another server has.",
			float64(st.Queue.Elsewhere))
	}
	m.counter("rdiostress_transcription_done_total", "Transcripts stored by this server.", float64(st.Done))
	m.counter("rdiostress_transcription_failed_total", "Attempts that failed on this server.", float64(st.Failed))
	m.counter("rdiostress_transcription_dead_total", "Calls that this server has given up to transcribe.",
		float64(st.Dead))
	m.histogram("rdiostress_transcription_delay_seconds",
		"Seconds from a call being stored to its transcript being stored.", st.Delays)
}
