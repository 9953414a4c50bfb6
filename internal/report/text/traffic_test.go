package text

import (
	"testing"

	"rdiostress/internal/measure"
)

// One system is named in the singular, several in the plural.
func TestCallsText(t *testing.T) {
	for want, s := range map[string]measure.Scenario{
		"system 900, talkgroups 1001-1100, seed 1": {Systems: "900", Talkgroups: "1001-1100", Seed: 1},
		"systems 900,902, talkgroup 7, seed 2":     {Systems: "900,902", Talkgroups: "7", Seed: 2},
		"recordings in calls, systems 1-3": {
			Systems: "1-3", Radio: measure.Radio{Replay: &measure.ReplayOrder{Folder: "calls", Speed: 1}},
		},
	} {
		if got := callsText(s); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
