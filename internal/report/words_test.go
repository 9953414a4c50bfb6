package report

import (
	"testing"

	"rdiostress/internal/measure"
)

// Uploaders that pause are not said to send at once.
func TestLoadText(t *testing.T) {
	closed := func(n int, think float64) measure.Scenario {
		return measure.Scenario{Model: "closed", MaxConcurrent: n, ThinkTimeS: think}
	}
	for want, s := range map[string]measure.Scenario{
		"1 uploader, which sends as soon as it has a reply":          closed(1, 0),
		"5 uploaders, each sending as soon as it has a reply":        closed(5, 0),
		"1 uploader, which pauses 2 s between calls":                 closed(1, 2),
		"5 uploaders, each pausing 2 s between calls":                closed(5, 2),
		"20 calls/s however slow the server is, at most 5 in flight": {Model: "open", MaxConcurrent: 5, RatePerS: 20},
	} {
		if got := LoadText(&s); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
