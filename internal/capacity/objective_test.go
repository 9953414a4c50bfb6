package capacity

import (
	"slices"
	"strconv"
	"strings"
	"testing"

	"rdiostress/internal/judge"
	"rdiostress/internal/report"
)

func TestParseObjective(t *testing.T) {
	for _, o := range Defaults() {
		if got, err := ParseObjective(o.String()); err != nil || got != o {
			t.Errorf("%s: %+v, %v", o, got, err)
		}
	}
	if o, err := ParseObjective("p95_response_time_s < 500 ms"); err != nil || o.String() != "p95_response_time_s<0.5" {
		t.Errorf("a limit with a unit: %v, %v", o, err)
	}
	for _, text := range []string{
		"", "p95", "p95<1", "latency<1", "p95_response_time_s>1", "success_rate<0.9",
		"success_rate>x", "error_rate<-1", "mean_response_time_s<NaN",
	} {
		if o, err := ParseObjective(text); err == nil {
			t.Errorf("%q is taken: %+v", text, o)
		}
	}
}

// Every objective that was valid keeps its meaning: it is read here as it was before limits could have units.
func FuzzParseObjective(f *testing.F) {
	for _, text := range []string{
		"p95_response_time_s<0.5", "success_rate > 0.99", "error_rate<0x1p-3", " p50_response_time_s < +1e0 ",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		o, err := ParseObjective(text)
		if at := strings.IndexAny(text, "<>"); at >= 0 {
			before := report.Objective{Name: strings.TrimSpace(text[:at]), Op: text[at : at+1]}
			limit, numErr := strconv.ParseFloat(strings.TrimSpace(text[at+1:]), 64)
			_, known := figureNamed(before.Name)
			before.Limit, before.Unit = limit, report.UnitOf(before.Name)
			if numErr == nil && limit >= 0 && limit <= 1e9 && known &&
				(before.Op == ">") == (before.Name == judge.SuccessRate) && (err != nil || o != before) {
				t.Fatalf("%q was %+v, and is %+v, %v", text, before, o, err)
			}
		}
		if err != nil {
			return
		}
		if again, err := ParseObjective(o.String()); err != nil || again != o {
			t.Errorf("%q is %+v, written as %q, which is %+v, %v", text, o, o.String(), again, err)
		}
	})
}

// A rate is held only if the calls of its step were observed to be stored as fast as they came.
func TestJudgeStorage(t *testing.T) {
	count := func(n uint64) *uint64 { return &n }
	secs := func(s float64) *float64 { return &s }
	for name, tt := range map[string]struct {
		step report.CapacityStep
		want string
	}{
		"stored at once": {report.CapacityStep{Pending: count(0), DrainS: secs(0.4)}, ""},
		"a pipeline of eight seconds": {report.CapacityStep{
			BacklogEnd: count(800), Pending: count(0),
			DrainS: secs(8.5),
		}, ""},
		"a backlog that takes twice as long": {report.CapacityStep{
			BacklogEnd: count(800), Pending: count(0),
			DrainS: secs(16),
		}, report.BrokeStorage},
		"stored too late": {report.CapacityStep{
			BacklogEnd: count(3), Pending: count(0),
			DrainS: secs(60),
		}, report.BrokeStorage},
		"never stored": {report.CapacityStep{
			BacklogEnd: count(3), Pending: count(3),
			DrainS: secs(60),
		}, report.BrokeStorage},
		"lost": {report.CapacityStep{
			Lost: count(1), Pending: count(0),
			DrainS: secs(1),
		}, report.BrokeLoss},
		"the wait was cut short": {report.CapacityStep{
			BacklogEnd: count(300), Pending: count(100),
			DrainS: secs(2),
		}, report.BrokeUnseen},
		"the database could not be read": {
			report.CapacityStep{Unseen: "looking failed: database is locked"},
			report.BrokeUnseen,
		},
		"not looked at, which is said elsewhere": {report.CapacityStep{}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			tt.step.RatePerS, tt.step.DurationS, tt.step.Attempted, tt.step.Accepted = 100, 10, 1000, 1000
			Judge(&tt.step, nil, Steady)
			if tt.step.Broke != tt.want || tt.step.OK != (tt.want == "") || !tt.step.OK && tt.step.BrokeWords == "" {
				t.Errorf("ok %t, broke %q (%s), want %q", tt.step.OK, tt.step.Broke, tt.step.BrokeWords, tt.want)
			}
		})
	}
}

func TestJudgeUnsent(t *testing.T) {
	for _, tt := range []struct {
		attempted, unsent uint64
		ok                bool
	}{{60, 0, true}, {60, 1, true}, {60, 2, false}, {1000, 10, true}, {1000, 11, false}, {0, 2, false}} {
		s := report.CapacityStep{Attempted: tt.attempted, Unsent: tt.unsent}
		Judge(&s, nil, Steady)
		if s.OK != tt.ok || !s.OK && s.Broke != report.BrokeRate {
			t.Errorf("%d sent, %d not: %v %s", tt.attempted, tt.unsent, s.OK, s.Broke)
		}
	}
}

// All missed objectives of a step are named, in the order in which they were missed.
func TestAllThatBrokeIsNamed(t *testing.T) {
	objectives := Defaults()
	missed := missedSince{}
	share, mean, p95 := 1.0, 0.5, 3.5
	so := report.CapacityStep{SuccessRate: &share, MeanS: &mean, P95S: &p95}
	missed.add(1, &so, objectives)
	p95 = 2.5 // it had only just begun
	missed.add(2, &so, objectives)
	mean = 1.5
	missed.add(3, &so, objectives)
	p95, share = 4, 0.9
	missed.add(4, &so, objectives)
	behind := 71.0
	s := report.CapacityStep{
		RatePerS: 100, DurationS: 10, Attempted: 1000, Accepted: 900, SuccessRate: &share, MeanS: &mean, P95S: &p95,
		BehindPerS: &behind, Unseen: "looking failed",
	}
	Judge(&s, missed.order(objectives), Behind)
	all := []string{judge.MeanResponse, judge.SuccessRate, judge.P95Response, report.BrokeStorage}
	const words = "mean response time was 1.50 s, must be under 1 s; success rate was 90.00 %, must be over 95 %; " +
		"95th percentile was 4.00 s, must be under 3 s; storage fell behind by 71 calls/s"
	if s.OK || s.Broke != all[0] || !slices.Equal(s.AllBroke, all) || s.BrokeWords != words {
		t.Errorf("broke %s, %v: %s", s.Broke, s.AllBroke, s.BrokeWords)
	}

	none := report.CapacityStep{RatePerS: 100, DurationS: 10, Attempted: 1000}
	Judge(&none, objectives[1:], Steady)
	if len(none.AllBroke) != 2 || none.BrokeWords != "no upload was accepted" {
		t.Errorf("%v: %s", none.AllBroke, none.BrokeWords)
	}
}
