package scenario

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"

	"rdiostress/internal/schedule"
	"rdiostress/internal/threshold"
)

// A scenario is a value: it goes into JSON and comes back the same.
func TestScenarioAsJSON(t *testing.T) {
	s := testScenario()
	s.Clients, _ = ParseMix("sdrtrunk=70,trunk-recorder=30")
	s.Talkgroups, _ = ParseIDs("1001-1400,2001")
	s.Stages, s.StageRates = schedule.Shape{{Length: time.Minute, To: 50}}, true
	s.AbortOn = []AbortRule{{threshold.Rule{Figure: "error_rate", Op: ">", Limit: 0.5, For: 10 * time.Second}}}
	s.Retries = Retries{On: true, Custom: []time.Duration{5 * time.Second}}
	s.Replay = Replay{
		Place: "calls", Mask: "#DATE", Period: "7d", KeepSystems: true, Recordings: 10, Span: time.Hour, Speed: 2,
	}
	s.AudioSize, s.Generator = SizeRange{Min: 1000, Max: 2000}, GeneratorID{Number: 1, Of: 2}
	s.Day = schedule.Day{On: true, Start: time.Hour, Scale: 60}
	text, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"Clients":"sdrtrunk=70,trunk-recorder=30"`, `"Talkgroups":"1001-1400,2001"`} {
		if !strings.Contains(string(text), want) {
			t.Errorf("%s has no %s", text, want)
		}
	}
	var again Scenario
	if err := json.Unmarshal(text, &again); err != nil || !reflect.DeepEqual(&again, s) {
		t.Errorf("%s comes back as %+v, error %v", text, again, err)
	}
}
