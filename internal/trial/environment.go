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

// Environment is what a trial needs beside its plan: how this program starts its server, and what several trials share.
// The zero value is for a single trial against a running server.
type Environment struct {
	// Program starts the bundled server; plans that request that server need it.
	Program Program

	// Server is the bundled server if it runs already; the trial leaves it running.
	Server *bundled.Server

	// Recordings are those of the plan's replay if they are open already; if nil, the trial opens their folder.
	Recordings *replay.Archive

	// Session is the state that the trial shares with others; nil for a single trial.
	Session *Session

	// Names are the user's names of fields, for the texts of the result.
	Names field.Namer

	// Cumulative has [event.Second] events carry the counts and times of the run so far.
	Cumulative bool

	// Ready is called when everything is prepared, right before the trial waits for the second with which its run
	// begins; it may be nil.
	Ready func(context.Context)

	// Enough makes the trial stop sending, as if its time were over, when it is closed; it may be nil.
	Enough <-chan struct{}
}

// Session is the shared state of several trials of a server. A trial with a session neither sends first calls nor
// primes the server, and does not stop its watch.
type Session struct {
	Learned    Learned   // about the server, before the first trial
	Watch      *Watch    // observes the server; the caller of the trials starts and stops it
	RestingCPU float64   // processors that the idle server uses
	Calendar   *Calendar // dates the calls of all trials; if nil, each trial has its own
}

// Program starts the bundled server with the key that uploads carry, and further flags.
type Program func(key string, flags []string) (bundled.Program, error)

// Run makes a single trial. See [Environment.Run].
func Run(ctx context.Context, p Plan, o Observer) (measure.Result, error) {
	return Environment{}.Run(ctx, p, o)
}

// Run makes a trial and returns what it measured. When ctx ends, it stops sending, waits for the uploads in flight and
// returns what was measured so far; before the run has begun, it returns ctx's error. The observer may be nil.
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

// Prepare does the preparation of several trials once: it checks whether the server accepts calls, finds out what it is
// and knows, and primes it with all talkgroups. runID names the calls that it sends. The caller starts and stops the
// session's Watch, and gives the session a Calendar.
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
	r.own = nil // the caller stops it from now on
	return &Session{Learned: r.learned, Watch: r.watch}, nil
}

// StartServer starts the bundled server if a plan requests it, for the environment. The caller stops it.
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

// Calendar dates the calls of several consecutive trials, so that none is a duplicate of another trial's. The trials
// have the same systems, talkgroups and duplicate window.
type Calendar struct {
	scenario scenario.Scenario
	traffic  *traffic.Traffic
	start    time.Time
}

// NewCalendar returns the calendar of trials with a total length, and the scenario of one of them.
func NewCalendar(s scenario.Scenario, length time.Duration) *Calendar {
	s.Duration = length
	return &Calendar{scenario: s}
}

// date makes the calendar date the calls of a trial. The calendar begins with the first trial.
func (c *Calendar) date(calls *traffic.Traffic, start time.Time) {
	if c == nil {
		return
	}
	if c.traffic == nil {
		c.traffic, c.start = traffic.New(&c.scenario, traffic.Options{Start: start}), start
	}
	calls.ShareCalendar(c.traffic, start, c.start)
}
