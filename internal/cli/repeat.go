package cli

import (
	"strconv"
	"strings"
	"time"

	"rdiostress/internal/configfile"
	"rdiostress/internal/judge"
	"rdiostress/internal/measure"
	"rdiostress/internal/report"
	"rdiostress/internal/scenario"
	"rdiostress/internal/units"
)

// repeatRun is a scenario file that repeats a run, by what its report says of it.
func repeatRun(rep *report.Report) string {
	s := &rep.Scenario
	f := repeated{head: "rdiostress run --scenario FILE"}
	f.target(&rep.Target)
	f.load(s)
	f.calls(s)
	f.set("mischief", s.Mischief)
	f.set("client-retries", s.ClientRetries)
	f.set("verify", s.Verify)
	f.duration("verify-timeout", s.VerifyWaitS)
	f.duration("verify-max", s.VerifyMaxS)
	f.flag("require-storage", s.MustVerify)
	f.set("transcripts", s.Transcripts)
	f.duration("transcripts-timeout", s.TranscriptsMaxS)
	f.set("crash-test", s.CrashTest)
	f.duration("crash-at", s.CrashAtS)
	f.thresholds(rep.Thresholds)
	return f.text()
}

// repeatSearch is a scenario file that repeats a search for a capacity.
func repeatSearch(rep *report.Capacity) string {
	f := repeated{head: "rdiostress capacity --scenario FILE"}
	f.target(&rep.Target)
	s := rep.Scenario
	if o := rep.Search; o != nil {
		if s.Connections == s.MaxConcurrent { // as many as uploads
			s.Connections = o.MaxConcurrent
		}
		s.MaxConcurrent = o.MaxConcurrent
		f.number("start", o.StartPerS)
		f.number("max-rate", o.MaxPerS)
		f.duration("max-time", o.MaxTimeS)
		f.duration("hold", o.HoldS)
		f.number("precision", o.Precision)
	}
	if len(rep.Objectives) > 0 {
		f.lines = append(f.lines, "slo:")
		for _, o := range rep.Objectives {
			f.lines = append(f.lines, "  - "+configfile.Scalar(o.String()))
		}
	}
	f.connection(&s)
	f.calls(&s)
	f.set("verify", s.Verify)
	f.duration("verify-timeout", s.VerifyWaitS)
	return f.text()
}

// thresholds are the keys that say what the run was judged by besides the guide's thresholds.
func (f *repeated) thresholds(list []judge.Threshold) {
	var lines []string
	guide := false
	for _, t := range list {
		if t.Own() {
			lines = append(lines, "  - "+configfile.Scalar(t.Expression))
		}
		guide = guide || !t.Own() && t.Name == judge.SuccessRate
	}
	if len(lines) > 0 {
		f.lines = append(append(f.lines, "threshold:"), lines...)
		f.flag("no-default-thresholds", !guide)
	}
}

// repeated collects the keys of a scenario file.
type repeated struct {
	head  string // the command that takes it
	lines []string
}

func (f *repeated) text() string {
	return "# " + f.head + "\n" + strings.Join(f.lines, "\n") + "\n"
}

func (f *repeated) set(key, value string) {
	if value != "" {
		f.lines = append(f.lines, configfile.Key(key, value))
	}
}

func (f *repeated) duration(key string, s float64) {
	if s > 0 {
		f.set(key, units.Compact(time.Duration(s*float64(time.Second))))
	}
}

func (f *repeated) number(key string, v float64) {
	if v > 0 {
		f.set(key, strings.ReplaceAll(units.Given(v), ",", ""))
	}
}

func (f *repeated) count(key string, n uint64) {
	if n > 0 {
		f.set(key, strconv.FormatUint(n, 10))
	}
}

func (f *repeated) flag(key string, on bool) {
	if on {
		f.set(key, "true")
	}
}

// target are the keys that say what is tested. A bundled server is started anew: its address is gone.
func (f *repeated) target(t *measure.Target) {
	if t.Bundled {
		f.flag("with-server", true)
		return
	}
	if len(t.URLs) == 0 {
		f.set("url", t.URL)
		return
	}
	f.lines = append(f.lines, "url:")
	for _, u := range t.URLs {
		f.lines = append(f.lines, "  - "+configfile.Scalar(u))
	}
}

// load are the keys that say how much is sent, and when.
func (f *repeated) load(s *measure.Scenario) {
	f.connection(s)
	f.set("profile", s.Profile)
	f.duration("ramp-up", s.RampUpS)
	f.duration("warmup", s.WarmUpS)
	switch {
	case s.Replay != nil:
		f.set("replay", s.Replay.Folder)
		f.set("replay-mask", s.Replay.Mask)
		f.set("replay-period", s.Replay.Period)
		f.number("speed", s.Replay.Speed)
		f.flag("loop", s.Replay.Loop)
		f.duration("duration", s.DurationS)
	case s.Stages != "":
		f.set("stages", s.Stages)
	default:
		if s.Open() && s.DayCurve == "" {
			f.number("rate", s.RatePerS)
		}
		f.set("day-curve", s.DayCurve)
		f.number("time-scale", s.TimeScale)
		f.duration("duration", s.DurationS)
	}
	if s.Arrival == "poisson" {
		f.set("arrival", s.Arrival)
	}
	f.count("total", s.Total)
	f.duration("think-time", s.ThinkTimeS)
	if len(s.AbortOn) > 0 {
		f.lines = append(f.lines, "abort-on:")
		for _, rule := range s.AbortOn {
			f.lines = append(f.lines, "  - "+configfile.Scalar(rule))
		}
	}
}

func (f *repeated) connection(s *measure.Scenario) {
	f.count("max-concurrent", uint64(max(s.MaxConcurrent, 0)))
	if s.Connections != s.MaxConcurrent {
		f.count("connections", uint64(max(s.Connections, 0)))
	}
	if s.Balance == string(scenario.Sticky) {
		f.set("balance", s.Balance)
	}
	if !s.KeepAlive {
		f.set("keepalive", "false")
	}
	f.flag("http2", s.HTTP == "2")
	f.duration("timeout", s.TimeoutS)
}

// calls are the keys that say what is sent.
func (f *repeated) calls(s *measure.Scenario) {
	f.set("client", s.Client)
	f.set("audio-size", s.AudioSize)
	f.set("audio-dir", s.AudioDir)
	f.set("preset", s.Preset)
	if s.Replay == nil || !s.Replay.KeepSystems {
		f.set("systems", s.Systems)
	}
	if s.Replay == nil { // else as recorded
		f.set("talkgroups", s.Talkgroups)
	}
	f.number("zipf", s.Zipf)
	f.count("units", uint64(max(s.Units, 0)))
	f.count("sites", uint64(max(s.Sites, 0)))
	f.duration("duplicate-window", s.DuplicateWindowS)
	f.number("duplicate-ratio", s.DuplicateRatio)
	f.set("generator", s.Generator)
	f.count("seed", s.Seed)
	if s.Prime {
		f.set("prime", "on")
	}
}
