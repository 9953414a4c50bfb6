package web

import (
	"fmt"
	"io"
	"slices"
	"sync"
	"time"

	"rdiostress/internal/capacity"
	"rdiostress/internal/field"
	"rdiostress/internal/measure"
	"rdiostress/internal/report"
	"rdiostress/internal/report/html"
	"rdiostress/internal/trial"
	"rdiostress/internal/trial/event"
	"rdiostress/internal/trial/verification"
	"rdiostress/internal/units"
)

// Options are what a Document needs beside what it is told.
type Options struct {
	Version    string
	Names      field.Namer
	Objectives []report.Objective // of a search
}

// Document is the state of a run, or of a search, as a page shows it. It is safe for concurrent use.
type Document struct {
	Options
	began time.Time

	mu      sync.Mutex
	version uint64 // changes with the state
	final   *Final // nil before the end

	doing   string // in words
	started *event.Started
	elapsed time.Duration
	phases  int
	last    measure.Cumulative
	series  series
	seen    []measure.Failure
	alerts  []measure.Alert // the last maxAlerts
	dropped int             // alerts before those
	storage *verification.Progress
	account *measure.Delivery

	search *report.Capacity // nil of a run
	step   string           // of a search, what is done
}

// sending is what is done while calls are sent.
const sending = "Sending calls"

// maxAlerts limits the alerts that a document keeps: they may open and close again and again.
const maxAlerts = 200

// NewDocument returns the document of a run that is not prepared yet.
func NewDocument(o Options) *Document {
	return &Document{Options: o, began: time.Now(), doing: "Preparing"}
}

// Observe implements [trial.Observer].
func (d *Document) Observe(e event.Event) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.version++
	switch e := e.(type) {
	case event.Started:
		d.doing, d.started = sending, &e
		d.elapsed, d.phases, d.last, d.series = 0, 0, measure.Cumulative{}, series{}
		d.seen, d.alerts, d.dropped, d.storage, d.account = nil, nil, 0, nil, nil
	case event.PhaseBegan:
		d.phases++
	case event.Second:
		d.second(&e)
	case event.AlertChanged:
		d.setAlert(&e.Alert)
	case event.Draining:
		d.doing = "Stopping: the last uploads are awaited"
	case event.Sent:
		d.doing = "All calls are sent"
	case event.AwaitingStorage:
		d.doing, d.storage = "Waiting until the calls are stored", &e.Progress
	case event.AwaitingTranscripts:
		d.doing = "Waiting until the calls are transcribed"
	case event.Accounted:
		d.doing, d.account = "Making the report", &e.Delivery
	default:
		d.version--
	}
}

// second takes in a second of the run. Without cumulative figures it could not say what is new in it.
func (d *Document) second(e *event.Second) {
	now := e.Cumulative
	if now == nil {
		return
	}
	d.storage = e.Storage
	d.series.add(d.elapsed, &d.last, e)
	for _, f := range now.Failures {
		i := slices.IndexFunc(d.seen, func(have measure.Failure) bool {
			return have.Class == f.Class && have.Status == f.Status
		})
		switch {
		case i < 0:
			d.seen = append(d.seen, measure.Failure{FailureCount: f, First: e.Elapsed, Last: e.Elapsed})
		case d.seen[i].Count < f.Count:
			d.seen[i].FailureCount, d.seen[i].Last = f, e.Elapsed
		}
	}
	d.elapsed, d.last = e.Elapsed, *now
}

// setAlert adds an alert, or what has changed of it.
func (d *Document) setAlert(a *measure.Alert) {
	i := slices.IndexFunc(d.alerts, func(have measure.Alert) bool {
		return have.KPI == a.KPI && have.Severity == a.Severity && have.FromS == a.FromS
	})
	if i >= 0 {
		d.alerts[i] = *a
		return
	}
	if len(d.alerts) == maxAlerts {
		d.alerts = slices.Delete(d.alerts, 0, 1)
		d.dropped++
	}
	d.alerts = append(d.alerts, *a)
}

// Search returns an observer for a search.
func (d *Document) Search() capacity.Observer {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.search = &report.Capacity{
		Schema: report.CapacitySchema, Tool: report.Tool{Name: "rdiostress", Version: d.Version},
		Run: report.CapacityRun{StartedAt: d.began}, Objectives: d.Objectives,
	}
	return capacity.ObserverFunc(d.observeSearch)
}

func (d *Document) observeSearch(e capacity.Event) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.version++
	switch e := e.(type) {
	case capacity.Step:
		if started, ok := e.Event.(event.Started); ok {
			d.search.Target.URL, d.search.Scenario = started.Scenario.URL, started.Scenario.Record()
			d.search.Target.URLs = started.Scenario.PublicURLs()
		}
	case capacity.AwaitingIdle:
		d.step = "Waiting until the server is idle"
	case capacity.Preparing:
		d.step = "Preparing " + units.PerSecond(e.RatePerS)
	case capacity.Holding:
		d.step = holding(&e)
	case capacity.AwaitingStorage:
		d.step = "Waiting until the calls of " + units.PerSecond(e.RatePerS) + " are stored"
	case capacity.AwaitingCount:
		d.step = "Waiting until the calls of " + units.PerSecond(e.RatePerS) + " are stored"
	case capacity.Ended:
		d.search.Steps = append(d.search.Steps, e.CapacityStep)
	}
}

// end has the document show the final state from now on.
func (d *Document) end(final Final) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.version++
	d.final = &final
}

// Final is what is shown at the end.
type Final struct {
	State func() (html.State, error) // to those who follow
	Page  func(io.Writer) error      // of the report, to those who come later; nil shows them the state too
}

// Failure is why there is no report.
type Failure struct {
	Text     string
	Hint     string // what to do about it; may be empty
	ExitCode int
}

// failed returns what is shown of a failure: the figures until then, but no report.
func (d *Document) failed(f Failure) Final {
	d.mu.Lock()
	defer d.mu.Unlock()
	running := html.Running{Head: f.Text, Failed: fmt.Sprintf("exit code %d", f.ExitCode)}
	if f.Hint != "" {
		running.Notes = append(running.Notes, f.Hint)
	}
	opts := html.Options{Running: &running}
	if d.search != nil {
		rep, _ := d.searchSoFar()
		return Final{State: func() (html.State, error) { return html.StateOfSearch(&rep, opts) }}
	}
	res, soFar := d.resultSoFar()
	running.Notes = append(running.Notes, soFar.Notes...)
	return Final{State: func() (html.State, error) {
		rep := report.New(res, d.Version, d.Names)
		return html.StateOfRun(&rep, opts)
	}}
}

// state is a state of the page.
type state struct {
	html.State
	version uint64
	ended   bool
	event   []byte // that tells who follows
}

// current returns the version of the document, and whether it is the last.
func (d *Document) current() (version uint64, ended bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.version, d.final != nil
}

// render writes the state of the page.
func (d *Document) render() (state, error) {
	d.mu.Lock()
	s := state{version: d.version, ended: d.final != nil}
	var err error
	switch {
	case d.final != nil:
		final := d.final
		d.mu.Unlock()
		s.State, err = final.State()
	case d.search != nil:
		rep, running := d.searchSoFar()
		d.mu.Unlock()
		s.State, err = html.StateOfSearch(&rep, html.Options{Running: &running})
	default:
		res, running := d.resultSoFar()
		d.mu.Unlock()
		rep := report.New(res, d.Version, d.Names)
		s.State, err = html.StateOfRun(&rep, html.Options{Running: &running})
	}
	return s, err
}

var _ trial.Observer = (*Document)(nil)
