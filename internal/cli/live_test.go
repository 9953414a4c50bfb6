package cli

import (
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"rdiostress/internal/judge"
	"rdiostress/internal/measure"
	"rdiostress/internal/observe"
	"rdiostress/internal/report"
	"rdiostress/internal/scenario"
)

// TestLiveTellsOfARun plays an hour of a run second by second: it tells of the hour, of the alerts as they open and
// close, and of memory that begins to grow.
func TestLiveTellsOfARun(t *testing.T) {
	var said []string
	rec := measure.NewRecorder()
	phase := rec.AddPhase(measure.Phase{Name: "sustained", Scored: true})
	seen := &observe.Watcher{}
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
		var s measure.Observation
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
		if a.KPI != judge.AlertErrorRate || a.FromS < 600 || a.ToS > 680 {
			t.Errorf("alert %+v", a)
		}
	}
}

// Lines of progress and of hours show no 95th percentile of fewer than 20 uploads.
func TestProgressHidesPercentilesOfFewUploads(t *testing.T) {
	for _, n := range []uint64{11, 19, 20} {
		want := "p95 40ms,"
		if n < 20 {
			want = "p95 –,"
		}
		p := progress{scenario: &scenario.Scenario{}, stopping: &atomic.Bool{}}
		s := measure.Snapshot{Accepted: n, P95: 40 * time.Millisecond, P95Of: n}
		if words := p.words(s); !strings.Contains(words, want) {
			t.Errorf("%d uploads: %q has no %q", n, words, want)
		}
		var said strings.Builder
		o := &runOptions{ios: &streams{Err: &said, ErrTerminal: true}}
		h := &holder{capacityOptions: &capacityOptions{runOptions: o}, began: time.Now()}
		h.show(2, &measure.Snapshot{Last: measure.Interval{Accepted: n, P95: 40 * time.Millisecond}})
		p95 := 0.04
		h.tell(&report.CapacityStep{OK: true, P95S: &p95, FewSamples: measure.FewSamples(n, "p95_s")})
		if got := strings.Count(said.String(), "40ms"); got != map[bool]int{true: 2}[n >= 20] {
			t.Errorf("%d uploads in a second and in a step: %q", n, said.String())
		}
	}
}
