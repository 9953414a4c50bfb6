package judge

import (
	"strings"
	"testing"

	"rdiostress/internal/measure"
	"rdiostress/internal/testenv/results"
)

// A replay that sends too little of an archive says so, with the reason. Encrypted calls and parts of calls do not
// count.
func TestReplayOfFewRecordings(t *testing.T) {
	for _, tt := range []struct {
		calls, unusable uint64
		want            string
	}{
		{95, 5, ""},
		{94, 6, "the replay sent 94.00 % of the recordings (94 of 100, encrypted calls apart): 6 with a sidecar that " +
			`cannot be read; "rdiostress replay check" names them`},
		{0, 0, ""},
	} {
		res := results.Recorded()
		res.Traffic.Replay = &measure.Replay{
			Files: 300, Calls: tt.calls, Unreadable: tt.unusable, Encrypted: 100,
			Reasons: []measure.SkipReason{
				{Reason: "encrypted", What: "encrypted", Count: 100},
				{Reason: "bad_sidecar", What: "with a sidecar that cannot be read", Count: tt.unusable, Loss: true},
			},
		}
		got := ""
		_, v := Score(res, nil)
		for _, w := range v.Warnings {
			if strings.Contains(w, "the replay sent") {
				got = w
			}
		}
		if got != tt.want {
			t.Errorf("%d of %d: %q, want %q", tt.calls, tt.calls+tt.unusable, got, tt.want)
		}
	}
}
