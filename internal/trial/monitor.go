package trial

import (
	"time"

	"rdiostress/internal/judge"
	"rdiostress/internal/measure"
	"rdiostress/internal/trial/event"
	"rdiostress/internal/trial/verification"
)

// monitor checks a run against the guide's alerts while it goes on, and emits the alerts, every second, the phases, and
// every hour of a long run.
type monitor struct {
	emit     func(Event)
	recorder *measure.Recorder
	watch    *Watch
	latest   func() measure.Observation    // observations of the last few seconds
	storage  func() *verification.Progress // state of storage

	alerts    *judge.AlertWatch
	before    measure.Snapshot
	sustained time.Duration // start of the scored part; negative before
	growing   bool          // the memory alert is open
	judged    time.Duration // time of the last judgement of memory
	hour      []measure.Point
	hourEnds  time.Duration
}

const (
	updateEvery = 100 * time.Millisecond // interval of looking at the snapshot, which is published every second
	judgeEvery  = 30 * time.Second       // of memory growth
)

// start is called before the first update.
func (m *monitor) start() { m.alerts, m.sustained, m.hourEnds = judge.NewAlertWatch(), -1, time.Hour }

// update handles what has happened since the last snapshot.
func (m *monitor) update(last bool) {
	now, before := m.recorder.Snapshot(), m.before
	if now.Elapsed == before.Elapsed {
		return
	}
	m.before = now
	seen := m.latest()
	if now.Phase != before.Phase {
		m.emit(event.PhaseBegan{At: before.Elapsed, Phase: now.Phase, Scored: now.Scored})
	}
	m.emit(event.Second{
		Snapshot: now, Server: seen, Storage: m.storage(), Cumulative: m.recorder.Cumulative(),
	})
	moment := judge.Sample{
		EndS: now.Elapsed.Seconds(), WidthS: (now.Elapsed - before.Elapsed).Seconds(),
		Attempted: now.Attempts - before.Attempts, Accepted: now.Accepted - before.Accepted,
		LeftOut:      now.LeftOut - before.LeftOut,
		ResponseSumS: (now.ResponseSum - before.ResponseSum).Seconds(),
	}
	if free, ok := seen.Get(measure.DiskFree); ok {
		moment.DiskFreeBytes = &free
	}
	// which sees failed attempts as they come, and the hours each call once
	for _, change := range m.alerts.Add(moment) {
		m.emit(event.AlertChanged{At: now.Elapsed, AlertChange: change})
	}
	if m.sustained < 0 && now.Scored {
		m.sustained = before.Elapsed
	}
	m.judgeMemory(now.Elapsed, last)
	moment.Attempted = now.Attempted - before.Attempted
	m.addToHour(moment, now, &seen)
}

// judgeMemory emits an event when memory begins or ceases to grow.
func (m *monitor) judgeMemory(now time.Duration, last bool) {
	if m.sustained < 0 || now-m.judged < judgeEvery && !last {
		return
	}
	m.judged = now
	memory := judge.JudgeMemory(m.watch.Readings(measure.RSS, m.sustained, now), m.sustained.Seconds(), now.Seconds())
	grows := memory.Stabilises == judge.No
	if grows == m.growing {
		return
	}
	m.growing = grows
	if !grows {
		m.emit(event.MemoryAlert{At: now})
		return
	}
	alert := judge.MemoryAlert(memory)
	m.emit(event.MemoryAlert{At: now, Alert: &alert})
}

// addToHour collects an hour of the run, and emits it when it is over.
func (m *monitor) addToHour(moment judge.Sample, now measure.Snapshot, seen *measure.Observation) {
	m.hour = append(m.hour, measure.Point{
		TS: moment.EndS - moment.WidthS, WidthS: moment.WidthS, Attempted: moment.Attempted, Accepted: moment.Accepted,
		Failed: moment.Attempted - moment.Accepted, Server: seen,
	})
	if now.Elapsed < m.hourEnds-time.Second/2 {
		return
	}
	h := judge.NewTrendSpan(m.hour)
	if h.AcceptedPerS > 0 {
		p95 := now.HourP95.Seconds()
		h.P95S, h.FewSamples = &p95, measure.FewSamples(now.HourP95Of, "p95_s")
	}
	m.emit(event.HourEnded{TrendSpan: h})
	m.hour, m.hourEnds = m.hour[:0], m.hourEnds+time.Hour
}
