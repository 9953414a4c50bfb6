package trial

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"rdiostress/internal/measure"
	"rdiostress/internal/observe"
)

// Watch watches the server during one or more trials. A nil Watch observes nothing.
type Watch struct {
	watcher *observe.Watcher // nil if the server is not watched
	absent  string           // why it is not watched
	each    []*Watch         // of several servers; nil if there is one
	client  *http.Client
}

// WatchError is the reason why something cannot be watched that was requested explicitly.
type WatchError struct{ Err error }

// Error implements error.
func (e *WatchError) Error() string { return e.Err.Error() }

// Unwrap returns the cause.
func (e *WatchError) Unwrap() error { return e.Err }

// OpenWatch finds out what can be watched of a plan's server, in an environment that may have the bundled server. The
// caller starts and stops the Watch. The error is a *WatchError.
func (e *Environment) OpenWatch(ctx context.Context, p *Plan) (*Watch, error) {
	if p.Watch.NotWatched != "" {
		return &Watch{absent: p.Watch.NotWatched}, nil
	}
	if w := &p.Watch; len(p.Scenario.MoreURLs) > 0 && w.PID == 0 && w.Metrics == "" && w.Database == "" &&
		len(w.Folders) == 0 {
		return e.openEach(ctx, p)
	}
	connect, err := p.connect()
	if err != nil {
		return nil, err
	}
	plan, url := p.Watch, p.Scenario.URL
	if s := e.Server; s != nil { // everything about the bundled server is known
		url = s.URL()
		if plan.PID == 0 {
			plan.PID = s.PID()
		}
		if len(plan.Folders) == 0 {
			plan.Folders = []string{s.Dir()}
		}
	}
	client := pageClient(connect)
	w, err := observe.Open(ctx, observe.Options{
		URL: url, Resolve: connect.Resolve, PID: plan.PID, Metrics: plan.Metrics, Mappings: plan.KPIs,
		Folders: plan.Folders, Database: plan.Database, Client: client, Names: e.Names,
	})
	if err != nil {
		client.CloseIdleConnections()
		return nil, &WatchError{err}
	}
	return &Watch{watcher: w, client: client}, nil
}

// Start watches until Stop is called; ctx does not end it.
func (w *Watch) Start(ctx context.Context, at time.Time) {
	for _, one := range w.ofEach() {
		one.Start(ctx, at)
	}
	if w.sees() {
		w.watcher.Start(context.WithoutCancel(ctx), at)
	}
}

func (w *Watch) sees() bool { return w != nil && w.watcher != nil }

// Latest returns the current observations of the server.
func (w *Watch) Latest() measure.Observation {
	if !w.sees() {
		return measure.Observation{}
	}
	return w.watcher.Latest()
}

// LatestOf returns the last value of a signal, if it was read after a time since watching began.
func (w *Watch) LatestOf(sig measure.Signal, since time.Duration) (float64, bool) {
	if !w.sees() {
		return 0, false
	}
	return w.watcher.Samples.LatestOf(sig, since)
}

// Readings returns the values of a signal between two times.
func (w *Watch) Readings(sig measure.Signal, from, to time.Duration) []measure.Reading {
	if !w.sees() {
		return nil
	}
	return w.watcher.Samples.Readings(sig, from, to)
}

// Stop ends watching. It may be called more than once.
func (w *Watch) Stop() {
	for _, one := range w.ofEach() {
		one.Stop()
	}
	if w.sees() {
		w.watcher.Stop()
		w.client.CloseIdleConnections()
	}
}

// Fill writes the observations to a result, whose series is complete. It is called after Stop. A nil Watch changes
// nothing.
func (w *Watch) Fill(res *measure.Result) {
	switch {
	case w == nil:
		return
	case !w.sees():
		why := fmt.Sprintf("the server was not watched: %s", w.absent)
		if len(w.each) > 0 {
			w.fillServers(res)
			why = w.absent
		}
		res.Watch = observe.Unwatched(why)
		return
	}
	w.watcher.FillResult(res)
}

// Busy returns a function that reports whether the server is seen to work, given its processor use at rest; nil if it
// is not watched.
func (w *Watch) Busy(resting float64) func() bool {
	if each := w.ofEach(); len(each) > 0 {
		return anyBusy(each, resting)
	}
	if !w.sees() {
		return nil
	}
	return func() bool {
		seen := w.Latest()
		return IsBusy(&seen, resting)
	}
}

// The minimum that shows that a server works: this much of a processor, or this number of calls in its queue.
const (
	busyCPU   = 0.1
	busyQueue = 1
)

// IsBusy reports whether the current observations show the server at work, given its processor use at rest.
func IsBusy(seen *measure.Observation, resting float64) bool {
	cpu, _ := seen.Get(measure.CPU) // 0 if not observed
	queued, _ := seen.Get(measure.UploadQueue)
	return cpu > resting+busyCPU || queued >= busyQueue
}
