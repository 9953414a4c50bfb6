package report

import (
	"slices"
	"strings"
	"testing"
	"time"

	"rdiostress/internal/measure"
)

// No report says that there is no problem while uploads fail or a threshold is missed.
func TestNoProblemIsNoWordForFailures(t *testing.T) {
	const none = "No problem of the server shows"
	if text := shown(t, passing()); !strings.Contains(text, none+" in this run;") {
		t.Errorf("a pass: %s", text)
	}
	for _, status := range []int{302, 404, 413, 415, 418} {
		res := result(900, 100, time.Millisecond, 2*time.Millisecond)
		res.Errors.HTTP = map[string]uint64{"599": 100}
		res.ErrorDetails[0].Status, res.ErrorDetails[0].Sample = status, "as the server \x1b[1msays\n"
		if text := shown(t, res); strings.Contains(text, none) || !strings.Contains(text, "10 % of all uploads (100): answered") {
			t.Errorf("%d: %s", status, text)
		}
	}
	few := result(9_999, 1, time.Millisecond, 2*time.Millisecond)
	if text := shown(t, few); !strings.Contains(text, "except that 1 of 10,000 uploads failed") {
		t.Errorf("a failure: %s", text)
	}
	slow := result(1_000, 0, 2*time.Second, 4*time.Second)
	if text := shown(t, slow); strings.Contains(text, none) || !strings.Contains(text, "Why a threshold was missed does not show") {
		t.Errorf("slow: %s", text)
	}
}

// Beside a pass, a generator at its limit is one warning with one number, and nothing else.
func TestOneWarningBesideAPass(t *testing.T) {
	res := passing()
	res.Generator.Limited, res.Generator.Reasons = true, []string{"the generator used 1.9 of 2 processors: give it more, or a machine of its own"}
	rep := New(res, "1.2.3")
	want := "the generator was at its limit: the server may take more than 102.9 uploads/s"
	about := slices.DeleteFunc(slices.Clone(rep.Verdict.Warnings), func(w string) bool { return !strings.Contains(w, "generator") })
	if len(about) != 1 || about[0] != want || len(rep.Diagnosis) > 0 {
		t.Errorf("warnings %q, findings %+v", rep.Verdict.Warnings, rep.Diagnosis)
	}
	if text := shown(t, res); strings.Count(text, "1.9 of 2 processors") != 1 {
		t.Errorf("the reason is to be with the generator's figures, once: %s", text)
	}
}

// A server that the run killed has no alert for that, and its memory is judged over the longer of its lives.
func TestCrashRaisesNoAlarm(t *testing.T) {
	res := crashed()
	res.Series = nil
	for i := range 120 {
		p := measure.Point{TS: float64(i), WidthS: 1, Attempted: 100, Accepted: 100, InFlight: 1, Server: &measure.Observation{}}
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
	rep := New(res, "1.2.3")
	if len(rep.Alerts) > 0 || rep.Memory.Stabilises == No {
		t.Errorf("alerts %+v, memory %+v", rep.Alerts, rep.Memory)
	}
	for _, w := range rep.Verdict.Warnings {
		if strings.Contains(w, "no upload was answered") {
			t.Errorf("warning %q", w)
		}
	}
	res.Delivery.Crash = nil
	if rep := New(res, "1.2.3"); len(rep.Alerts) == 0 {
		t.Error("no alert of a server that failed by itself")
	}
}
