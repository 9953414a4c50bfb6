package upload

import (
	"time"

	"rdiostress/internal/scenario"
)

// testScenario is a closed model of a minute.
func testScenario() *scenario.Scenario {
	return &scenario.Scenario{
		URL: "http://127.0.0.1:1", Key: "k", MaxConcurrent: 4, Duration: time.Minute, Timeout: time.Minute,
		Arrival: scenario.Constant, Seed: 7, Systems: scenario.IDs{11, 12}, Talkgroups: scenario.IDs{1001, 1002, 1003},
	}
}
