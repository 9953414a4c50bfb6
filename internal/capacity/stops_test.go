package capacity

import (
	"testing"
	"time"

	"rdiostress/internal/judge"
	"rdiostress/internal/measure"
	"rdiostress/internal/report"
)

// Failures around stops of the generator are a limit where they explain what broke, and only there.
func TestBlameStops(t *testing.T) {
	for name, tc := range map[string]struct {
		accepted, around uint64 // of 100
		mean             float64
		stage            Stage
		want             bool
	}{
		"kept":                        {99, 1, 0.1, Steady, false},
		"the times broke":             {99, 1, 1.2, Steady, false},
		"the success rate too":        {94, 6, 1.2, Steady, false},
		"the success rate alone":      {94, 6, 0.1, Steady, true},
		"most failed far from stops":  {80, 6, 0.1, Steady, false},
		"response times kept growing": {94, 6, 0.1, Growing, false},
		"no stop":                     {94, 0, 0.1, Steady, false},
		"all":                         {0, 100, 0.1, Steady, true},
	} {
		s := stepper{Plan: Plan{Objectives: Defaults()}}
		rate, n := float64(tc.accepted)/100, uint64(100)
		done := report.CapacityStep{Attempted: n, Accepted: tc.accepted, SuccessRate: &rate}
		if tc.accepted > 0 {
			done.MeanS, done.P95S = &tc.mean, &tc.mean
		}
		Judge(&done, s.Objectives, tc.stage)
		s.blameStops(&done, &measure.Stops{Count: 1, StoppedS: 0.05, Failed: tc.around})
		if got := len(done.Limits) > 0; got != tc.want {
			t.Errorf("%s: limits %q, broke %q", name, done.Limits, done.AllBroke)
		}
	}
}

// Uploads whose times are left out are in no mean.
func TestMeanOfTimed(t *testing.T) {
	got := figuresOf(&measure.Snapshot{
		Accepted: 10, LeftOut: 6, ResponseSum: 8 * time.Second, P95: 2 * time.Second,
	})
	if got.MeanS == nil || *got.MeanS != 2 {
		t.Errorf("mean %v", got.MeanS)
	}
	got = figuresOf(&measure.Snapshot{Accepted: 10, LeftOut: 10})
	for _, o := range Defaults() {
		if v := valueOf(o, got); o.Name != judge.SuccessRate && v != nil {
			t.Errorf("all are left out: %s %v", o.Name, *v)
		}
	}
}
