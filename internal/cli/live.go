package cli

import (
	"context"
	"fmt"
	"strings"
	"time"

	"rdiostress/internal/judge"
	"rdiostress/internal/load"
	"rdiostress/internal/measure"
)

// live holds the guide's alerts against a run as it goes, and tells of them, and of every hour of a long run.
type live struct {
	rec   *measure.Recorder
	watch watcher
	say   func(line string)

	*judge.AlertWatch
	before    measure.Snapshot
	sustained time.Duration // when the part began that is scored; negative before it has
	growing   bool          // the memory alert is open
	judged    time.Duration // when memory was judged last
	hour      []measure.Point
	hourEnds  time.Duration
}

const (
	liveEvery  = 250 * time.Millisecond // looks at the snapshot, which is made every second
	judgeEvery = 30 * time.Second       // of memory growth
)

// follow looks at the run until the returned function is called, which waits for the last look.
func (l *live) follow() (done func()) {
	l.begin()
	return follow(liveEvery, func(last bool) { l.look(last) })
}

// begin is before the first look.
func (l *live) begin() { l.AlertWatch, l.sustained, l.hourEnds = judge.NewAlertWatch(), -1, time.Hour }

// look takes in what has happened since the last snapshot.
func (l *live) look(last bool) {
	now, before := l.rec.Snapshot(), l.before
	if now.Elapsed == before.Elapsed {
		return
	}
	l.before = now
	seen := l.watch.latest()
	m := judge.Sample{
		EndS: now.Elapsed.Seconds(), WidthS: (now.Elapsed - before.Elapsed).Seconds(),
		Attempted: now.Attempts - before.Attempts, Accepted: now.Accepted - before.Accepted,
		ResponseSumS: (now.ResponseSum - before.ResponseSum).Seconds(), DiskFreeBytes: seen.DiskFreeBytes,
	}
	for _, change := range l.Add(m) { // which sees failed attempts as they come, and the hours each call once
		l.tell(now.Elapsed, change.String())
	}
	if l.sustained < 0 && isScored(now.Phase) {
		l.sustained = before.Elapsed
	}
	l.judgeMemory(now.Elapsed, last)
	m.Attempted = now.Attempted - before.Attempted
	l.addToHour(m, now, &seen)
}

// isScored tells the phases that lead up to a run from those that count.
func isScored(phase string) bool { return phase == "sustained" || strings.HasPrefix(phase, "stage ") }

func (l *live) tell(at time.Duration, words string) {
	l.say(fmt.Sprintf("%v: %s", at.Round(time.Second), words))
}

// judgeMemory tells when memory begins or ceases to grow.
func (l *live) judgeMemory(now time.Duration, last bool) {
	if l.sustained < 0 || now-l.judged < judgeEvery && !last {
		return
	}
	l.judged = now
	m := judge.JudgeMemory(l.watch.readings(measure.RSS, l.sustained, now), l.sustained.Seconds(), now.Seconds())
	if grows := m.Stabilises == judge.No; grows != l.growing {
		l.growing = grows
		words := "high alert over: memory growth"
		if grows {
			words = judge.AlertChange{Alert: judge.MemoryAlert(m), Opened: true}.String()
		}
		l.tell(now, words)
	}
}

// addToHour gathers an hour of the run, and tells of it when it is over.
func (l *live) addToHour(m judge.Sample, now measure.Snapshot, seen *measure.Observation) {
	p := measure.Point{
		TS: m.EndS - m.WidthS, WidthS: m.WidthS, Attempted: m.Attempted, Accepted: m.Accepted, Failed: m.Attempted - m.Accepted, Server: seen,
	}
	l.hour = append(l.hour, p)
	if now.Elapsed >= l.hourEnds-time.Second/2 {
		h := judge.NewTrendSpan(l.hour)
		if h.AcceptedPerS > 0 {
			p95 := now.HourP95.Seconds()
			h.P95S, h.FewSamples = &p95, measure.FewSamples(now.HourP95Of, "p95_s")
		}
		l.say(h.String())
		l.hour, l.hourEnds = l.hour[:0], l.hourEnds+time.Hour
	}
}

// send sends the calls, and shows meanwhile how the run stands.
func send(ctx context.Context, o *runOptions, runner *load.Runner, watch watcher) (load.Sending, []measure.Alert) {
	if o.step != nil {
		done := o.step.follow(runner.Recorder)
		defer done()
		return runner.Run(o.step.sending), nil
	}
	say, done := showProgress(o, runner.Recorder)
	defer done()
	alerts := live{rec: runner.Recorder, watch: watch, say: say}
	looked := alerts.follow()
	sent := runner.Run(ctx)
	looked()
	return sent, alerts.Alerts()
}
