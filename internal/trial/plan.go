package trial

import (
	"time"

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

// record describes in a result what was asked for, beside the scenario.
func (p *Plan) record(s *measure.Scenario) {
	p.Verification.Record(s)
	p.Crash.Record(s)
	if len(p.Mischief) > 0 {
		s.Mischief = p.Mischief.String()
	}
}
