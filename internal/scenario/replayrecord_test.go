package scenario

import (
	"testing"
	"time"

	"rdiostress/internal/rdio"
)

// A result names the systems of a replay only if the run chose them, not the one of the first call for all.
func TestRecordReplayedSystems(t *testing.T) {
	for keep, want := range map[bool]string{true: "as recorded", false: "11-12"} {
		s := Scenario{Systems: IDs{11, 12}, Talkgroups: IDs{1}, Replay: Replay{
			Place: "calls", KeepSystems: keep, Recordings: 2, Span: time.Minute, Speed: 1,
		}}
		s.UseFirst(&rdio.Call{System: 77, Talkgroup: 5})
		if m := s.Record(); m.Systems != want || m.Talkgroups != "as recorded" {
			t.Errorf("systems kept: %t: systems %q, talkgroups %q", keep, m.Systems, m.Talkgroups)
		}
	}
}
