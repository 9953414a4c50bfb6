package report

import (
	"strings"
	"testing"

	"rdiostress/internal/measure"
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
	value := func(name string, limit, v float64) string {
		return against(Threshold{Name: name, Limit: limit, Value: &v})
	}
	for _, tc := range []struct{ got, want string }{
		{count(0), "0"},
		{count(999), "999"},
		{count(1_000), "1,000"},
		{count(1_234_567), "1,234,567"},
		{plural(1, "call"), "1 call"},
		{plural(2_000, "call"), "2,000 calls"},

		{seconds(0), "0.00 µs"},
		{seconds(0.0000654), "65.4 µs"},
		{seconds(0.00099949), "999 µs"},
		{seconds(0.0009996), "1.00 ms"},
		{seconds(0.02713), "27.1 ms"},
		{seconds(0.99949), "999 ms"},
		{seconds(0.9996), "1.00 s"},
		{seconds(9.996), "10.0 s"},
		{seconds(61.24), "61.2 s"},
		{seconds(600), "600 s"},

		{span(0), "0 s"},
		{span(0.02), "20 ms"},
		{span(0.0004), "400 µs"},
		{span(0.5), "500 ms"},
		{span(0.9999), "1 s"},
		{span(59.97), "1 min"},
		{span(2.5), "2.5 s"},
		{span(45), "45 s"},
		{span(120), "2 min"},
		{span(90.2), "1 min 30 s"},
		{span(5400), "1 h 30 min"},
		{span(28800), "8 h"},

		{size(0), "0 B"},
		{size(999), "999 B"},
		{size(999.9), "1.00 kB"},
		{size(21_137), "21.1 kB"},
		{size(2_160_000), "2.16 MB"},
		{size(999_900_000), "1.00 GB"},
		{size(5.6e12), "5.60 TB"},
		{size(5.6e15), "5,600 TB"},

		{percent(1), "100.00 %"},
		{percent(0.999999), "99.99 %"},
		{percent(0.9421), "94.21 %"},
		{percent(0.95), "95.00 %"},
		{percent(0.000001), "< 0.01 %"},
		{percent(0), "0.00 %"},

		{rate(0.5), "0.50"},
		{rate(102.87), "102.9"},
		{rate(1808.4), "1,808"},

		{moments(7.31, 7.32), "7.3 s"},
		{moments(1.02, 118.4), "1.0–118 s"},
		{moments(44, 7_980), "0:00–2:13 h"},

		{clean("queue full\r\n  later\t"), "queue full later"},
		{clean("\x1b[31mred\x1b[0m \x07bell \xff \u202Eback"), "red ?bell ? ?back"},

		{value(SuccessRate, 0.95, 0.9500001), "95.00001 %"},
		{value(SuccessRate, 0.95, 0.95), "95.00 %"},
		{value(SuccessRate, 0.95, 0.9996), "99.96 %"},
		{value(MeanResponse, 1, 0.0271), "27.1 ms"},
		{value(MeanResponse, 1, 0.9999), "0.9999 s"},
		{value(P95Response, 3, 3), "3.00 s"},
		{against(Threshold{}), "–"},

		{strings.Join(words("a 5 s (1.2 ms), 3 calls in 2 min."), "|"), "a|5 s|(1.2 ms),|3|calls|in|2 min."},

		{loadWords(measure.Scenario{Model: "open", RatePerS: 50, MaxConcurrent: 9}), "open: 50 calls/s, at most 9 in flight"},
		{
			loadWords(measure.Scenario{Model: "closed", MaxConcurrent: 50, Stages: "1m:50"}),
			"closed: in stages, up to 50 uploaders back to back",
		},
		{networkWords(measure.Scenario{}), ""},
		{networkWords(measure.Scenario{Connections: 50, MaxConcurrent: 50, KeepAlive: true, HTTP: "1.1"}), ""},
		{networkWords(measure.Scenario{Connections: 50, MaxConcurrent: 50}), "a new connection for each call"},
		{
			durationWords(measure.Run{SendingS: 48, DurationS: 49.5}, measure.Scenario{DurationS: 120, Total: 1}),
			"1 call or 2 min, ended after 48 s, and 1.5 s until the last reply",
		},
		{
			durationWords(measure.Run{SendingS: 119.5}, measure.Scenario{DurationS: 120, Total: 5_000}),
			"5,000 calls or 2 min",
		},

		{guideWords(&measure.Guide{}), "The guide's batches: none was sent."},
		{guideWords(batches(1, 6)), "Batches of 1, 6 uploads at once: none broke up to 6."},
		{
			guideWords(batches(1, 6, 11, 16, 21, 26, 31, 36, 41)),
			"Batches of 1, 6, 11 … 41 uploads at once: none broke up to 41.",
		},

		{limitWords(Threshold{Name: "new_s", Op: "!=", Limit: 1.25}), "!= 1.25 s"},
		{thresholdName("new_s"), "new_s"},
		{kindWords(measure.ErrorDetail{Class: "new\n"}), "new"},
	} {
		if tc.got != tc.want {
			t.Errorf("%q, want %q", tc.got, tc.want)
		}
	}
}

// TestKindWords makes sure that no class of failure is shown by its name in the code.
func TestKindWords(t *testing.T) {
	for c := measure.Timeout; c.String() != "unknown"; c++ {
		if got := kindWords(measure.ErrorDetail{Class: c.String(), Status: 500}); got == c.String() || len(got) > 26 {
			t.Errorf("%s: %q", c, got)
		}
	}
}
