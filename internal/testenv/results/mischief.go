package results

import (
	"rdiostress/internal/measure"
)

// Mischievous is a run with mischief, which the server took badly.
func Mischievous() measure.Result {
	res := Passing()
	res.Scenario.Mischief = "truncated=1,wrong-key=0.5,stalled=0.1"
	half := 0.5
	res.Mischief = &measure.Mischief{
		Sent: 190, Unsound: 61, Unfinished: 4, Skipped: 2,
		Kinds: []measure.MischiefKind{
			{
				Kind: "truncated", Percent: 1, Sent: 123, Sound: 122, Busy: 1,
				Answers: map[string]uint64{"400": 122, "503": 1}, Sample: "after 2 ms: 400",
			},
			{
				Kind: "stalled", Percent: 0.1, Sent: 5, Unreachable: 1, Unfinished: 4, Skipped: 2,
				Answers: map[string]uint64{"cut_short": 4, "no_connection": 1},
			},
			{
				Kind: "wrong-key", Percent: 0.5, Sent: 62, Sound: 1, Unsound: 61,
				Answers: map[string]uint64{"accepted": 61, "401": 1},
			},
		},
		Findings: []measure.MischiefFinding{
			{
				Kind: "wrong-key", Problem: "accepted", Title: "accepted a valid call with a wrong key", Count: 61,
				FirstS: 2.25, LastS: 110,
				Evidence: "rs-k3m9x2pq-bad-wrong-key-000000: after 2.1ms and 12869 bytes: 200 Call imported " +
					"successfully.",
			},
			{
				Kind: "all", Problem: "slowed_good_calls", Title: "good calls fared worse while mischief was on",
				Count:    1,
				Evidence: "mean 0.3 s with it and 0.1 s without",
			},
		},
		GoodCalls: measure.GoodCalls{
			Without: &measure.GoodSeconds{
				Seconds: 34, Attempted: 3400, Accepted: 3400, MeanS: 0.1, MedianS: 0.1,
				HighestS: 0.12, SuccessRate: &half,
			},
			With: &measure.GoodSeconds{
				Seconds: 84, Silent: 2, Attempted: 8400, Accepted: 8400, MeanS: 0.3,
				MedianS: 0.3, HighestS: 0.4, SuccessRate: &half,
			},
		},
	}
	return res
}

// Harmless is a run with mischief that the server took well, too short to compare anything.
func Harmless() measure.Result {
	res := Mischievous()
	res.Mischief.Kinds, res.Mischief.Findings = res.Mischief.Kinds[:1], nil
	res.Mischief.Sent, res.Mischief.Unsound, res.Mischief.Unfinished, res.Mischief.Skipped = 123, 0, 0, 0
	res.Mischief.GoodCalls = measure.GoodCalls{Absent: "the run is too short to leave some of it without mischief: " +
		"20 s are enough"}
	return res
}
