package exporter

import (
	"sync"
	"time"

	"rdiostress/internal/capacity"
	"rdiostress/internal/judge"
	"rdiostress/internal/measure"
	"rdiostress/internal/trial"
	"rdiostress/internal/trial/event"
	"rdiostress/internal/trial/verification"
)

// Exporter collects the state of a run from its events. It is safe for concurrent use.
type Exporter struct {
	version string
	began   time.Time // since when it counts

	mu sync.Mutex
	state
}

// state is what an Exporter was told.
type state struct {
	stage   stage
	started *event.Started // nil before the run
	phase   *event.PhaseBegan
	second  *event.Second         // the last one of the trial
	earlier measure.Cumulative    // of the trials before
	alerts  map[alertKey]struct{} // that are open

	server  measure.Observation    // of the last few seconds
	storage *verification.Progress // nil if not verified
	account *measure.Delivery      // nil before the end of the trial

	rate     *float64 // that a search holds
	held     uint64   // steps of a search that held their rate
	broke    uint64   // and that did not
	exitCode *int     // nil before the end
}

// alertKey identifies an alert.
type alertKey struct{ kpi, severity string }

// stage is what is done at a time.
type stage string

// The stages, by the values of their label.
const (
	stagePreparing stage = "preparing"
	stageSending   stage = "sending"
	stageDraining  stage = "draining"
	stageVerifying stage = "verifying"
	stageEnded     stage = "ended"
)

func stages() []stage {
	return []stage{stagePreparing, stageSending, stageDraining, stageVerifying, stageEnded}
}

// New returns the exporter of a run that is not prepared yet. The version is this program's.
func New(version string) *Exporter {
	return &Exporter{version: version, began: time.Now(), state: state{stage: stagePreparing}}
}

// Observe implements [trial.Observer].
func (e *Exporter) Observe(ev event.Event) {
	e.mu.Lock()
	defer e.mu.Unlock()
	switch ev := ev.(type) {
	case event.Preparing:
		e.stage = stagePreparing
	case event.Started:
		e.begin(&ev)
	case event.PhaseBegan:
		e.phase = &ev
	case event.Second:
		e.second, e.server, e.storage = &ev, ev.Server, ev.Storage
	case event.AlertChanged:
		e.setAlert(&ev.Alert, ev.Opened)
	case event.MemoryAlert:
		e.setAlert(&measure.Alert{KPI: judge.AlertMemoryGrowth, Severity: judge.High}, ev.Alert != nil)
	case event.Draining:
		e.stage = stageDraining
	case event.Sent:
		e.endSending()
	case event.AwaitingStorage:
		e.stage, e.server, e.storage = stageVerifying, ev.Server, &ev.Progress
	case event.Accounted:
		e.account, e.server = &ev.Delivery, measure.Observation{}
	}
}

// begin begins a trial. The counts of those before it stay.
func (e *Exporter) begin(ev *event.Started) {
	if e.second != nil && e.second.Cumulative != nil {
		e.earlier.Add(e.second.Cumulative)
	}
	e.stage, e.started = stageSending, ev
	e.phase, e.second, e.storage, e.account, e.alerts = nil, nil, nil, nil, nil
}

// endSending ends what is true only while calls are sent. The counts stay.
func (e *Exporter) endSending() {
	e.stage, e.phase, e.alerts, e.server = stageDraining, nil, nil, measure.Observation{}
}

func (e *Exporter) setAlert(a *measure.Alert, open bool) {
	key := alertKey{a.KPI, a.Severity}
	if !open {
		delete(e.alerts, key)
		return
	}
	if e.alerts == nil {
		e.alerts = map[alertKey]struct{}{}
	}
	e.alerts[key] = struct{}{}
}

// Search returns an observer for a search, whose counts are those of all its steps.
func (e *Exporter) Search() capacity.Observer { return capacity.ObserverFunc(e.observeSearch) }

func (e *Exporter) observeSearch(ev capacity.Event) {
	switch ev := ev.(type) {
	case capacity.Preparation:
		e.Observe(ev.Event)
	case capacity.Step:
		e.Observe(ev.Event)
	case capacity.Preparing:
		e.mu.Lock()
		defer e.mu.Unlock()
		e.stage, e.rate = stagePreparing, &ev.RatePerS
	case capacity.AwaitingCount:
		e.mu.Lock()
		defer e.mu.Unlock()
		e.stage = stageVerifying
	case capacity.Ended:
		e.mu.Lock()
		defer e.mu.Unlock()
		if ev.OK {
			e.held++
		} else {
			e.broke++
		}
	}
}

// End shows that everything is over, and the exit code.
func (e *Exporter) End(exitCode int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.stage, e.rate, e.exitCode = stageEnded, nil, &exitCode
}

// cumulative returns the figures of all trials. The result must not be changed.
func (s *state) cumulative() measure.Cumulative {
	if s.second == nil || s.second.Cumulative == nil {
		return s.earlier
	}
	all := s.earlier
	all.Add(s.second.Cumulative)
	return all
}

var _ trial.Observer = (*Exporter)(nil)
