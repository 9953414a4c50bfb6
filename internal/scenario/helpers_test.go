package scenario

import "time"

// testScenario is a closed model of a minute.
func testScenario() *Scenario {
	return &Scenario{
		URL: "http://127.0.0.1:1", Key: "k", MaxConcurrent: 4, Duration: time.Minute, Timeout: time.Minute,
		Arrival: Constant, Seed: 7, Systems: IDs{11, 12}, Talkgroups: IDs{1001, 1002, 1003},
	}
}

func setMix(m *Mix, text string) (err error) {
	*m, err = ParseMix(text)
	return err
}
