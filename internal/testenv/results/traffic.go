package results

import (
	"rdiostress/internal/measure"
)

// Recorded is a run of recorded calls, some of which could not be sent.
func Recorded() measure.Result {
	res := Passing()
	res.Scenario.Model, res.Scenario.Arrival = "open", "recorded"
	res.Scenario.Replay = &measure.ReplayOrder{Folder: "/srv/calls/elmco", Speed: 10, Loop: true}
	res.Traffic = &measure.Traffic{
		Dates:   "recorded calls keep their distances in time; the first is dated 18 h 1 min back, the last a minute",
		OldestS: 64_860,
		Replay: &measure.Replay{
			Programs: map[string]int{
				"trunk-recorder": 4210,
				"sdrtrunk":       7,
			}, Files: 4218, Calls: 4185, Encrypted: 31, Unreadable: 2, SpanS: 86_000,
			Reasons: []measure.SkipReason{
				{Reason: "encrypted", What: "encrypted", Count: 31},
				{Reason: "no_talkgroup", What: "without a talkgroup", Count: 1, Loss: true},
				{Reason: "not_a_call", What: "with a name of no known program", Count: 1, Loss: true},
			},
			Skipped: []measure.SkippedFile{
				{
					Path:   "/srv/calls/elmco/2026/3/1/1009-1772384400_851012500.wav",
					Reason: "its sidecar has no talkgroup",
				},
				{
					Path:   "/srv/calls/elmco/2026/3/1/holiday.wav",
					Reason: "neither a .json sidecar, nor a name as SDRTrunk gives",
				},
			},
		},
	}
	return res
}

// Doubled is a run with duplicates on purpose, by a server that drops some and stumbles over others.
func Doubled() measure.Result {
	res := Phased()
	res.Scenario.Preset, res.Scenario.DayCurve, res.Scenario.TimeScale = "county", "06:30", 24
	res.Scenario.DuplicateRatio, res.Scenario.Prime, res.Scenario.Generator = 0.05, true, "2/4"
	res.Scenario.Zipf, res.Scenario.Units, res.Scenario.Sites, res.Scenario.DuplicateWindowS = 0.99, 7, 16, 0.5
	res.Traffic = &measure.Traffic{
		Dates: "calls are dated about a minute back; what a talkgroup has beyond one a second, up to " +
			"9 h 23 min back",
		OldestS: 33_780, DatedBack: 1204, Moved: 3,
		Duplicates: &measure.Duplicates{Sent: 500, Accepted: 12, Rejected: 480, Failed: 8},
	}
	success, failure := 0.024, 0.976
	res.Phases = append(res.Phases, measure.Phase{
		Name: "duplicates", Separate: true, Load: "5 % of the calls", DurationS: 120,
		Totals: measure.Totals{
			Attempted: 500, Accepted: 12, Failed: 488, SuccessRate: &success, ErrorRate: &failure,
		},
		Latency: SpreadOut(12, 1e6, 5e6), ServiceTime: SpreadOut(12, 1e6, 5e6),
	})
	return res
}
