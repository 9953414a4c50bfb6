package traffic

import (
	"path/filepath"
	"testing"
	"time"

	"rdiostress/internal/rdio"
	"rdiostress/internal/replay/replaytest"
	"rdiostress/internal/scenario"
	"rdiostress/internal/upload"
)

// Calls keep the numbers of their systems if those were recorded and nobody asked for others; else systems get numbers
// in the order in which they appear, by their names, or by their numbers if they have none.
func TestReplayedSystems(t *testing.T) {
	archive := replaytest.Open(t, "sqlite:"+filepath.Join("..", "delivery", "testdata", "rdio-scanner-7.0.0.sqlite"))
	t.Cleanup(func() {
		if err := archive.Close(); err != nil {
			t.Error(err)
		}
	})
	for _, tt := range []struct {
		keep          bool
		first, second int64
	}{{true, 11, 12}, {false, 906, 907}} {
		s := &scenario.Scenario{Duration: time.Minute, Replay: replaytest.Scenario(archive, 1)}
		s.Systems, s.Replay.KeepSystems = scenario.IDs{906, 907}, tt.keep
		r := newReplayer(s, archive, time.Now())
		systems := make(map[string]int64)
		for i, want := range []int64{tt.first, tt.second, tt.first} {
			var rec upload.Recording
			r.readRecording(0, i, &rec, systems)
			if rec.Err != nil || rec.Call.System != want {
				t.Errorf("keep %t: call %d is of system %d, want %d: %v", tt.keep, i, rec.Call.System, want, rec.Err)
			}
		}
		s.UseFirst(&rdio.Call{System: 11, Talkgroup: 1001})
		if s.Talkgroups[0] != 1001 || (s.Systems[0] == 11) != tt.keep {
			t.Errorf("keep %t: the server is tried with %v, %v", tt.keep, s.Systems, s.Talkgroups)
		}
	}
}
