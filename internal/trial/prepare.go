package trial

import (
	"context"
	"errors"
	"time"

	"rdiostress/internal/audio"
	"rdiostress/internal/clock"
	"rdiostress/internal/field"
	"rdiostress/internal/preflight"
	"rdiostress/internal/scenario"
	"rdiostress/internal/traffic"
	"rdiostress/internal/trial/crash"
	"rdiostress/internal/trial/event"
	"rdiostress/internal/trial/verification"
	"rdiostress/internal/upload"
)

// ready is what a trial needs to know of its server, and to watch it, before its run can begin: its own, or what
// several trials share.
type ready struct {
	learned    Learned
	watch      *Watch    // observes the server
	own        *Watch    // watch, if the trial starts and stops it; nil, which sees nothing, if several trials share it
	restingCPU float64   // processors that the idle server uses
	calendar   *Calendar // nil if the trial has its own
}

// prepare does everything before the run.
func (r *run) prepare(ctx context.Context) error {
	if s := r.env.Session; s != nil {
		r.ready = ready{learned: s.Learned, watch: s.Watch, restingCPU: s.RestingCPU, calendar: s.Calendar}
		r.learned.Priming = nil // priming was no part of this trial
		if err := r.open(ctx); err != nil {
			return err
		}
		return r.openVerification(ctx)
	}
	if err := r.checkLimits(); err != nil {
		return err
	}
	return r.prepareServer(ctx)
}

// prepareServer finds out what the server is and what can be observed of it, and primes it.
func (r *run) prepareServer(ctx context.Context) error {
	if err := r.open(ctx); err != nil {
		return err
	}
	if err := r.reach(ctx); err != nil {
		return err
	}
	if err := r.openWatch(ctx); err != nil {
		return err
	}
	if err := r.openVerification(ctx); err != nil {
		return err
	}
	return r.learn(ctx)
}

// open opens what each trial needs for itself: the bundled server if requested, and the audio of its calls.
func (r *run) open(ctx context.Context) (err error) {
	if err := r.startServer(ctx); err != nil {
		return err
	}
	r.emit(event.Preparing{Activity: event.PreparingAudio})
	if r.connect, err = r.plan.connect(); err != nil {
		return err
	}
	r.pages = pagesOf(r.connect.Client(), &r.plan.Scenario)
	if err := r.openAudio(); err != nil {
		return err
	}
	return r.openRecordings(ctx)
}

// learn finds out what the server is and knows, and primes it.
func (r *run) learn(ctx context.Context) error {
	r.learned.Prime = r.plan.Priming.Mode == PrimeOn
	known := r.verification.Knowledge(ctx)
	if err := r.guard(&known); err != nil {
		return err
	}
	if err := r.sendFirstCalls(ctx); err != nil {
		return err
	}
	if err := r.checkShared(ctx); err != nil {
		return err
	}
	var err error
	r.learned.Priming, err = r.prime(ctx)
	return err
}

// startServer starts the bundled server, unless it runs already or is not requested.
func (r *run) startServer(ctx context.Context) error {
	if r.plan.Bundled != nil && r.env.Server == nil {
		r.emit(event.Preparing{Activity: event.StartingServer})
		if err := r.env.StartServer(ctx, &r.plan); err != nil {
			return err
		}
		r.server = r.env.Server
	}
	if r.env.Server != nil {
		r.plan.Scenario.URL = r.env.Server.URL()
	}
	return nil
}

// maxNamed is how many unusable files are named; a folder may have thousands.
const maxNamed = 10

// openAudio prepares the audio of the calls, and warns about recordings that it does not use.
func (r *run) openAudio() (err error) {
	s := &r.plan.Scenario
	if s.AudioDir == "" {
		r.clips, err = traffic.NewSources(s.Clients, s.AudioSize.Max)
		return err
	}
	recordings, err := audio.ReadRecordings(s.AudioDir, audio.MaxRecordings)
	if err != nil {
		return &AudioError{err}
	}
	for i, bad := range recordings.Bad {
		if i == maxNamed {
			r.warn("and %d more", len(recordings.Bad)-maxNamed)
			break
		}
		r.warn("%v", bad)
	}
	if recordings.Incomplete() {
		r.warn("%s: %s", s.AudioDir, recordings)
	}
	r.clips = traffic.RecordedSources(s.Clients, recordings)
	return nil
}

// newTraffic returns the calls of a run that starts at a given time.
func (r *run) newTraffic(s *scenario.Scenario, start time.Time) *traffic.Traffic {
	return traffic.New(s, traffic.Options{RunID: r.id, Start: start, Clips: r.clips, Archive: r.env.Recordings})
}

// reach checks whether the server can be connected to, before anything else is tried there.
func (r *run) reach(ctx context.Context) error {
	r.emit(event.Preparing{Activity: event.Connecting})
	targets, err := newHTTPTargets(&r.plan.Scenario, r.connect)
	if err != nil {
		return err
	}
	defer closeAll(targets)
	for _, t := range targets {
		if err := t.Reach(ctx); err != nil {
			return err
		}
	}
	return nil
}

// openWatch finds out what can be observed of the server.
func (r *run) openWatch(ctx context.Context) (err error) {
	r.emit(event.Preparing{Activity: event.OpeningWatch})
	r.watch, err = r.env.OpenWatch(ctx, &r.plan)
	r.own = r.watch
	return err
}

// openVerification finds out where the calls can be seen that the server stores.
func (r *run) openVerification(ctx context.Context) (err error) {
	r.emit(event.Preparing{Activity: event.OpeningVerification})
	r.verification, err = verification.Open(ctx, r.plan.Verification, verification.Server{
		URL: r.plan.Scenario.URL, Key: r.plan.Scenario.Key, Client: r.pages, Bundled: r.env.Server != nil,
		Resolve: r.connect.Resolve, PID: r.processID(), NotWatched: r.plan.Watch.NotWatched,
		Several: len(r.plan.Scenario.MoreURLs) > 0,
	})
	if err != nil {
		return err
	}
	if why := r.learned.Apart; why != "" { // an earlier trial has found out
		r.verification.GiveUp(why)
	}
	if found := r.verification.Found(); found != nil {
		r.emit(event.StorageFound{Found: *found})
	}
	if r.learned.Storage = r.verification.Method(); r.learned.Storage != "" {
		return nil
	}
	switch why, unread := r.verification.Absent(); {
	case r.plan.Crash.Victim != "":
		return &StorageUnseenError{why}
	case unread:
		r.emit(event.StorageUnreadable{Why: why})
	}
	return nil
}

// processID returns the server's process, if it is known.
func (r *run) processID() int {
	if r.plan.Watch.PID == 0 && r.env.Server != nil {
		return r.env.Server.PID()
	}
	return r.plan.Watch.PID
}

// sendFirstCalls finds out whether the server can be tested at all, and what it is.
func (r *run) sendFirstCalls(ctx context.Context) error {
	r.emit(event.Preparing{Activity: event.SendingFirstCalls})
	s := r.scenario()
	targets, err := newHTTPTargets(&s, r.connect)
	if err != nil {
		return err
	}
	defer closeAll(targets)
	calls := r.newTraffic(&s, time.Now())
	calls.MarkKnown(r.learned.knownPairs(calls))
	learned, err := preflight.RunAll(ctx, targets, calls)
	if te := (*upload.TargetError)(nil); errors.As(err, &te) {
		return err
	}
	if len(learned) > 0 {
		r.learned.Learned, r.learned.Kinds = joinLearned(learned, s.PublicURLs()), kinds(learned)
	}
	if refused := r.learned.NeverConnects; refused != nil && r.plan.Scenario.RealClients {
		return refused
	}
	for _, warning := range r.learned.Warnings {
		r.warn("%s", warning)
	}
	if r.plan.Priming.Mode == PrimeAuto {
		r.learned.Prime = r.learned.Learns && !r.plan.Scenario.Replay.On()
	}
	// Misbehaving clients date their calls by the same calendar, in whole seconds.
	r.learned.Exact = (r.plan.Bundled != nil || r.learned.Milliseconds) && len(r.plan.Mischief) == 0
	return errors.Join(err, r.applyWindow())
}

// applyWindow dates the calls as far apart as the server requires, unless the plan says how far. It fails if the run
// has more calls than can be dated like that.
func (r *run) applyWindow() error {
	asked, learned := r.plan.Scenario.DuplicateWindow, r.learned.DuplicateWindow
	switch {
	case learned == 0:
		return nil
	case asked > 0 && asked < learned:
		r.emit(event.WindowIgnored{Server: learned, Scenario: asked})
		return nil
	case asked > 0:
		return nil
	}
	r.emit(event.WindowLearned{Window: learned})
	s := r.scenario()
	if err := s.Validate(); err != nil {
		return &WindowError{learned, err}
	}
	return nil
}

// awaitStart returns when the run starts: in its own second, so that it never shares dates with a run that has just
// ended. If the server's duplicate window is longer than a second, the run has a span of that length to itself.
func (r *run) awaitStart(ctx context.Context) (time.Time, error) {
	s := r.scenario()
	wait := s.UntilStep(time.Now())
	r.emit(event.AwaitingStart{Until: time.Now().Add(wait), Wait: wait, Window: s.DuplicateWindow})
	if err := clock.Sleep(ctx, wait); err != nil {
		return time.Time{}, err
	}
	return time.Now(), nil
}

// fewUnique is the number of unique calls a second below which a closed loop may run out of them.
const fewUnique = 5000

// announcePlan says what the calls will be like, and warns if there may be too few.
func (r *run) announcePlan(s *scenario.Scenario, calls *traffic.Traffic) {
	if !s.Open() && calls.PerSecond() < fewUnique {
		r.emit(event.FewUniqueCalls{Talkgroups: calls.Pairs(), Length: s.Length(), PerSecond: calls.PerSecond()})
	}
	retries, warning := s.DescribeRetries()
	if warning != "" {
		r.emit(event.Warning{Text: warning})
	}
	r.emit(event.Planned{Dates: calls.DescribeDates(s), Retries: retries})
}

// warn emits a warning before the run.
func (r *run) warn(format string, args ...any) {
	r.emit(event.Warning{Text: field.Messagef(format, args...)})
}

// crashOptions returns how the server is killed in a run.
func (r *run) crashOptions(start time.Time) crash.Options {
	o := crash.Options{
		Plan: r.plan.Crash, Client: r.connect.Client(), URL: r.plan.Scenario.URL, Start: start,
		Killed: func(at time.Duration) {
			r.verification.Crashed(at)
			r.emit(event.ServerKilled{At: at})
		},
		Answered: func(at time.Duration) { r.emit(event.ServerAnswered{At: at}) },
	}
	if r.env.Server != nil {
		o.Server = r.env.Server
	}
	return o
}
