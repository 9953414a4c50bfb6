package trial

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"rdiostress/internal/mischief"
	"rdiostress/internal/replay/location"
	"rdiostress/internal/scenario"
	"rdiostress/internal/trial/crash"
	clips "rdiostress/testdata/audio"
)

// A plan that cannot be carried out is refused before the trial starts anything.
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

// A trial closes the recordings that it opened, and no others.
func TestCloseRecordings(t *testing.T) {
	place := "sqlite:" + filepath.Join("..", "delivery", "testdata", "rdio-scanner-7.0.0.sqlite")
	shared, err := location.Open(t.Context(), place)
	if err != nil {
		t.Fatal(err)
	}
	defer shared.Close()
	for _, env := range []Environment{{}, {Recordings: shared}} {
		p := testPlan(t, "http://127.0.0.1:1")
		p.Scenario.Replay = scenario.Replay{Place: place, Speed: 1}
		r := newRun(env, p, newDispatcher(nil))
		if err := r.openRecordings(t.Context()); err != nil {
			t.Fatal(err)
		}
		r.close()
		_, err := r.env.Recordings.First()
		if closed := err != nil; closed != (env.Recordings == nil) {
			t.Errorf("shared: %t, closed: %t (%v)", env.Recordings != nil, closed, err)
		}
	}
}

// A plan only names a folder to replay: the trial finds out the rest.
func TestOpenRecordings(t *testing.T) {
	dir := t.TempDir()
	sound, err := clips.FS.ReadFile("public-works-6s.m4a")
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string]string{
		"77-1772384400_851012500.0-call_1.json": `{"freq": 851012500, "start_time": 1772384400,
			"stop_time": 1772384406, "call_length": 6, "talkgroup": 77, "short_name": "elmco"}`,
		"77-1772384400_851012500.0-call_1.m4a": string(sound),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	archive, err := location.Open(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, env := range []Environment{{}, {Recordings: archive}} {
		p := testPlan(t, "http://127.0.0.1:1")
		p.Scenario.Replay = scenario.Replay{Place: dir, Speed: 1}
		r := newRun(env, p, newDispatcher(nil))
		if err := r.openRecordings(t.Context()); err != nil {
			t.Fatal(err)
		}
		s := r.plan.Scenario
		if !s.Replay.On() || s.Replay.Span != archive.Span() || !slices.Equal(s.Talkgroups, scenario.IDs{77}) {
			t.Errorf("%+v of %v", s.Replay, s.Talkgroups)
		}
		for loop, want := range map[bool]time.Duration{false: s.Replay.Length(), true: 0} {
			q := p
			q.Scenario.Duration, q.Scenario.Replay.Loop = 0, loop
			r := newRun(env, q, newDispatcher(nil))
			valid := q.Validate()
			err := r.openRecordings(t.Context())
			if got := r.plan.Scenario.Duration; got != want || (valid == nil) == loop || (err == nil) == loop {
				t.Errorf("repeated: %t: takes %v, want %v; %v, %v", loop, got, want, valid, err)
			}
		}
		p.Scenario.Replay.Speed = 0
		r = newRun(env, p, newDispatcher(nil))
		if err := r.openRecordings(t.Context()); err == nil {
			t.Error("it is replayed at no speed")
		}
	}
}
