package main

import (
	"strings"
	"testing"
	"time"

	"rdiostress/internal/measure"
	"rdiostress/internal/report"
	"rdiostress/internal/target"
)

// TestLiveTellsOfARun plays an hour of a run second by second: it tells of the hour, of the alerts as they open and
// close, and of memory that begins to grow.
func TestLiveTellsOfARun(t *testing.T) {
	var said []string
	rec := measure.NewRecorder()
	phase := rec.AddPhase(measure.Phase{Name: "sustained", Scored: true})
	seen := &target.Watcher{}
	l := live{rec: rec, watch: watcher{seen}, say: func(line string) { said = append(said, line) }}
	l.begin()
	for i := range 3700 {
		now := time.Duration(i+1) * time.Second
		class := measure.Accepted
		if i >= 600 && i < 660 {
			class = measure.Status
		}
		for range 2 {
			rec.Shard(0).Record(&measure.Outcome{Due: now - 40*time.Millisecond, Done: now, Phase: phase, Class: class, Lag: measure.NoLag})
		}
		var s measure.Seen
		s.Set(measure.RSS, 50e6+float64(i)*50e6/3600)
		seen.Samples.Add(now, &s)
		rec.Roll(now, 1, 0)
		l.look(i == 3699)
	}
	text := strings.Join(said, "\n")
	for _, want := range []string{
		"high alert: error rate 10.00 %, over 5 %", "critical alert: error rate 20.00 %, over 15 %", "critical alert over: error rate, for ",
		"high alert: memory growth 50.0 MB/h, over 10 MB/h", "0:00–1:00 h: 1.97 accepted/s, 1.66 % failed, p95 40.0 ms",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("not told: %q", want)
		}
	}
	if n := strings.Count(text, " accepted/s"); n != 1 {
		t.Errorf("%d hours told of", n)
	}
	if t.Failed() {
		t.Log(text)
	}
	for _, a := range l.Alerts() {
		if a.KPI != report.AlertErrorRate || a.FromS < 600 || a.ToS > 680 {
			t.Errorf("alert %+v", a)
		}
	}
}
