package scenario

import (
	"strings"
	"testing"
	"time"

	"rdiostress/internal/schedule"
)

// describePhases lists a scenario's phases with their loads.
func describePhases(s *Scenario) string {
	var lines []string
	for _, p := range s.Phases() {
		lines = append(lines, p.Name+": "+p.Describe(s))
	}
	return strings.Join(lines, "\n")
}

func TestPhases(t *testing.T) {
	for name, tt := range map[string]struct {
		change func(*Scenario)
		want   string
		length time.Duration
		calls  uint64 // 0: up to the server
	}{
		"closed": {func(*Scenario) {}, "sustained: 4 uploaders", time.Minute, 0},
		"closed, with a ramp": {
			func(s *Scenario) { s.RampUp, s.WarmUp = time.Second, 2*time.Second },
			"ramp-up: 0 to 4 uploaders\nwarm-up: 4 uploaders\nsustained: 4 uploaders", 63 * time.Second, 0,
		},
		"closed, with a total": {func(s *Scenario) { s.Total = 9 }, "sustained: 4 uploaders", time.Minute, 9},
		"open":                 {func(s *Scenario) { s.Rate = 2 }, "sustained: 2 calls/s", time.Minute, 120},
		"open, at random": {
			func(s *Scenario) { s.Rate, s.Arrival, s.DuplicateRatio = 2, Poisson, 0.1 },
			"sustained: 2 calls/s\nduplicates: 10 % of the calls", time.Minute, 120,
		},
		"stages": {
			func(s *Scenario) {
				s.Stages = schedule.Shape{{Length: time.Second, To: 3}, {Length: time.Second, From: 3, To: 3}}
				s.StageRates = true
			},
			"stage 1: 0 to 3 calls/s\nstage 2: 3 calls/s", 2 * time.Second, 4,
		},
		"a day": {
			func(s *Scenario) { s.Rate, s.Day = 100, schedule.Day{On: true, Start: 16 * time.Hour, Scale: 120} },
			"sustained: a day's curve up to 100 calls/s", time.Minute, 5550,
		},
		"the guide": {
			func(s *Scenario) { s.Guide = true },
			"batches: batches of 1, 6, 11 … up to 4 uploads at once\nsustained: 4 uploaders", time.Minute, 0,
		},
		"recorded calls": {
			func(s *Scenario) { s.Replay = Replay{Recordings: 30, Span: 58 * time.Second, Speed: 2} },
			"sustained: as recorded, in the mean 1.03 calls/s\nduplicates: calls that were recorded " +
				"twice", time.Minute, 62,
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := testScenario()
			tt.change(s)
			if got := describePhases(s); got != tt.want {
				t.Errorf("phases\n%s\nwant\n%s", got, tt.want)
			}
			if s.Length() != tt.length {
				t.Errorf("it lasts %v, want %v", s.Length(), tt.length)
			}
			if n, known := s.Calls(); n != tt.calls || known != (tt.calls > 0) {
				t.Errorf("%d calls, want %d", n, tt.calls)
			}
		})
	}
}

// A scenario knows how many unique calls it can have: more in a short run than in a long one, and more of more
// talkgroups.
func TestCapacity(t *testing.T) {
	s := testScenario()
	one, perSecond, most := s.Capacity(), s.PerSecond(), s.MostPerSecond()
	s.Talkgroups = append(s.Talkgroups, 1004, 1005, 1006)
	if two := s.Capacity(); two != 2*one || s.PerSecond() != 2*perSecond || s.MostPerSecond() != 2*most {
		t.Errorf("%d calls of twice as many talkgroups as have %d", two, one)
	}
	if most >= perSecond {
		t.Errorf("%g calls/s of at most %g", most, perSecond)
	}
	s.Rate = perSecond * 3
	if err := s.Validate(); err == nil || !strings.Contains(err.Error(), "need more talkgroups") {
		t.Errorf("error %v", err)
	}
}

func TestDueCalls(t *testing.T) {
	s := testScenario()
	if _, known := s.DueCalls(); known {
		t.Error("how many calls a closed run sends is known before")
	}
	s.Rate = 10
	if n, known := s.DueCalls(); n != 600 || !known {
		t.Errorf("%d calls are due, want 600", n)
	}
	s.Total = 70
	if n, known := s.DueCalls(); n != 70 || !known {
		t.Errorf("%d calls are due, want 70", n)
	}
}

func TestFindPreset(t *testing.T) {
	for _, want := range Presets() {
		if got, err := FindPreset(want.Name); got != want || err != nil {
			t.Errorf("%+v, %v", got, err)
		}
	}
	if _, err := FindPreset("village"); err == nil || !strings.Contains(err.Error(), "county, metro, statewide") {
		t.Errorf("error %v", err)
	}
}
