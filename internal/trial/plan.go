package trial

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"rdiostress/internal/address"
	"rdiostress/internal/measure"
	"rdiostress/internal/mischief"
	"rdiostress/internal/observe"
	"rdiostress/internal/scenario"
	"rdiostress/internal/trial/crash"
	"rdiostress/internal/trial/verification"
)

// Plan is a complete description of a trial. It holds no open resources, marshals to JSON and back, and never changes.
// It contains the API key, and may contain passwords of databases.
type Plan struct {
	Scenario     scenario.Scenario
	Connection   Connection
	Bundled      *BundledServer `json:",omitempty"` // the server to start; nil: the one at the scenario's URL runs
	Watch        WatchPlan
	Priming      PrimingPlan
	Verification verification.Plan
	Crash        crash.Plan
	Mischief     mischief.Mix `json:",omitempty"`
}

// BundledServer says how the bundled server is started.
type BundledServer struct {
	Flags []string // flags of the serve command
}

// WatchPlan says how the server is watched.
type WatchPlan struct {
	NotWatched string            `json:",omitempty"` // why the server is not watched; empty: it is
	PID        int               `json:",omitempty"` // its process; 0 finds it
	Metrics    string            `json:",omitempty"` // URL of its own metrics; empty tries /metrics at its URL
	KPIs       []observe.Mapping `json:",omitempty"` // names of its metrics
	Folders    []string          `json:",omitempty"` // its data folders
	Database   string            `json:",omitempty"` // postgres:// address
}

// Priming says whether one call of each talkgroup is sent before the run.
type Priming string

// The ways to prime.
const (
	PrimeAuto Priming = "auto" // if the server may have to learn talkgroups
	PrimeOn   Priming = "on"
	PrimeOff  Priming = "off"
)

// PrimingPlan says whether and for how long the server is primed.
type PrimingPlan struct {
	Mode Priming
	Max  time.Duration
	// KeepTalkgroups makes the run use all of the scenario's talkgroups, including those that the server does not know.
	KeepTalkgroups bool
}

// Validate returns all problems of the plan as one error, which joins a [field.Error] for each value of the
// scenario that is wrong. [Environment.Run] and [Environment.Prepare] call it first.
func (p *Plan) Validate() error {
	s := p.Scenario
	if p.Bundled != nil {
		s.URL = address.DefaultURL // the server's own URL is known once it runs
	}
	if r := &s.Replay; r.Place != "" && !r.On() && !r.Loop && s.Duration == 0 {
		s.Duration = time.Second // the length of its recordings is known once they are open
	}
	errs := []error{s.Validate(), p.validateCrash(s.Length())}
	if len(p.Mischief) > 0 && s.Guide {
		errs = append(errs, errors.New("mischief and the guide exclude each other: its batches have none"))
	}
	return errors.Join(errs...)
}

// validateCrash checks how the server is killed in a run of a given length.
func (p *Plan) validateCrash(length time.Duration) error {
	c := &p.Crash
	pid, isPID := c.PID()
	own := c.Victim == crash.Bundled
	switch {
	case c.Victim == "":
		return nil
	case isPID && pid <= 1 || strings.HasPrefix(c.Victim, "-"):
		return fmt.Errorf("crash test: %q is not a process that may be killed", c.Victim)
	case own != (p.Bundled != nil):
		return errors.New("crash test: the bundled server is killed where it is the one that is tested")
	case isPID && c.Restart == "":
		return errors.New("crash test: a process needs a command that starts it again")
	case c.At < 0 || c.At >= length:
		return fmt.Errorf("crash test: %v is not a time within the run of %v", c.At, length)
	default:
		return nil
	}
}

// record records in a result what was requested, beside the scenario.
func (p *Plan) record(s *measure.Scenario) {
	p.Verification.Record(s)
	p.Crash.Record(s)
	if len(p.Mischief) > 0 {
		s.Mischief = p.Mischief.String()
	}
}
