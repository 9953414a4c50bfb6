package trial

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"rdiostress/internal/judge"
	"rdiostress/internal/measure"
	"rdiostress/internal/observe"
	"rdiostress/internal/trial/event"
	"rdiostress/internal/trial/verification"
)

// TestMonitor plays an hour of a run second by second: the monitor emits the hour, the alerts as they open and close,
// and the growth of memory.
func TestMonitor(t *testing.T) {
	var said []string
	phases, seconds := 0, 0
	hear := func(e Event) {
		at := func(at time.Duration, words string) { said = append(said, fmt.Sprintf("%v: %s", at, words)) }
		switch e := e.(type) {
		case event.AlertChanged:
			at(e.At, e.String())
		case event.MemoryAlert:
			at(e.At, judge.AlertChange{Alert: *e.Alert, Opened: true}.String())
		case event.HourEnded:
			said = append(said, e.String())
		case event.PhaseBegan:
			phases++
		case event.Second:
			seconds++
		}
	}
	rec := measure.NewRecorder()
	phase := rec.AddPhase(measure.Phase{Name: "sustained", Scored: true})
	seen := &observe.Watcher{}
	l := monitor{
		emit: hear, recorder: rec, watch: &Watch{watcher: seen},
		latest:  func() measure.Observation { return measure.Observation{} },
		storage: func() *verification.Progress { return nil },
	}
	l.start()
	for i := range 3700 {
		now := time.Duration(i+1) * time.Second
		class := measure.Accepted
		if i >= 600 && i < 660 {
			class = measure.Status
		}
		for range 2 {
			rec.Shard(0).Record(&measure.Outcome{
				Due: now - 40*time.Millisecond, Done: now, Phase: phase, Class: class,
				Lag: measure.NoLag,
			})
		}
		var s measure.Observation
		s.Set(measure.RSS, 50e6+float64(i)*50e6/3600)
		seen.Samples.Add(now, &s)
		rec.Roll(now, 1, 0)
		l.update(i == 3699)
	}
	text := strings.Join(said, "\n")
	for _, want := range []string{
		"high alert: error rate 10.00 %, over 5 %", "critical alert: error rate 20.00 %, over 15 %", "critical alert " +
			"over: error rate, for ",
		"high alert: memory growth 50.0 MB/h, over 10 MB/h", "0:00–1:00 h: 1.97 accepted/s, 1.66 % failed, p95 40.0 ms",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("not told: %q", want)
		}
	}
	if n := strings.Count(text, " accepted/s"); n != 1 {
		t.Errorf("%d hours told of", n)
	}
	if phases != 1 || seconds != 3700 {
		t.Errorf("%d phases and %d seconds told of", phases, seconds)
	}
	if t.Failed() {
		t.Log(text)
	}
	for _, a := range l.alerts.Alerts() {
		if a.KPI != judge.AlertErrorRate || a.FromS < 600 || a.ToS > 680 {
			t.Errorf("alert %+v", a)
		}
	}
}

func TestIsBusy(t *testing.T) {
	for _, tt := range []struct {
		cpu, queue float64 // negative if not observed
		want       bool
	}{{-1, -1, false}, {0.05, -1, false}, {0.3, -1, true}, {0.02, 1, true}, {-1, 7, true}, {0.02, 0, false}} {
		var seen measure.Observation
		if tt.cpu >= 0 {
			seen.Set(measure.CPU, tt.cpu)
		}
		if tt.queue >= 0 {
			seen.Set(measure.UploadQueue, tt.queue)
		}
		if got := IsBusy(&seen, 0); got != tt.want {
			t.Errorf("%+v: %t", tt, got)
		}
	}
}
