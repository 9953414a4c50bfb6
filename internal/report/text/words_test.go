package text

import (
	"strings"
	"testing"

	"rdiostress/internal/measure"
	"rdiostress/internal/report"
)

// batches returns what the guide's batches of these sizes show if all uploads are accepted.
func batches(sizes ...int) *measure.Guide {
	g := &measure.Guide{}
	for _, n := range sizes {
		g.Batches = append(g.Batches, measure.Batch{Concurrent: n, Attempted: uint64(n), Accepted: uint64(n)})
	}
	return g
}

func TestWords(t *testing.T) {
	duration := func(run measure.Run, s measure.Scenario) string {
		rep := report.New(measure.Result{Run: run, Scenario: s}, "", nil)
		return durationText(&rep)
	}
	for _, tc := range []struct{ got, want string }{
		{sanitize("queue full\r\n  later\t"), "queue full later"},
		{sanitize("\x1b[31mred\x1b[0m \x07bell \xff \u202Eback"), "red ?bell ? ?back"},

		{strings.Join(splitWords("a 5 s (1.2 ms), 3 calls in 2 min."), "|"), "a|5 s|(1.2 ms),|3|calls|in|2 min."},

		{
			loadText(measure.Scenario{Model: "open", RatePerS: 50, MaxConcurrent: 9}),
			"open: 50 calls/s, at most 9 in flight",
		},
		{
			loadText(measure.Scenario{Model: "closed", MaxConcurrent: 50, Stages: "1m:50"}),
			"closed: in stages, up to 50 uploaders back to back",
		},
		{networkText(measure.Scenario{}), ""},
		{networkText(measure.Scenario{Connections: 50, MaxConcurrent: 50, KeepAlive: true, HTTP: "1.1"}), ""},
		{networkText(measure.Scenario{Connections: 50, MaxConcurrent: 50}), "a new connection for each call"},
		{
			duration(measure.Run{SendingS: 48, DurationS: 49.5}, measure.Scenario{DurationS: 120, Total: 1}),
			"1 call or 2 min, ended after 48 s, and 1.5 s until the last reply",
		},
		{
			duration(measure.Run{SendingS: 119.5}, measure.Scenario{DurationS: 120, Total: 5_000}),
			"5,000 calls or 2 min",
		},

		{guideText(&measure.Guide{}), "The guide's batches: none was sent."},
		{guideText(batches(1, 6)), "Batches of 1, 6 uploads at once: none broke up to 6."},
		{
			guideText(batches(1, 6, 11, 16, 21, 26, 31, 36, 41)),
			"Batches of 1, 6, 11 … 41 uploads at once: none broke up to 41.",
		},
	} {
		if tc.got != tc.want {
			t.Errorf("%q, want %q", tc.got, tc.want)
		}
	}
}
