package report

import (
	"strings"
	"testing"

	"rdiostress/internal/measure"
)

// mischievous is a run with mischief, which the server took badly.
func mischievous() measure.Result {
	res := passing()
	res.Scenario.Mischief = "truncated=1,wrong-key=0.5,stalled=0.1"
	half := 0.5
	res.Mischief = &measure.Mischief{
		Sent: 190, Unsound: 61, Unfinished: 4, Skipped: 2,
		Kinds: []measure.MischiefKind{
			{Kind: "truncated", Percent: 1, Sent: 123, Sound: 122, Busy: 1, Answers: map[string]uint64{"400": 122, "503": 1}, Sample: "after 2 ms: 400"},
			{Kind: "stalled", Percent: 0.1, Sent: 5, Unreachable: 1, Unfinished: 4, Skipped: 2, Answers: map[string]uint64{"cut_short": 4, "no_connection": 1}},
			{Kind: "wrong-key", Percent: 0.5, Sent: 62, Sound: 1, Unsound: 61, Answers: map[string]uint64{"accepted": 61, "401": 1}},
		},
		Findings: []measure.MischiefFinding{
			{
				Kind: "wrong-key", Problem: "accepted", Title: "accepted a valid call with a wrong key", Count: 61, FirstS: 2.25, LastS: 110,
				Evidence: "rs-k3m9x2pq-bad-wrong-key-000000: after 2.1ms and 12869 bytes: 200 Call imported successfully.",
			},
			{Kind: "all", Problem: "slowed_good_calls", Title: "good calls fared worse while mischief was on", Count: 1, Evidence: "mean 0.3 s with it and 0.1 s without"},
		},
		GoodCalls: measure.GoodCalls{
			Without: &measure.GoodSeconds{Seconds: 34, Attempted: 3400, Accepted: 3400, MeanS: 0.1, MedianS: 0.1, HighestS: 0.12, SuccessRate: &half},
			With:    &measure.GoodSeconds{Seconds: 84, Silent: 2, Attempted: 8400, Accepted: 8400, MeanS: 0.3, MedianS: 0.3, HighestS: 0.4, SuccessRate: &half},
		},
	}
	return res
}

// harmless is a run with mischief that the server took well, too short to compare anything.
func harmless() measure.Result {
	res := mischievous()
	res.Mischief.Kinds, res.Mischief.Findings = res.Mischief.Kinds[:1], nil
	res.Mischief.Sent, res.Mischief.Unsound, res.Mischief.Unfinished, res.Mischief.Skipped = 123, 0, 0, 0
	res.Mischief.GoodCalls = measure.GoodCalls{Absent: "the run is too short to leave some of it without mischief: 20 s are enough"}
	return res
}

// Findings miss a threshold of their own, whatever the generator's limits; mischief counts in nothing else.
func TestScoreOfMischief(t *testing.T) {
	unfinished := harmless()
	unfinished.Mischief.Kinds[0].Sound, unfinished.Mischief.Kinds[0].Busy = 0, 0
	unfinished.Mischief.Kinds[0].Unfinished, unfinished.Mischief.Unfinished = 123, 123
	busyToo := busy(mischievous())
	for name, c := range map[string]struct {
		res    measure.Result
		grade  Grade
		exit   int
		reason string
	}{
		"sound":                  {harmless(), Pass, ExitOK, ""},
		"unsound":                {mischievous(), Monitor, ExitMissed, "mischief: 2 findings, such as: wrong-key: the server accepted a valid call with a wrong key (61 times"},
		"unsound, and limited":   {busyToo, Monitor, ExitMissed, "mischief: 2 findings"},
		"nothing came to an end": {unfinished, Monitor, ExitMissed, ""},
	} {
		t.Run(name, func(t *testing.T) {
			rep := New(c.res, "1.2.3")
			if v := rep.Verdict; v.Grade != c.grade || v.ExitCode != c.exit || !strings.Contains(strings.Join(v.Reasons, "\n"), c.reason) {
				t.Errorf("%+v", v)
			}
			if rep.Totals != c.res.Totals {
				t.Error("mischief changes the totals")
			}
		})
	}
}

func TestReadRefusesMischief(t *testing.T) {
	text := string(written(t, New(mischievous(), "1.2.3")))
	for _, tc := range []struct{ from, to, want string }{
		{`"sound": 122`, `"sound": 121`, "mischief: truncated: the counts do not add up to the 123 that were sent"},
		{`"sent": 190`, `"sent": 191`, "mischief: the kinds do not add up to the 191 that were sent"},
		{`"sound": 122`, `"sound": 18446744073709551615`, "mischief: truncated: a count of 18446744073709551615 is not possible"},
	} {
		spoiled := strings.Replace(text, tc.from, tc.to, 1)
		if _, err := Read(strings.NewReader(spoiled)); err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%v, want %q", err, tc.want)
		}
	}
}
