package measure

import (
	"testing"
	"time"
)

// An upload that was held up counts, but its time affects only the bounds.
func TestHeldUp(t *testing.T) {
	r := NewRecorder()
	phase := r.AddPhase(Phase{Name: "sustained", Scored: true})
	record := func(n int, took time.Duration, o Outcome) {
		for range n {
			o.Phase, o.Steps, o.Done = phase, StepTimes{-1, -1, -1, took, -1}, took
			r.Shard(0).Record(&o)
		}
	}
	record(90, 10*time.Millisecond, Outcome{First: true, Lag: time.Millisecond})
	record(10, 2*time.Second, Outcome{First: true, HeldUp: true, Lag: 2 * time.Second})
	record(3, 2*time.Second, Outcome{Class: Timeout, HeldUp: true, Lag: NoLag})
	record(1, time.Second, Outcome{Class: Timeout, Lag: NoLag})
	for _, own := range []Class{Status, Rejected, Refused, Malformed, Exhausted} {
		record(1, 2*time.Second, Outcome{Class: own, HeldUp: true, Lag: NoLag})
	}
	r.Roll(time.Second, 0, 0)
	now := r.Snapshot()
	if now.Accepted != 100 || now.LeftOut != 10 || now.ResponseSum != 900*time.Millisecond || now.Last.LeftOut != 10 ||
		now.Last.Mean != 10*time.Millisecond {
		t.Errorf("snapshot %+v", now)
	}
	res := Result{Generator: Generator{Stops: &Stops{Count: 1}}}
	r.FillResult(&res, []TimeSpan{{Length: time.Second}})
	for name, d := range map[string]*Distribution{
		"response": &res.Latency, "service": &res.ServiceTime, "phase": &res.Phases[0].Latency,
	} {
		if d.Count != 90 || d.LeftOut != 10 || d.MaxS != 0.01 {
			t.Errorf("%s: %d samples, %d left out, max %v", name, d.Count, d.LeftOut, d.MaxS)
		}
	}
	if res.Totals.Accepted != 100 || res.Totals.Failed != 9 || res.Steps.Wait.Count != 90 || res.FirstCalls != nil {
		t.Errorf("totals %+v, %d steps, first calls %+v", res.Totals, res.Steps.Wait.Count, res.FirstCalls)
	}
	s := res.Generator.Stops
	if s.Accepted != 10 || s.Failed != 3 || *s.MeanBoundS != 0.209 || *s.P95BoundS < 1.9 {
		t.Errorf("stops %+v", s)
	}
	if p := res.Series[0]; p.Accepted != 100 || p.LeftOut != 10 || *p.MaxS != 0.01 || p.Timed() != 90 {
		t.Errorf("point %+v", p)
	}
	inIntervals := uint64(0)
	for _, h := range res.Histograms {
		inIntervals += h.Count
	}
	if inIntervals != 90 {
		t.Errorf("the histograms of intervals have %d samples", inIntervals)
	}
	if *res.Generator.LagMaxS != 0.001 {
		t.Errorf("lag %v", *res.Generator.LagMaxS)
	}
}

// If all times are left out, there are no figures, and Absent says why.
func TestAllHeldUp(t *testing.T) {
	r := NewRecorder()
	r.AddPhase(Phase{Name: "sustained", Scored: true})
	r.Shard(0).Record(&Outcome{Done: time.Second, Steps: NoSteps(), HeldUp: true})
	r.Roll(time.Second, 0, 0)
	var res Result
	r.FillResult(&res, []TimeSpan{{Length: time.Second}})
	d, p := &res.Latency, &res.Series[0]
	if d.Figures != nil || d.LeftOut != 1 || d.Absent == "" || p.MeanS != nil {
		t.Errorf("latency %+v, point %+v", d, p)
	}
}
