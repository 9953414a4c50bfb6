package trial_test

import (
	"encoding/json"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"rdiostress/internal/mischief"
	"rdiostress/internal/observe"
	"rdiostress/internal/scenario"
	"rdiostress/internal/schedule"
	"rdiostress/internal/trial"
	"rdiostress/internal/trial/crash"
)

// A plan is a value: it is unchanged after a round trip through JSON.
func TestPlanIsAValue(t *testing.T) {
	p := plan("http://localhost:8000")
	shape, rates, err := schedule.ParseShape("1m:50/s,5m:200/s,1m:0")
	if err != nil {
		t.Fatal(err)
	}
	rule, err := scenario.ParseAbortRule("error_rate>0.5 for 10s")
	if err != nil {
		t.Fatal(err)
	}
	clients, err := scenario.ParseMix("sdrtrunk=70,trunk-recorder=30")
	if err != nil {
		t.Fatal(err)
	}
	kpi, err := observe.ParseMapping("stored_calls=calls_total")
	if err != nil {
		t.Fatal(err)
	}
	mix, err := mischief.ParseMix("truncated=1,wrong-key=0.5")
	if err != nil {
		t.Fatal(err)
	}
	p.Scenario.Stages, p.Scenario.StageRates, p.Scenario.AbortOn = shape, rates, []scenario.AbortRule{rule}
	p.Scenario.Clients, p.Scenario.AudioSize = clients, scenario.SizeRange{Min: 1000, Max: 2000}
	p.Connection = trial.Connection{CAFile: "ca.pem", Resolve: map[string]string{"a:80": "b:80"}}
	p.Bundled = &trial.BundledServer{Flags: []string{"--queue=10"}}
	p.Watch = trial.WatchPlan{
		PID: 7, KPIs: []observe.Mapping{kpi}, Folders: []string{"/data"},
		Database: "postgres://localhost/rdio",
	}
	p.Crash, p.Mischief = crash.Plan{Victim: "7", At: time.Second, Restart: "./start"}, mix
	p.Verification.ServerLog = filepath.Join("var", "log")
	text, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	var back trial.Plan
	if err := json.Unmarshal(text, &back); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(p, back) {
		t.Errorf("%s\nwas  %+v\nread %+v", text, p, back)
	}
}
