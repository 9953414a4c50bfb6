package trial

import (
	"context"
	"time"

	"rdiostress/internal/clock"
	"rdiostress/internal/measure"
	"rdiostress/internal/trial/event"
)

// conclude makes the Result of what was sent. The order matters: each step waits for what it needs, and may use what
// earlier steps have filled in.
func (r *run) conclude(ctx context.Context) (measure.Result, error) {
	var res measure.Result
	for _, fill := range []func(context.Context, *measure.Result){
		r.fillIdentity,
		r.fillLoad,
		r.fillAlerts,
		r.fillMischief,      // needs the series, and whether the generator was the limit
		r.awaitCrash,        // the server must answer again before the wait for its calls
		r.fillDelivery,      // needs the time of the last reply; adds storage to the series
		r.fillTranscription, // needs the delivery; adds transcripts to the series
		r.fillCrash,         // needs the delivery
		r.fillWatch,         // needs the complete series
	} {
		fill(ctx, &res)
	}
	return res, r.crashErr
}

// fillIdentity records what was tested, and what was requested.
func (r *run) fillIdentity(_ context.Context, res *measure.Result) {
	res.Run.ID, res.Run.StartedAt = r.id, r.runner.Start.UTC()
	res.Target.URLs = r.plan.Scenario.PublicURLs()
	res.Target.URL, res.Target.Bundled = r.plan.Scenario.PublicURL(), r.plan.Bundled != nil
	r.learned.Fill(&res.Target)
	res.Scenario = r.runner.Scenario.Record() // including what was learned of the server
	r.plan.record(&res.Scenario)
	res.Priming = r.learned.Priming
}

func (r *run) fillLoad(_ context.Context, res *measure.Result) {
	r.runner.Fill(res, r.sent)
	r.fillServers(res)
}

func (r *run) fillAlerts(_ context.Context, res *measure.Result) {
	res.Alerts = r.monitor.alerts.Alerts()
}

// mischiefWait is the delay after which an event says that the last misbehaving uploads are awaited.
const mischiefWait = time.Second

func (r *run) fillMischief(_ context.Context, res *measure.Result) {
	if r.campaign == nil {
		return
	}
	tell := time.AfterFunc(mischiefWait, func() { r.emit(event.AwaitingMischief{}) })
	defer tell.Stop()
	res.Mischief = r.campaign.Stop(res.FineSeries, res.Generator.Limited)
}

func (r *run) awaitCrash(_ context.Context, res *measure.Result) {
	r.crashErr = r.crash.End(res.Run.Interrupted)
}

// storageEvery is the interval between two events about storage after the run.
const storageEvery = 500 * time.Millisecond

func (r *run) fillDelivery(ctx context.Context, res *measure.Result) {
	emitProgress := func(last bool) {
		if p := r.verification.Progress(); p != nil && !last {
			r.emit(event.AwaitingStorage{Progress: *p, Server: r.watch.Latest()})
		}
	}
	emitProgress(false)
	stop := clock.Every(storageEvery, emitProgress)
	res.Delivery = r.verification.Finish(ctx, time.Duration(res.Run.DurationS*float64(time.Second)))
	stop()
	r.verification.FillSeries(res.Series)
	r.verification.FillSeries(res.FineSeries)
	r.emit(event.Accounted{Delivery: res.Delivery})
}

func (r *run) fillTranscription(ctx context.Context, res *measure.Result) {
	tell := func(last bool) {
		if p := r.verification.TranscriptProgress(); p != nil && p.Waiting > 0 && !last {
			r.emit(event.AwaitingTranscripts{TranscriptProgress: *p})
		}
	}
	stop := clock.Every(storageEvery, tell)
	ended := time.Duration(res.Run.DurationS * float64(time.Second))
	res.Transcription = r.verification.FinishTranscripts(ctx, ended, res.Delivery.Absent)
	stop()
	r.verification.FillTranscripts(res.Series)
	most := r.verification.FillTranscripts(res.FineSeries)
	if m := res.Transcription; m != nil && m.WaitingEnd != nil {
		most = max(most, *m.WaitingEnd)
		m.WaitingMax = &most
	}
}

func (r *run) fillCrash(_ context.Context, res *measure.Result) {
	r.crash.Fill(&res.Delivery)
}

func (r *run) fillWatch(_ context.Context, res *measure.Result) {
	r.own.Stop()
	r.own.Fill(res) // a shared watch is filled in by the caller of the trials
}
