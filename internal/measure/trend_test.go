package measure

import (
	"math"
	"testing"
	"time"
)

// However long a run is, it has few spans without gaps, each with the percentile of its own uploads.
func TestTrend(t *testing.T) {
	second := newHistogram(coarseDigits)
	for _, length := range []time.Duration{
		31 * time.Minute, 2 * time.Hour, 2*time.Hour + 2*time.Minute, 5 * time.Hour, 8 * time.Hour, 24 * time.Hour,
		60 * time.Hour,
	} {
		var tr trend
		const warmup = 30 * time.Second
		const tick = 30 * time.Second
		for at := warmup; at < warmup+length; at += tick {
			second.Reset()
			for i := range 20 { // one in ten takes a time that grows with the run
				d := time.Millisecond
				if i < 2 {
					d = 10*time.Millisecond + at/1000
				}
				second.Record(d)
			}
			tr.add(second, at, at+tick)
		}
		if len(tr.spans) > maxTrendSpans {
			t.Errorf("%v: %d spans are kept", length, len(tr.spans))
		}
		list := tr.finish()
		if len(list) > maxTrendPoints || len(list) < 6 {
			t.Errorf("%v: %d spans", length, len(list))
		}
		end := warmup.Seconds()
		for i, s := range list {
			if s.FromS != end || i > 0 && i < len(list)-1 && s.ToS-s.FromS != list[0].ToS-list[0].FromS {
				t.Errorf("%v: span %d is %v to %v after %v", length, i, s.FromS, s.ToS, end)
			}
			end = s.ToS
			// If times grow evenly, half of the slow ones lie beyond the middle one.
			if want := 0.01 + (s.FromS+s.ToS)/2/1000; s.P95S == nil ||
				math.Abs(*s.P95S-want) > 0.02*want+tick.Seconds()/1000 {
				t.Errorf("%v: span %d has a p95 of %v s, want %v", length, i, *s.P95S, want)
			}
		}
		if end != (warmup + length).Seconds() {
			t.Errorf("%v: the last span ends at %v s", length, end)
		}
	}
}

// A span without uploads has no percentile, and unscored uploads are in no span.
func TestTrendOfRecorder(t *testing.T) {
	r := NewRecorder()
	warm, scored := r.AddPhase(Phase{Name: "warm-up"}), r.AddPhase(Phase{Name: "sustained", Scored: true})
	record := func(phase uint8, now, took time.Duration) {
		r.Shard(0).Record(&Outcome{Due: now - took, Done: now, Phase: phase, Class: Accepted, Lag: NoLag})
	}
	for now := time.Second; now <= 20*time.Minute; now += time.Second {
		switch {
		case now <= 5*time.Minute:
			record(warm, now, time.Second)
		case now <= 11*time.Minute:
			record(scored, now, 20*time.Millisecond)
		}
		r.Roll(now, 0, 0)
	}
	var res Result
	r.FillResult(&res, make([]TimeSpan, 2))
	if len(res.Trend) != 3 || res.Trend[0].FromS != 300 || res.Trend[2].P95S != nil {
		t.Fatalf("spans %+v", res.Trend)
	}
	if p95 := *res.Trend[0].P95S; math.Abs(p95-0.02) > 0.0003 {
		t.Errorf("p95 %v s", p95)
	}
}
