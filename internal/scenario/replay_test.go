package scenario

import (
	"testing"
	"time"
)

func TestReplayIsNotTooLong(t *testing.T) {
	r := Replay{Recordings: 10, Span: time.Second, Speed: 100_000}
	var p problems
	if r.validate(&p, time.Minute); len(p) == 0 {
		t.Error("a replay of 69 days is taken")
	}
}

// Options that cannot be combined with recorded calls are refused.
func TestReplayExcludes(t *testing.T) {
	for name, change := range map[string]func(*Scenario){
		"a rate":       func(s *Scenario) { s.Rate = 1 },
		"a warm-up":    func(s *Scenario) { s.WarmUp = time.Second },
		"duplicates":   func(s *Scenario) { s.DuplicateRatio = 0.1 },
		"priming":      func(s *Scenario) { s.Prime = true },
		"another pace": func(s *Scenario) { s.Replay.Speed = 0 },
	} {
		s := testScenario()
		s.Replay = Replay{Recordings: 10, Span: time.Second, Speed: 1}
		if err := s.Validate(); err != nil {
			t.Fatal(err)
		}
		if change(s); s.Validate() == nil {
			t.Errorf("a replay with %s is taken", name)
		}
	}
}
