package trial

import (
	"testing"
	"time"

	"rdiostress/internal/mischief"
	"rdiostress/internal/trial/crash"
)

// A plan that cannot be carried out is refused before anything is tried.
func TestValidate(t *testing.T) {
	const url = "http://127.0.0.1:1"
	good := testPlan(t, url)
	if err := good.Validate(); err != nil {
		t.Error(err)
	}
	bundled := testPlan(t, "")
	bundled.Bundled, bundled.Crash = &BundledServer{}, crash.Plan{Victim: crash.Bundled, At: time.Second}
	if err := bundled.Validate(); err != nil {
		t.Error(err)
	}
	for name, change := range map[string]func(*Plan){
		"no key":            func(p *Plan) { p.Scenario.Key = "" },
		"no length":         func(p *Plan) { p.Scenario.Duration = 0 },
		"no uploader":       func(p *Plan) { p.Scenario.MaxConcurrent = 0 },
		"init":              func(p *Plan) { p.Crash = crash.Plan{Victim: "1", Restart: "true"} },
		"a process group":   func(p *Plan) { p.Crash = crash.Plan{Victim: "-5", Restart: "true"} },
		"a process stays":   func(p *Plan) { p.Crash = crash.Plan{Victim: "4000"} },
		"no bundled server": func(p *Plan) { p.Crash = crash.Plan{Victim: crash.Bundled} },
		"after the end":     func(p *Plan) { p.Crash = crash.Plan{Victim: "unit", At: time.Hour} },
		"mischief in a guide": func(p *Plan) {
			p.Scenario.Guide = true
			p.Mischief, _ = mischief.ParseMix("truncated=1")
		},
	} {
		p := testPlan(t, url)
		change(&p)
		if err := p.Validate(); err == nil {
			t.Errorf("%s: a plan with that is valid", name)
		}
		if _, err := Run(t.Context(), p, nil); err == nil || err.Error() != p.Validate().Error() {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := (Environment{}).Prepare(t.Context(), p, "id", nil); err == nil ||
			err.Error() != p.Validate().Error() {
			t.Errorf("%s: prepared: %v", name, err)
		}
	}
}
