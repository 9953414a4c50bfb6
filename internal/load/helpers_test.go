package load

import (
	"time"

	"rdiostress/internal/scenario"
	"rdiostress/internal/traffic"
	"rdiostress/internal/upload/uploadtest"
)

var start = time.Date(2026, 11, 24, 12, 0, 0, 700_000_000, time.UTC)

// testTraffic makes the calls of a run that starts at start.
func testTraffic(s *scenario.Scenario, start time.Time) *traffic.Traffic {
	return traffic.New(s, traffic.Options{RunID: "abc", Start: start, Clips: uploadtest.Silence{}})
}
