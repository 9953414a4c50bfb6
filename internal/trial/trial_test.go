package trial

import (
	"sync"
	"testing"
	"time"

	"rdiostress/internal/scenario"
	"rdiostress/internal/trial/verification"
)

// testPlan returns the plan of a short trial against a server, with the flags' defaults.
func testPlan(t *testing.T, url string) Plan {
	t.Helper()
	return Plan{
		Scenario: scenario.Scenario{
			URL: url, Key: "test-api-key", Timeout: 10 * time.Second, MaxConcurrent: 4, Arrival: scenario.Constant,
			Duration: 2 * time.Minute,
			Systems:  ids(t, "900"), Talkgroups: ids(t, "1001-1100"), Seed: 1,
			Radio: scenario.Radio{Zipf: 0.99, Units: 20, Sites: 4},
		},
		Watch:   WatchPlan{NotWatched: "--watch none"},
		Priming: PrimingPlan{Mode: PrimeAuto, Max: time.Minute},
		Verification: verification.Plan{
			Place: verification.Place{Kind: verification.None}, Timeout: 2 * time.Second,
			Max: time.Minute,
		},
	}
}

// told is an Observer that records its events.
type told struct {
	mu   sync.Mutex
	list []Event
}

func (o *told) Observe(e Event) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.list = append(o.list, e)
}

func (o *told) events() []Event {
	o.mu.Lock()
	defer o.mu.Unlock()
	return append([]Event{}, o.list...)
}
