package cli

import (
	"context"
	"errors"
	"time"

	"rdiostress/internal/clock"
	"rdiostress/internal/load"
	"rdiostress/internal/measure"
	"rdiostress/internal/preflight"
	"rdiostress/internal/traffic"
	"rdiostress/internal/upload"
)

// drive makes the run itself and returns what it measured.
func drive(ctx context.Context, o *runOptions) (measure.Result, error) {
	s := &o.scenario
	endStages := o.beginStages()
	defer endStages()
	o.stage("preparing the calls' audio")
	sources, err := o.openSound()
	if err != nil {
		return measure.Result{}, err
	}
	res := measure.Result{Run: measure.Run{ID: newRunID()}, Target: measure.Target{URL: s.PublicURL()}}
	if err := o.reach(ctx); err != nil {
		return res, err
	}
	o.stage("looking what can be seen of the server")
	watch, err := openWatch(ctx, o)
	if err != nil {
		return res, err
	}
	defer watch.stop()
	o.stage("looking where the server stores calls")
	check, err := o.verify.open(ctx, o)
	if err != nil {
		return res, err
	}
	defer check.end()
	if err := o.guardUnknown(ctx, check, res.Run.ID, sources); err != nil {
		return res, err
	}
	o.stage("looking whether the server takes calls")
	if err := runPreflight(ctx, o, res.Run.ID, sources); err != nil {
		return res, err
	}
	if res.Priming, err = o.prime(ctx, check, res.Run.ID, sources); err != nil {
		return res, err
	}
	res.Scenario = s.Record() // with what the preflight and priming have decided
	o.learned.Fill(&res.Target)
	o.recordVerify(&res.Scenario)
	err = o.sendCalls(ctx, &res, sources, watch, check, endStages)
	return res, err
}

// sendCalls makes the measured part of the run.
func (o *runOptions) sendCalls(
	ctx context.Context, res *measure.Result, sources traffic.Clips, watch watcher, check *check, endStages func(),
) error {
	s := &o.scenario
	target, err := load.NewTarget(s, o.connect())
	if err != nil {
		return err
	}
	defer target.Close()
	o.step.ready(ctx)
	o.stage("waiting for the second with which the run begins")
	check.baseline(ctx)
	check.busy = o.serverBusy(watch)
	start, err := o.awaitStart(ctx)
	if err != nil {
		return err
	}
	watch.start(ctx, start)
	res.Run.StartedAt = start.UTC()
	traffic := traffic.New(s, traffic.Options{RunID: res.Run.ID, Start: start, Clips: sources, Archive: o.traffic.archive})
	traffic.MarkKnown(o.knownPairs(traffic))
	o.step.begin(traffic, start)
	o.tellPlan(traffic)
	runner := &load.Runner{
		Scenario: s, Traffic: traffic, Recorder: measure.NewRecorder(), Start: start,
		Target: target, Uploader: upload.Pool(target, s.MaxConcurrent, s.Connections),
	}
	endMischief, err := o.misbehave(ctx, runner, res)
	if err != nil {
		return err
	}
	check.begin(ctx, o, traffic, res.Run.ID, start) // what has begun must be finished: nothing may fail until then
	runner.Receipts = check.receipts()
	crash := o.crash.begin(ctx, o, check, start)
	endStages()
	sent, alerts := send(ctx, o, runner, watch)
	runner.Fill(res, sent)
	res.Alerts = alerts
	endMischief()
	err = crash.end(res)
	check.finish(ctx, o, res) // which looks whether the server is busy
	crash.tell(res)
	watch.stop()
	watch.fill(res)
	return err
}

// reach looks whether there is something to connect to, before anything else is tried there. A search has looked.
func (o *runOptions) reach(ctx context.Context) error {
	if o.step != nil {
		return nil
	}
	o.stage("connecting to the server")
	target, err := upload.NewHTTPTarget(&o.scenario, o.connect())
	if err != nil {
		return err
	}
	defer target.Close()
	return withTargetHint(target.Reach(ctx))
}

// withTargetHint gives an error of the target the hint that it brings along.
func withTargetHint(err error) error {
	if te := (*upload.TargetError)(nil); errors.As(err, &te) {
		return withHint(nameFlags(te), flagText(te.Hint))
	}
	return err
}

// awaitStart returns when the run starts: in a second of its own, so that it never shares dates with a run that has
// just ended. Where the server's duplicate window is longer than a second, the run has that long to itself.
func (o *runOptions) awaitStart(ctx context.Context) (time.Time, error) {
	wait := o.scenario.UntilStep(time.Now())
	o.tellWait(wait)
	if err := clock.Sleep(ctx, wait); err != nil {
		return time.Time{}, err
	}
	return time.Now(), nil
}

// runPreflight looks whether the target can be tested at all, and what it is. A search does so before its steps.
func runPreflight(ctx context.Context, o *runOptions, runID string, clips traffic.Clips) error {
	if o.step != nil {
		return nil
	}
	target, err := upload.NewHTTPTarget(&o.scenario, o.connect())
	if err != nil {
		return err
	}
	defer target.Close()
	traffic := traffic.New(&o.scenario, traffic.Options{RunID: runID, Start: time.Now(), Clips: clips})
	traffic.MarkKnown(o.knownPairs(traffic))
	o.learned, err = preflight.Run(ctx, target, traffic)
	if te := (*upload.TargetError)(nil); errors.As(err, &te) {
		return withTargetHint(err)
	}
	for _, warning := range o.learned.Warnings {
		o.warn(warning)
	}
	o.traffic.decide(&o.scenario, o.learned.Learns)
	// Misbehaving clients take their calls' dates from the same calendar, and give seconds.
	o.scenario.Milliseconds = (o.withServer || o.learned.Milliseconds) && len(o.mischief) == 0
	return errors.Join(err, o.useWindow())
}
