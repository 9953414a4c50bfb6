package trial

import (
	"context"
	"crypto/rand"
	"encoding/base32"
	"net/http"
	"strings"
	"sync"
	"time"

	"rdiostress/internal/address"
	"rdiostress/internal/bundled"
	"rdiostress/internal/clock"
	"rdiostress/internal/delivery"
	"rdiostress/internal/load"
	"rdiostress/internal/measure"
	"rdiostress/internal/mischief"
	"rdiostress/internal/replay"
	"rdiostress/internal/scenario"
	"rdiostress/internal/traffic"
	"rdiostress/internal/trial/crash"
	"rdiostress/internal/trial/event"
	"rdiostress/internal/trial/verification"
	"rdiostress/internal/upload"
)

// run is one trial, or the preparation of several.
type run struct {
	env  Environment
	plan Plan // the trial's own copy, with the URL of the bundled server
	emit func(Event)
	id   string

	allTalkgroups bool // later trials may send calls of any talkgroup

	// What prepare has opened and found out.
	server       *bundled.Server // started by this trial; may be nil
	connect      upload.ConnectOptions
	pages        *http.Client // for lists of calls
	clips        traffic.Clips
	recordings   *replay.Archive // that this trial has opened; nil if it has not
	verification *verification.Verification
	ready

	// What is sent.
	runner   *load.Runner
	tests    []*upload.HTTPTarget // for connection tests of clients that behave as real ones; nil without
	monitor  *monitor
	campaign *mischief.Campaign // nil without mischief
	crash    *crash.Crash       // nil if no crash was requested
	sent     load.Sending
	crashErr error
}

// newRun returns a trial that has not begun. The caller closes it.
func newRun(e Environment, p Plan, t *dispatcher) *run {
	return &run{env: e, plan: p, emit: t.emit, id: NewRunID()}
}

// NewRunID returns eight characters, a-z and 2-7, that identify a run in file names.
func NewRunID() string {
	var b [5]byte
	_, _ = rand.Read(b[:]) // it never fails
	return strings.ToLower(base32.StdEncoding.EncodeToString(b[:]))
}

// scenario returns the plan's scenario with what was learned of the server so far.
func (r *run) scenario() scenario.Scenario { return r.learned.Apply(r.plan.Scenario) }

// execute makes the trial.
func (r *run) execute(ctx context.Context) (measure.Result, error) {
	if err := r.plan.Validate(); err != nil {
		return measure.Result{}, err
	}
	if err := r.prepare(ctx); err != nil {
		return measure.Result{}, canceledOr(ctx, err)
	}
	s := r.scenario()
	target, err := load.NewTarget(&s, r.connect)
	if err != nil {
		return measure.Result{}, err
	}
	defer target.Close()
	r.verification.Baseline(ctx)
	if r.env.Ready != nil {
		r.env.Ready(ctx)
	}
	start, err := r.awaitStart(ctx)
	if err != nil {
		return measure.Result{}, err
	}
	if err := r.start(ctx, &s, target, start); err != nil {
		return measure.Result{}, err
	}
	r.send(ctx)
	return r.conclude(ctx)
}

// canceledOr returns the cause of ctx's end, if it has ended, and otherwise err, which often only follows from that.
func canceledOr(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

// checkLimits finds out which limits of this machine would not allow the run.
func (r *run) checkLimits() error {
	warning, err := load.CheckLimits(&r.plan.Scenario)
	if warning != "" {
		r.emit(event.Warning{Text: warning})
	}
	return err
}

// start starts everything that runs beside the load. What has started must be finished: nothing may fail after the
// mischief.
func (r *run) start(ctx context.Context, s *scenario.Scenario, target upload.Target, start time.Time) (err error) {
	r.own.Start(ctx, start)
	calls := r.newTraffic(s, start)
	calls.MarkKnown(r.learned.knownPairs(calls))
	r.calendar.date(calls, start)
	r.announcePlan(s, calls)
	r.runner = &load.Runner{
		Scenario: s, Traffic: calls, Recorder: measure.NewRecorder(), Start: start,
		Target: target, Uploader: upload.Pool(target, s.MaxConcurrent, s.Connections), Cumulative: r.env.Cumulative,
	}
	if s.RealClients {
		if r.tests, err = newHTTPTargets(s, r.connect); err != nil {
			return err
		}
		r.runner.Test = newConnectionTest(s, r.tests)
	}
	if err := r.startMischief(ctx, s, start); err != nil {
		return err
	}
	r.verification.Begin(ctx, verification.Run{
		ID: r.id, Start: start, Busy: r.watch.Busy(r.restingCPU),
		Sent: func(n uint64) (delivery.Sent, bool) { return sentAudio(calls, n) },
	})
	if ledger := r.verification.Ledger(); ledger != nil {
		r.runner.Receipts = ledger
	}
	r.crash = crash.Begin(ctx, r.crashOptions(start))
	r.monitor = &monitor{
		emit: r.emit, recorder: r.runner.Recorder, watch: r.own, latest: r.watch.Latest,
		storage: r.verification.Progress,
	}
	r.monitor.start()
	r.emit(event.Started{RunID: r.id, At: start, Scenario: withoutSecrets(*s)})
	return nil
}

// withoutSecrets returns the scenario for observers, which may show it to anybody.
func withoutSecrets(s scenario.Scenario) scenario.Scenario {
	s.Key, s.MoreURLs = "", s.PublicURLs()
	if len(s.MoreURLs) > 0 {
		s.MoreURLs = s.MoreURLs[1:]
	}
	s.URL = s.PublicURL()
	return s
}

// sentAudio returns the audio that a call was sent with; false if the call has no audio.
func sentAudio(calls *traffic.Traffic, n uint64) (delivery.Sent, bool) {
	ext, size, sum := calls.Audio(n)
	file := func() []byte { return calls.AudioFile(n) }
	return delivery.Sent{Ext: ext, Size: size, Sum: sum, Audio: file}, ext != ""
}

// startMischief starts the mischief that the plan requests.
func (r *run) startMischief(ctx context.Context, s *scenario.Scenario, start time.Time) (err error) {
	if len(r.plan.Mischief) == 0 {
		return nil
	}
	r.campaign, err = mischief.Start(ctx, mischief.Options{
		Mix: r.plan.Mischief, Scenario: s, Connect: r.connect, Traffic: r.runner.Traffic, RunID: r.id,
		Start: start, Calls: r.runner.Recorder.Snapshot, Local: address.IsLoopbackURL(s.URL),
	})
	return err
}

// send sends the load until its time is over, enough was sent or ctx ends.
func (r *run) send(ctx context.Context) {
	sending, stop := context.WithCancel(ctx)
	over := make(chan struct{})
	var helpers sync.WaitGroup
	helpers.Go(func() {
		select {
		case <-r.env.Enough: // a nil channel is never ready
			stop()
		case <-ctx.Done():
		case <-over:
			return
		}
		r.emit(event.Draining{})
	})
	stopMonitor := clock.Every(updateEvery, r.monitor.update)
	r.sent = r.runner.Run(sending)
	r.sent.Canceled = ctx.Err() != nil && r.sent.Canceled // an end by Enough is no interruption
	stopMonitor()
	close(over)
	helpers.Wait()
	stop()
	r.emit(event.Sent{})
}

// close ends and closes everything that the trial has opened.
func (r *run) close() {
	if r.verification != nil {
		r.verification.Close()
	}
	r.own.Stop()
	if r.recordings != nil {
		_ = r.recordings.Close() // nothing was written
	}
	closeAll(r.tests)
	if r.pages != nil {
		r.pages.CloseIdleConnections()
	}
	if r.server != nil {
		for _, problem := range r.server.Stop() {
			r.warn("%s", problem)
		}
	}
}
