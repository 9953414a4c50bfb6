package mischief

import (
	"strings"
	"testing"
	"time"

	"rdiostress/internal/measure"
	"rdiostress/internal/scenario"
	"rdiostress/internal/schedule"
)

func TestPlan(t *testing.T) {
	for name, c := range map[string]struct {
		change   func(*scenario.Scenario)
		from, to time.Duration
		absent   string
	}{
		"two minutes": {func(s *scenario.Scenario) {}, 18 * time.Second, 102 * time.Second, ""},
		"after a ramp": {
			func(s *scenario.Scenario) { s.RampUp, s.WarmUp = 10*time.Second, 20*time.Second },
			48 * time.Second, 132 * time.Second, "",
		},
		"hours": {
			func(s *scenario.Scenario) { s.Duration = 10 * time.Hour }, 30 * time.Second,
			10*time.Hour - 30*time.Second, "",
		},
		"short": {
			func(s *scenario.Scenario) { s.Duration = 10 * time.Second }, 0, 10 * time.Second,
			"too short",
		},
		"repeats": {func(s *scenario.Scenario) { s.Retries.On = true }, 0, 2 * time.Minute, "sent again"},
		"a total": {func(s *scenario.Scenario) { s.Total = 100 }, 0, 2 * time.Minute, "number of calls"},
		"stages": {func(s *scenario.Scenario) {
			s.Stages, s.StageRates = schedule.Shape{{Length: time.Minute, To: 5}}, true
		}, 0, time.Minute, "stages"},
	} {
		t.Run(name, func(t *testing.T) {
			s := testScenario("http://localhost")
			s.Total, s.Duration = 0, 2*time.Minute
			c.change(s)
			p := newPlan(s)
			if p.from != c.from || p.to != c.to || (p.absent == "") != (c.absent == "") ||
				!strings.Contains(p.absent, c.absent) {
				t.Errorf("from %v to %v, %q", p.from, p.to, p.absent)
			}
		})
	}
}

// minutes returns two minutes of a run whose good calls take the given times without and with mischief.
func minutes(without, with func(second int) float64, failing int) []measure.Point {
	var series []measure.Point
	for i := range 120 {
		mean := without(i)
		failed := 0
		if i >= 18 && i < 102 {
			mean, failed = with(i), failing
		}
		series = append(series, measure.Point{
			TS: float64(
				i,
			), WidthS: 1, Attempted: 100, Accepted: uint64(100 - failed), Failed: uint64(failed), MeanS: &mean,
		})
	}
	return series
}

func TestGoodCallsAreCompared(t *testing.T) {
	s := testScenario("http://localhost")
	s.Total, s.Duration = 0, 2*time.Minute
	plan := newPlan(s)
	steady := func(mean float64) func(int) float64 { return func(int) float64 { return mean } }
	noisy := func(second int) float64 { return 0.01 + float64(second*7919%100)/1000 }
	for name, c := range map[string]struct {
		without, with func(int) float64
		failing       int
		slowed        bool
	}{
		"the same":            {steady(0.01), steady(0.01), 0, false},
		"three times as slow": {steady(0.01), steady(0.03), 0, true},
		"blocked now and then": {
			steady(0.01), func(second int) float64 { return 0.01 + 2*float64(second%10/9) }, 0,
			true,
		},
		"a little slower":      {steady(0.1), steady(0.14), 0, false},
		"slower by nothing":    {steady(0.001), steady(0.004), 0, false},
		"noise":                {noisy, noisy, 0, false},
		"within the noise":     {noisy, steady(0.1), 0, false},
		"faster":               {steady(0.1), steady(0.01), 0, false},
		"failing good calls":   {steady(0.01), steady(0.01), 5, true},
		"failing now and then": {steady(0.01), steady(0.01), 1, false},
	} {
		t.Run(name, func(t *testing.T) {
			good := plan.compareGoodCalls(minutes(c.without, c.with, c.failing), 103*time.Second)
			if good.Without == nil || good.With == nil {
				t.Fatal(good.Absent)
			}
			// Without: from the second second to the 18th, and from a second after the last one had ended.
			if good.Without.Seconds != 17+16 || good.With.Seconds != 86 || good.With.Attempted != 8600 {
				t.Errorf("%d and %d seconds", good.Without.Seconds, good.With.Seconds)
			}
			if f, slowed := slowedDown(good); slowed != c.slowed {
				t.Errorf("slowed down: %t; %+v", slowed, f)
			} else if slowed && (f.Kind != "all" || f.Problem != "slowed_good_calls" || !strings.Contains(f.Evidence,
				"without")) {
				t.Errorf("finding %+v", f)
			}
		})
	}
	if good := plan.compareGoodCalls(minutes(steady(1), steady(1), 0)[:19], 103*time.Second); good.Absent == "" {
		t.Error("one second with mischief is compared")
	}
}

// The shortest run that is compared has enough seconds, although each ends slightly late and the last misbehaving
// upload does too.
func TestShortestRunIsCompared(t *testing.T) {
	s := testScenario("http://localhost")
	s.Total, s.Duration = 0, leastCompared
	plan := newPlan(s)
	var series []measure.Point
	at := 0.0
	for i := range 20 {
		end, mean := float64(i+1)+0.001*float64(i%7), 0.01
		if i >= 3 && i < 17 {
			mean = 0.1
		}
		series = append(series, measure.Point{TS: at, WidthS: end - at, Attempted: 10, Accepted: 10, MeanS: &mean})
		at = end
	}
	good := plan.compareGoodCalls(series, plan.to+300*time.Millisecond)
	if good.Without == nil || good.Without.Seconds != 3 || good.With.Seconds != 16 || good.Without.HighestS != 0.01 ||
		good.With.MeanS < 0.08 {
		t.Fatalf("%+v, without %+v, with %+v", good, good.Without, good.With)
	}
	if _, slowed := slowedDown(good); !slowed {
		t.Error("ten times as slow is no finding")
	}
}

// Calls that are held up until the mischief is over have no response time before that.
func TestHeldUpCallsAreFound(t *testing.T) {
	s := testScenario("http://localhost")
	s.Total, s.Duration = 0, 2*time.Minute
	plan := newPlan(s)
	series := minutes(func(int) float64 { return 0.01 }, func(int) float64 { return 0.01 }, 0)
	for i := 18; i < 102; i++ {
		series[i] = measure.Point{TS: float64(i), WidthS: 1, InFlight: 50}
	}
	good := plan.compareGoodCalls(series, 102*time.Second)
	if good.With == nil || good.With.Silent != 84 {
		t.Fatalf("%+v", good)
	}
	f, slowed := slowedDown(good)
	if !slowed || !strings.HasPrefix(f.Evidence, "seconds without an answer: 84 of 85 with it and 0 of ") {
		t.Errorf("found %t: %q", slowed, f.Evidence)
	}
	held := 30.0
	series[102].MeanS = &held
	if good = plan.compareGoodCalls(series, 102*time.Second); good.Without.HighestS > 1 || good.With.MeanS < 10 {
		t.Errorf("those that it held up are laid to what came after: with %+v, without %+v", good.With, good.Without)
	}
}

// In the closed model, mischief follows the calls that were sent since it began.
func TestClosedModelFollowsTheCalls(t *testing.T) {
	now := measure.Snapshot{}
	s := &sender{
		Options: Options{Start: time.Now().Add(-10 * time.Second), Calls: func() measure.Snapshot { return now }},
	}
	now = measure.Snapshot{Elapsed: 4 * time.Second, Attempts: 400}
	if got := s.sentSince(5 * time.Second); got != 0 {
		t.Errorf("%g calls before it began", got)
	}
	now = measure.Snapshot{Elapsed: 5 * time.Second, Attempts: 500}
	if got := s.sentSince(5 * time.Second); got != 0 {
		t.Errorf("%g calls when it began", got)
	}
	now = measure.Snapshot{Elapsed: 10 * time.Second, Attempts: 900, Last: measure.Interval{PerSecond: 100}}
	if got := s.sentSince(5 * time.Second); got < 400 || got > 500 {
		t.Errorf("%g calls after it began", got)
	}
}

// The mean of good calls is not above the highest of their seconds, even by a rounding error.
func TestMeanOfSecondsIsWithinThem(t *testing.T) {
	for n := 1; n <= 400; n++ {
		mean := 0.1 * float64(n)
		points := make([]measure.Point, n)
		for i := range points {
			points[i] = measure.Point{WidthS: 1, Attempted: 3, Accepted: 3, MeanS: &mean}
		}
		if g := sum(points); g.MeanS > g.HighestS || g.MedianS != mean {
			t.Fatalf("%d seconds of %g s: mean %g, median %g, highest %g", n, mean, g.MeanS, g.MedianS, g.HighestS)
		}
	}
}
