package trial

import (
	"context"
	"errors"
	"time"

	"rdiostress/internal/bundled"
	"rdiostress/internal/field"
	"rdiostress/internal/measure"
	"rdiostress/internal/replay"
	"rdiostress/internal/scenario"
	"rdiostress/internal/traffic"
	"rdiostress/internal/trial/crash"
	"rdiostress/internal/trial/event"
)

// Environment is what a trial has beside its plan: how this program starts its server, and what several trials share.
// The zero value is that of a trial on its own against a server that runs.
type Environment struct {
	// Program is how the bundled server is started; plans that ask for that server need it.
	Program Program

	// Server is the bundled server if it runs already; the trial leaves it running.
	Server *bundled.Server

	// Recordings are those of the plan's replay if they are open already; nil has the trial open their folder.
	Recordings *replay.Archive

	// Session is what the trial shares with others; nil: it is one on its own.
	Session *Session

	// Names are what the user calls fields, in the texts of the result.
	Names field.Namer

	// Ready is called when all is prepared, right before the trial waits for the second with which its run begins; nil
	// is not.
	Ready func(context.Context)

	// Enough has the trial stop sending, as if its time were over, when it is closed; nil never does.
	Enough <-chan struct{}
}

// Session is what several trials of a server share. A trial that has one neither sends first calls nor primes the
// server, and leaves its watch alone.
type Session struct {
	Learned    Learned   // of the server, before the first trial
	Watch      *Watch    // what is seen of the server; whoever makes the trials starts and stops it
	RestingCPU float64   // processors that the server uses without any trial
	Calendar   *Calendar // dates the calls of all; nil gives each trial one of its own
}

// Program returns how the bundled server is started: with the key that uploads carry, and further flags.
type Program func(key string, flags []string) (bundled.Program, error)

// Run makes a trial on its own. See [Environment.Run].
func Run(ctx context.Context, p Plan, o Observer) (measure.Result, error) {
	return Environment{}.Run(ctx, p, o)
}

// Run makes a trial and returns what it measured. When ctx ends, it sends no more, waits for the uploads under way and
// returns what was measured by then; before the run has begun, it returns ctx's error. The observer may be nil.
//
// The errors that say what to change are those of [Plan.Validate], and a *[ConnectionError], *[AudioError],
// *[ReplayError], *[WatchError], *[TalkgroupsError], *[WindowError], *[StorageUnseenError], *[verification.OpenError],
// *[verification.ListenError], *[crash.KillError] and *[upload.TargetError].
func (e Environment) Run(ctx context.Context, p Plan, o Observer) (measure.Result, error) {
	t := newDispatcher(o)
	defer t.close()
	defer t.emit(event.Done{})
	r := newRun(e, p, t)
	defer r.close()
	return r.execute(ctx)
}

// Prepare does what comes before the run once for several trials: it looks whether the server takes calls, what it is
// and knows, and primes it with all talkgroups. RunID names the calls that it sends. The caller starts and stops the
// session's Watch, and gives it a Calendar.
func (e Environment) Prepare(ctx context.Context, p Plan, runID string, o Observer) (*Session, error) {
	t := newDispatcher(o)
	defer t.close()
	r := newRun(e, p, t)
	r.id, r.allTalkgroups = runID, true
	defer r.close()
	if err := r.plan.Validate(); err != nil {
		return nil, err
	}
	if err := r.prepareServer(ctx); err != nil {
		return nil, canceledOr(ctx, err)
	}
	r.own = nil // which is up to the caller from now on
	return &Session{Learned: r.learned, Watch: r.watch}, nil
}

// StartServer starts the bundled server if a plan asks for it, as the environment's. The caller stops it.
func (e *Environment) StartServer(ctx context.Context, p *Plan) error {
	if p.Bundled == nil || e.Server != nil {
		return nil
	}
	if e.Program == nil {
		return errors.New("this program has no bundled server")
	}
	program, err := e.Program(p.Scenario.Key, p.Bundled.Flags)
	if err != nil {
		return err
	}
	e.Server, err = bundled.Start(ctx, bundled.Options{Program: program, FixedPort: p.Crash.Victim == crash.Bundled})
	return err
}

// Calendar dates the calls of several trials, one after the other, so that none is a duplicate of another trial's. The
// trials have the same systems, talkgroups and duplicate window.
type Calendar struct {
	scenario scenario.Scenario
	traffic  *traffic.Traffic
	start    time.Time
}

// NewCalendar returns the calendar of trials that take a length of time in all, and the scenario of one of them.
func NewCalendar(s scenario.Scenario, length time.Duration) *Calendar {
	s.Duration = length
	return &Calendar{scenario: s}
}

// date has the calendar date the calls of a trial. It begins with the first trial.
func (c *Calendar) date(calls *traffic.Traffic, start time.Time) {
	if c == nil {
		return
	}
	if c.traffic == nil {
		c.traffic, c.start = traffic.New(&c.scenario, traffic.Options{Start: start}), start
	}
	calls.ShareCalendar(c.traffic, start, c.start)
}
