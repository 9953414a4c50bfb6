package load

import (
	"time"

	"rdiostress/internal/audio"
	"rdiostress/internal/rdio"
	"rdiostress/internal/scenario"
	"rdiostress/internal/traffic"
)

// testScenario is a closed model of a minute.
func testScenario() *scenario.Scenario {
	return &scenario.Scenario{
		URL: "http://127.0.0.1:1", Key: "k", MaxConcurrent: 4, Duration: time.Minute, Timeout: time.Minute,
		Arrival: scenario.Constant, Seed: 7, Systems: scenario.IDs{11, 12}, Talkgroups: scenario.IDs{1001, 1002, 1003},
	}
}

// silence is call audio without sound, for tests of everything else.
type silence struct{}

func (silence) Clip(_ rdio.Client, w audio.Want) audio.Clip {
	size := w.Bytes
	if size == 0 {
		size = 64
	}
	return audio.Clip{Body: make([]byte, size), Duration: w.Length, Type: "audio/mpeg", Ext: ".mp3"}
}

var start = time.Date(2026, 11, 24, 12, 0, 0, 700_000_000, time.UTC)

// testTraffic makes the calls of a run that starts at start.
func testTraffic(s *scenario.Scenario, start time.Time) *traffic.Traffic {
	return traffic.New(s, traffic.Options{RunID: "abc", Start: start, Clips: silence{}})
}
