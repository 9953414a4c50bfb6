package traffic

import (
	"slices"
	"strings"
	"testing"
	"time"

	"rdiostress/internal/radio"
	"rdiostress/internal/rdio"
	"rdiostress/internal/scenario"
	"rdiostress/internal/upload"
	"rdiostress/internal/upload/uploadtest"
)

// The pairs that a run uses are those of its calls, if the number of calls is known.
func TestUsedPairsAreThoseOfTheCalls(t *testing.T) {
	for name, set := range map[string]func(*scenario.Scenario){
		"by rate":          func(s *scenario.Scenario) { s.Rate, s.Duration = 10, 20*time.Second },
		"by total":         func(s *scenario.Scenario) { s.Total = 150 },
		"by rate or total": func(s *scenario.Scenario) { s.Rate, s.Duration, s.Total = 10, 20*time.Second, 70 },
		"at random": func(s *scenario.Scenario) {
			s.Rate, s.Duration, s.Arrival = 10, 20*time.Second,
				scenario.Poisson
		},
		"with duplicates": func(s *scenario.Scenario) {
			s.Rate, s.Duration, s.DuplicateRatio = 10, 20*time.Second,
				0.3
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := uploadtest.Scenario()
			s.Zipf = radio.ZipfExponent
			s.Talkgroups, _ = scenario.ParseIDs("1001-1200")
			set(s)
			traffic := New(s, Options{RunID: "abc", Start: start, Clips: uploadtest.Silence{}})
			used := traffic.UsedPairs(s, false)
			calls, known := s.DueCalls()
			if !known {
				t.Fatal("the number of calls is not known")
			}
			drawn := make(map[onePair]bool)
			var c upload.Request
			for n := range calls {
				at := time.Duration(float64(s.Duration) * float64(n) / float64(calls))
				if !traffic.Next(n, at, &c) {
					t.Fatalf("there is no call %d", n)
				}
				drawn[onePair{c.System, c.Talkgroup}] = true
			}
			if len(used) != len(drawn) || len(used) >= traffic.Pairs() || !slices.IsSorted(used) {
				t.Fatalf("%d pairs, of %d calls with %d", len(used), calls, len(drawn))
			}
			for _, pair := range used {
				if system, talkgroup := traffic.Pair(pair); !drawn[onePair{system, talkgroup}] {
					t.Errorf("no call is of %d in %d", talkgroup, system)
				}
			}
			if all := traffic.UsedPairs(s, true); len(all) != traffic.Pairs() {
				t.Errorf("%d pairs where others draw too", len(all))
			}
		})
	}
	s := uploadtest.Scenario()
	calls := New(s, Options{RunID: "abc", Start: start, Clips: uploadtest.Silence{}})
	if all := calls.UsedPairs(s, false); len(all) != 6 {
		t.Errorf("%d pairs of a closed loop", len(all))
	}
}

type onePair struct{ system, talkgroup int64 }

// Calls that prime come before those of the run, are no duplicates of each other, of probes or of the run's calls, and
// have names that cannot be mistaken for those of the run.
func TestPrimingCallsAreApart(t *testing.T) {
	for name, length := range map[string]time.Duration{"short": 5 * time.Second, "long": 5 * 24 * time.Hour} {
		for _, window := range []time.Duration{scenario.DefaultWindow, 10 * time.Second} {
			t.Run(name+window.String(), func(t *testing.T) {
				s := uploadtest.Scenario()
				s.Duration, s.DuplicateWindow = length, window
				s.Clients, _ = scenario.ParseMix("sdrtrunk,trunk-recorder,voxcall,rdio-scanner,curl")
				traffic := New(s, Options{RunID: "abc", Start: start, Clips: uploadtest.Silence{}})
				later := New(s, Options{RunID: "abc", Start: start.Add(20 * time.Second), Clips: uploadtest.Silence{}})
				var c upload.Request
				seen := make(map[onePair][]time.Time)
				note := func() {
					at := onePair{c.System, c.Talkgroup}
					for _, other := range seen[at] {
						if c.Time.Sub(other).Abs() <= window {
							t.Fatalf("%+v at %v is a duplicate of one at %v", at, c.Time, other)
						}
					}
					seen[at] = append(seen[at], c.Time)
				}
				c.Client = rdio.SDRTrunk
				traffic.Probe(0, &c)
				note()
				for n := range uint64(12) {
					later.Prime(n, int(n%6), int(n/6), &c)
					note()
					if c.Time.After(start.Add(-radio.Age)) || start.Sub(c.Time) > radio.MaxAge+time.Hour {
						t.Errorf("dated %v back", start.Sub(c.Time))
					}
					if _, ok := rdio.FindMark([]byte(c.AudioName), "abc"); ok {
						t.Errorf("%s looks like a call of the run", c.AudioName)
					}
					for _, file := range []string{c.AudioName, "folder/" +
						strings.TrimSuffix(c.AudioName, ".mp3") + ".m4a"} {
						if got, ok := traffic.PrimeNumber(file); !ok || got != n {
							t.Errorf("%s is call %d, %v, want %d", file, got, ok, n)
						}
					}
					if len(c.Patches) > 0 {
						t.Errorf("patched to %v", c.Patches)
					}
				}
				for n := range uint64(200) {
					if !later.Next(n, time.Duration(n)*10*time.Millisecond, &c) {
						break // all are taken
					}
					note()
					if got, ok := traffic.PrimeNumber(c.AudioName); ok {
						t.Errorf("%s is priming call %d", c.AudioName, got)
					}
				}
			})
		}
	}
}

// A known pair has no first call in the run, and probes are of known pairs.
func TestKnownPairs(t *testing.T) {
	s := uploadtest.Scenario()
	traffic := New(s, Options{RunID: "abc", Start: start, Clips: uploadtest.Silence{}})
	traffic.MarkKnown([]int{3})
	var c upload.Request
	traffic.Probe(0, &c)
	if system, talkgroup := traffic.Pair(3); c.System != system || c.Talkgroup != talkgroup {
		t.Errorf("a probe of %d in %d", c.Talkgroup, c.System)
	}
	firsts := make(map[onePair]int)
	for n := range uint64(100) {
		if traffic.Next(n, time.Duration(n)*time.Second, &c); c.First {
			firsts[onePair{c.System, c.Talkgroup}]++
		}
	}
	if len(firsts) != 5 {
		t.Errorf("%d pairs had a first call, want 5", len(firsts))
	}
}

// The default hundred talkgroups are enough for a closed loop, a search and a total.
func TestHundredTalkgroupsAreEnough(t *testing.T) {
	for _, tt := range []struct {
		name  string
		set   func(*scenario.Scenario)
		least float64 // calls a second
	}{
		{"a demo of 10 s", func(s *scenario.Scenario) { s.Duration = 10 * time.Second }, 500_000},
		{"the default of 2 min", func(s *scenario.Scenario) { s.Duration = 2 * time.Minute }, 200_000},
		{"a step of a search", func(s *scenario.Scenario) { s.Rate, s.Duration = 10, time.Minute }, 300_000},
		{"an hour", func(s *scenario.Scenario) { s.Duration = time.Hour }, 10_000},
		{"a total, however long", func(s *scenario.Scenario) { s.Total, s.Duration = 100_000, 4*time.Hour }, 20_000},
		{
			"a total at a rate", func(s *scenario.Scenario) {
				s.Rate, s.Total, s.Duration = 5000, 100_000,
					4*time.Hour
			},
			100_000,
		},
	} {
		s := uploadtest.Scenario()
		s.Systems, s.Zipf = scenario.IDs{900}, radio.ZipfExponent
		s.Talkgroups, _ = scenario.ParseIDs("1001-1100")
		tt.set(s)
		if err := s.Validate(); err != nil {
			t.Errorf("%s: %v", tt.name, err)
		}
		if got := New(s, Options{RunID: "abc", Start: start, Clips: uploadtest.Silence{}}).PerSecond(); got < tt.least {
			t.Errorf("%s: %.0f unique calls a second, want %.0f", tt.name, got, tt.least)
		}
	}
}
