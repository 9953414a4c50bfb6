package report_test

import (
	"strings"
	"testing"

	"rdiostress/internal/judge"
	"rdiostress/internal/measure"
	"rdiostress/internal/report"
	"rdiostress/internal/testenv/results"
)

// A server that the run killed has no alert for that, and its memory is judged over the longer of its lives.
func TestCrashRaisesNoAlarm(t *testing.T) {
	res := results.Crashed()
	res.Series = nil
	for i := range 120 {
		p := measure.Point{
			TS: float64(i), WidthS: 1, Attempted: 100, Accepted: 100, InFlight: 1,
			Server: &measure.Observation{},
		}
		mean := 0.02
		p.MeanS = &mean
		p.Server.Set(measure.RSS, 60e6)
		if i >= 60 { // it starts anew, and takes memory
			p.Server.Set(measure.RSS, 5e6+4e6*float64(i-60))
		}
		if i >= 60 && i < 64 {
			p.Attempted, p.Accepted, p.InFlight = 0, 0, 50
		}
		if i >= 64 && i < 68 {
			slow := 5.0
			p.Accepted, p.Failed, p.MeanS = 10, 90, &slow
		}
		res.Series = append(res.Series, p)
	}
	rep := report.New(res, "1.2.3", nil)
	if len(rep.Alerts) > 0 || rep.Memory.Stabilises == judge.No {
		t.Errorf("alerts %+v, memory %+v", rep.Alerts, rep.Memory)
	}
	for _, w := range rep.Verdict.Warnings {
		if strings.Contains(w, "no upload was answered") {
			t.Errorf("warning %q", w)
		}
	}
	res.Delivery.Crash = nil
	if rep := report.New(res, "1.2.3", nil); len(rep.Alerts) == 0 {
		t.Error("no alert of a server that failed by itself")
	}
}
