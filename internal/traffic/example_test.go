package traffic_test

import (
	"fmt"
	"time"

	"rdiostress/internal/scenario"
	"rdiostress/internal/traffic"
	"rdiostress/internal/upload"
)

// The calls of a run, made in the memory of one request.
func Example() {
	s := &scenario.Scenario{
		Rate: 10, Duration: time.Minute, Seed: 1, Systems: scenario.IDs{11}, Talkgroups: scenario.IDs{1001, 1002},
	}
	clips, err := traffic.NewSources(s.Clients, 0)
	if err != nil {
		panic(err)
	}
	start := time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)
	calls := traffic.New(s, traffic.Options{RunID: "abc", Start: start, Clips: clips})
	var r upload.Request
	for n := range uint64(3) {
		due := time.Duration(n) * 2 * time.Second
		calls.Next(n, due, &r)
		back := start.Add(due).Sub(r.Time)
		fmt.Printf("%v sends a call of talkgroup %d, dated %v back\n", r.Client, r.Talkgroup, back)
	}
	// Output:
	// sdrtrunk sends a call of talkgroup 1002, dated 1m0s back
	// sdrtrunk sends a call of talkgroup 1001, dated 1m0s back
	// sdrtrunk sends a call of talkgroup 1001, dated 1m0s back
}
