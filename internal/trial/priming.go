package trial

import (
	"context"
	"time"

	"rdiostress/internal/clock"
	"rdiostress/internal/measure"
	"rdiostress/internal/preflight"
	"rdiostress/internal/scenario"
	"rdiostress/internal/traffic"
	"rdiostress/internal/trial/event"
	"rdiostress/internal/trial/verification"
)

// primer makes a server learn the talkgroups of a run before it begins.
type primer struct {
	*run
	scenario scenario.Scenario
	traffic  *traffic.Traffic
	known    verification.Knowledge // grows by what the server learns
	used     []int                  // pairs
	began    time.Time
	learned  int // pairs
	out      measure.Priming
}

// prime makes the server learn those talkgroups of the run that it does not know, before the clock of the run starts.
// It returns nil if there is nothing to learn.
func (r *run) prime(ctx context.Context) (*measure.Priming, error) {
	if r.plan.Scenario.Replay.On() || r.plan.Priming.Mode == PrimeOff {
		return nil, nil
	}
	r.emit(event.Preparing{Activity: event.ReadingTalkgroups})
	s := r.scenario()
	p := &primer{
		run: r, scenario: s, traffic: r.newTraffic(&s, time.Now()),
		known: r.verification.Knowledge(ctx), began: time.Now(),
	}
	p.used = p.traffic.UsedPairs(&s, r.usesAll())
	unknown := unknownPairs(&p.known, p.traffic, p.used)
	if !p.isNeeded(unknown) {
		return nil, ctx.Err()
	}
	p.out.Talkgroups = uint64(len(p.used))
	if p.known.Complete {
		before := uint64(len(p.used) - len(unknown))
		p.out.KnownBefore = &before
	}
	if len(unknown) > 0 && !p.known.AddsNone() {
		if err := p.send(ctx, unknown); err != nil {
			return nil, err
		}
	}
	p.conclude()
	return &p.out, ctx.Err()
}

// isNeeded reports whether the server must be primed, or reported not to need it.
func (p *primer) isNeeded(unknown []int) bool {
	if p.plan.Priming.Mode == PrimeOn {
		return true
	}
	return !p.known.TakesAny && (p.scenario.Prime || len(unknown) > 0 && p.known.Adds != nil && *p.known.Adds)
}

// primingEvery is the interval between two events about the progress of priming.
const primingEvery = 250 * time.Millisecond

// send sends the calls of pairs that the server does not know.
func (p *primer) send(ctx context.Context, unknown []int) error {
	targets, err := newHTTPTargets(&p.scenario, p.connect)
	if err != nil {
		return err
	}
	defer closeAll(targets)
	all := severalOf(targets)
	work := &preflight.Primer{
		Traffic: p.traffic, Uploader: all.Uploader(), Servers: len(all), Max: p.plan.Priming.Max,
		Every: blindPace(&p.scenario),
	}
	defer work.Uploader.Close()
	look, unseen := p.verification.Names(ctx)
	work.Poll, p.out.Unseen = look, unseen
	p.emit(event.PrimingBegan{
		Talkgroups: len(unknown), KnownBefore: p.out.KnownBefore, Unseen: unseen,
		Auto: p.plan.Priming.Mode == PrimeAuto,
	})
	emitProgress := func(bool) {
		p.emit(event.PrimingProgress{
			PrimeProgress: work.Progress(), Seen: look != nil, Took: time.Since(p.began), Max: p.plan.Priming.Max,
		})
	}
	stop := clock.Every(primingEvery, emitProgress)
	before := len(p.known.Talkgroups)
	done := work.Run(ctx, unknown)
	stop()
	if look != nil {
		stored := uint64(done.Stored)
		p.out.Stored = &stored
	} else if err := p.awaitIdle(ctx); err != nil {
		return err
	}
	done.Took = time.Since(p.began)
	done.Record(&p.out, before)
	if p.known.Complete { // the server may have learned more by now than its stored calls showed
		if now := p.verification.Knowledge(ctx); now.Complete {
			p.known = now
		}
	}
	p.learned = len(done.Learned)
	for _, pair := range done.Learned {
		p.known.Add(talkgroupOf(p.traffic, pair))
	}
	return ctx.Err()
}

// gentlePace is the time between two calls of the closed model, if storage cannot be observed: most servers learn
// faster.
const gentlePace = 200 * time.Millisecond

// blindPace returns the time between two calls if storage cannot be observed.
func blindPace(s *scenario.Scenario) time.Duration {
	if !s.Open() {
		return gentlePace
	}
	return time.Duration(float64(time.Second) / s.Shape().Max())
}

const (
	idleEvery  = time.Second // between two checks whether the server is idle
	idleEnough = 2           // checks in a row that find it idle
)

// awaitIdle waits until the server is idle, as far as that is observed: by then it has learned from the calls.
func (p *primer) awaitIdle(ctx context.Context) error {
	watch, err := p.env.OpenWatch(ctx, &p.plan)
	if err != nil {
		return err
	}
	defer watch.Stop()
	watch.Start(ctx, time.Now())
	p.emit(event.Preparing{Activity: event.AwaitingIdle})
	seenAny := false
	for calm := 0; calm < idleEnough && ctx.Err() == nil; {
		if time.Since(p.began) >= p.plan.Priming.Max {
			p.out.Unseen += "; it was still busy when the time was up"
			return ctx.Err()
		}
		_ = clock.Sleep(ctx, idleEvery)
		seen := watch.Latest()
		_, hasCPU := seen.Get(measure.CPU)
		_, hasQueue := seen.Get(measure.UploadQueue)
		seenAny = seenAny || hasCPU || hasQueue
		if calm++; IsBusy(&seen, 0) {
			calm = 0
		}
	}
	if !seenAny {
		p.out.Unseen += "; its process is not seen either"
	}
	return ctx.Err()
}

// conclude records what the server knows now, and leaves out unknown talkgroups that need not be kept.
func (p *primer) conclude() {
	unknown := unknownPairs(&p.known, p.traffic, p.used)
	if p.known.Complete || p.out.Stored != nil {
		n := uint64(len(unknown))
		p.out.NotKnown = &n
	}
	p.emit(event.Primed{Priming: p.out, Learned: p.learned})
	if len(unknown) > 0 && !p.known.AddsNone() {
		warning := p.warning(len(unknown))
		switch {
		case p.plan.Priming.KeepTalkgroups:
			warning.Then = event.LearnByFirstCalls
		case p.restrict(&p.known):
			warning.Then = event.LeaveOut
			p.out.LeftOut = uint64(len(unknown))
		default:
			warning.Then = event.UseAll
		}
		p.emit(warning)
	}
	if p.known.Complete || p.out.Calls > 0 {
		p.run.learned.Known = p.known.Talkgroups
	}
}

// warning returns how many talkgroups the server does not know, and why if that is known.
func (p *primer) warning(unknown int) event.TalkgroupsUnknown {
	w := event.TalkgroupsUnknown{
		Unknown: unknown, Of: len(p.used), Certain: p.out.NotKnown != nil, Refused: p.out.Refused,
	}
	if p.out.TimeUp {
		w.TimeUp = p.plan.Priming.Max
	}
	if p.out.Stored != nil && *p.out.Stored < p.out.Accepted {
		stored, accepted := *p.out.Stored, p.out.Accepted
		w.Stored, w.Accepted = &stored, &accepted
	}
	return w
}
