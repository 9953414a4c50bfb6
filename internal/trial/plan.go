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

// Plan is a trial ready to be made. It holds nothing open, marshals to JSON and back, and is never changed. It holds
// the API key, and may hold passwords of databases.
type Plan struct {
	Scenario     scenario.Scenario
	Connection   Connection
	Bundled      *BundledServer `json:",omitempty"` // the server to start; nil: the scenario's URL is one that runs
	Watch        WatchPlan
	Priming      PrimingPlan
	Verification verification.Plan
	Crash        crash.Plan
	Mischief     mischief.Mix `json:",omitempty"`
}

// BundledServer says how the bundled server is started.
type BundledServer struct {
	Flags []string // of serve
}

// WatchPlan says how the server is watched.
type WatchPlan struct {
	NotWatched string            `json:",omitempty"` // why the server is not watched; empty: it is
	PID        int               `json:",omitempty"` // its process; 0 looks for it
	Metrics    string            `json:",omitempty"` // where it shows its figures; empty tries /metrics at its URL
	KPIs       []observe.Mapping `json:",omitempty"` // what its figures are called there
	Folders    []string          `json:",omitempty"` // where it keeps its data
	Database   string            `json:",omitempty"` // postgres:// address
}

// Priming says whether the server is sent a call of each talkgroup before the run.
type Priming string

// The ways to prime.
const (
	PrimeAuto Priming = "auto" // where the server may have to learn talkgroups
	PrimeOn   Priming = "on"
	PrimeOff  Priming = "off"
)

// PrimingPlan says whether and for how long the server is primed.
type PrimingPlan struct {
	Mode Priming
	Max  time.Duration
	// KeepTalkgroups says that the run uses all of the scenario's talkgroups, also those that the server does not know.
	KeepTalkgroups bool
}

// Validate returns all problems of the plan as one error, which joins a [field.Error] for each value of the
// scenario that is wrong. [Environment.Run] and [Environment.Prepare] call it first.
func (p *Plan) Validate() error {
	s := p.Scenario
	if p.Bundled != nil {
		s.URL = address.DefaultURL // the server's own is known once it runs
	}
	if r := &s.Replay; r.Place != "" && !r.On() && !r.Loop && s.Duration == 0 {
		s.Duration = time.Second // its recordings' is known once they are open
	}
	errs := []error{s.Validate(), p.validateCrash(s.Length())}
	if len(p.Mischief) > 0 && s.Guide {
		errs = append(errs, errors.New("mischief and the guide exclude each other: its batches have none"))
	}
	return errors.Join(errs...)
}

// validateCrash checks how the server is killed in a run of a length.
func (p *Plan) validateCrash(length time.Duration) error {
	c := &p.Crash
	pid, isPID := c.PID()
	own := c.Victim == crash.Bundled
	switch {
	case c.Victim == "":
		return nil
	case isPID && pid <= 1 || strings.HasPrefix(c.Victim, "-"):
		return fmt.Errorf("crash test: %q is no process that may be killed", c.Victim)
	case own != (p.Bundled != nil):
		return errors.New("crash test: the bundled server is killed where it is the one that is tested")
	case isPID && c.Restart == "":
		return errors.New("crash test: a process needs a command that starts it again")
	case c.At < 0 || c.At >= length:
		return fmt.Errorf("crash test: %v is no time within the run of %v", c.At, length)
	default:
		return nil
	}
}

// record describes in a result what was asked for, beside the scenario.
func (p *Plan) record(s *measure.Scenario) {
	p.Verification.Record(s)
	p.Crash.Record(s)
	if len(p.Mischief) > 0 {
		s.Mischief = p.Mischief.String()
	}
}
