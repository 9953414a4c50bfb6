// Package verification looks whether the calls of a trial that the server acknowledged were stored.
//
// [Open] finds where the calls can be seen: at the [Place] that was asked for, or, with [Auto], at the server's own
// list of calls, in the database of its process if that runs on this machine, or at the list of calls of another
// server. [Verification.Begin] has [delivery.Watch] look there while the trial goes, and [Verification.Finish] waits
// until what was acknowledged is stored and accounts for it.
package verification

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"rdiostress/internal/delivery"
	"rdiostress/internal/delivery/api"
	"rdiostress/internal/delivery/sink"
	"rdiostress/internal/delivery/sqldb"
	"rdiostress/internal/discover"
	"rdiostress/internal/measure"
	"rdiostress/internal/observe"
	"rdiostress/internal/rdio"
	"rdiostress/internal/secret"
)

// Plan says where to look, and for how long.
type Plan struct {
	Place    Place
	Timeout  time.Duration // how long the server must be idle after the run before what is not stored is missing
	Max      time.Duration // how long to wait for calls to be stored in all
	Required bool          // it must be known whether calls were stored

	// Standstill gives the wait up when none of the calls was stored for so long, whatever else the server does; 0
	// waits on.
	Standstill time.Duration `json:",omitempty"`

	NotCompared string `json:",omitempty"` // why stored audio is not compared; empty: it is
	NotDecoded  string `json:",omitempty"` // why converted audio is not decoded; empty: it is, if there is a decoder
	ServerLog   string `json:",omitempty"` // the file that the server logs to; empty: that is found, or not read
}

// Record puts what was asked for into a result's scenario, without secrets.
func (p *Plan) Record(s *measure.Scenario) {
	s.Verify, s.VerifyWaitS, s.VerifyMaxS = p.Place.Public(), p.Timeout.Seconds(), p.Max.Seconds()
	s.MustVerify = p.Required
}

// Server is the server whose calls are looked for.
type Server struct {
	URL     string
	Key     string // of the uploads
	Client  *http.Client
	Bundled bool // it is the bundled one, which lists its calls

	Resolve    map[string]string // host:port that is to be connected to elsewhere, and where
	PID        int               // its process; 0 looks for it
	NotWatched string            // why no process is looked at; empty: one is
}

// Verification looks at what is stored of one trial. A trial in which nothing is looked at has one too.
type Verification struct {
	plan    Plan
	server  Server
	place   delivery.Place    // nil where nothing is looked at
	log     *delivery.LogFile // nil where none is read
	absent  string            // why nothing is looked at
	looked  bool              // for the server's process
	process *discover.Found   // what was found out about it; nil if nothing was
	found   *Found            // the database that was found by its process; nil if none was
	unread  bool              // a database was found there that cannot be read
	before  int64             // calls of before the run, where a server only counts its calls

	ledger *delivery.Ledger
	watch  *delivery.Watch
}

// Found is a database that was found by the server's process.
type Found struct {
	Where  string // a file, or a database and its host, without a password
	How    string // it was found
	Source string // what was recognised there
}

// OpenError says why it cannot be looked at a place.
type OpenError struct {
	Place Place
	Err   error
}

// Error implements error.
func (e *OpenError) Error() string {
	return fmt.Sprintf("cannot look whether calls are stored in %s: %v", e.Place.Public(), e.Err)
}

// Unwrap returns the cause.
func (e *OpenError) Unwrap() error { return e.Err }

// Open finds and opens what is to be looked at. The caller closes it. The error is an *OpenError.
func Open(ctx context.Context, p Plan, s Server) (*Verification, error) {
	v := &Verification{plan: p, server: s}
	err := v.openPlace(ctx)
	if err == nil && !v.looked && p.Place.Kind != None && !api.ListsByID(v.place) {
		_ = v.lookAtProcess(ctx) // where its audio and its log are is known or not
	}
	if err == nil && v.place != nil {
		err = v.openLog()
	}
	if err != nil {
		v.Close()
		return nil, &OpenError{p.Place, err}
	}
	return v, nil
}

// With returns a Verification that looks at a place of the caller's, and ignores the plan's place.
func With(p Plan, place delivery.Place) *Verification {
	return &Verification{plan: p, place: place}
}

func (v *Verification) openPlace(ctx context.Context) (err error) {
	switch at := v.plan.Place.Address; v.plan.Place.Kind {
	case None:
		v.absent = "not asked for"
	case API:
		if at == "" {
			at = v.server.URL
		}
		v.place, err = v.openList(ctx, at)
	case SQLite:
		v.place, err = sqldb.OpenSQLite(ctx, at)
	case Postgres:
		v.place, err = sqldb.OpenPostgres(ctx, at)
	case MySQL:
		v.place, err = sqldb.OpenMySQL(ctx, at)
	case Sink:
		v.place, err = openSink(ctx, at)
	default:
		v.findPlace(ctx)
	}
	return err
}

// openSink listens for calls that the server forwards.
func openSink(ctx context.Context, address string) (delivery.Place, error) {
	s, err := sink.Listen(ctx, address, sink.Options{})
	if err != nil {
		return nil, &ListenError{address, err}
	}
	return s, nil
}

// ListenError says why nobody can listen at a sink's address.
type ListenError struct {
	Address string
	Err     error
}

// Error implements error.
func (e *ListenError) Error() string { return fmt.Sprintf("cannot listen on %s: %v", e.Address, e.Err) }

// Unwrap returns the cause.
func (e *ListenError) Unwrap() error { return e.Err }

// openLog has what the server's log says reported, from now on: the log that the plan names, else the file that the
// server's process was found to write its output to, if that can be read.
func (v *Verification) openLog() (err error) {
	switch {
	case v.plan.ServerLog != "":
		v.log, err = delivery.OpenLogFile(v.plan.ServerLog)
	case v.process != nil && v.process.Log != "":
		if v.log, err = delivery.OpenLogFile(v.process.Log); err != nil {
			v.log = nil
		}
		return nil
	}
	return err
}

// Method returns how it is looked, as the report names it; empty where nothing is looked at.
func (v *Verification) Method() string {
	if v.place == nil {
		return ""
	}
	return v.place.Method()
}

// Absent returns why nothing is looked at, and whether that is because a database was found that cannot be read.
func (v *Verification) Absent() (why string, unread bool) { return v.absent, v.unread }

// Found returns the database that was found by the server's process; nil if it was found otherwise, or none was.
func (v *Verification) Found() *Found { return v.found }

// Baseline notes how many calls a server has that only counts them, so that those sent before the run are not counted
// as the run's.
func (v *Verification) Baseline(ctx context.Context) {
	prober, ok := v.place.(delivery.Prober)
	if !ok {
		return
	}
	ignore := delivery.Visitor{Row: func(*delivery.Row) {}, Count: func(calls int64) { v.before = calls }}
	_ = prober.Poll(ctx, &ignore) // a look that fails finds them later, with the run's
}

// Run is the run whose calls are looked for.
type Run struct {
	ID    string
	Start time.Time // with its monotonic reading
	// Sent returns what audio a call was sent with; false if there is no such call.
	Sent func(n uint64) (delivery.Sent, bool)
	// Busy reports whether the server is seen at work; nil where that cannot be seen.
	Busy func() bool
}

// Begin begins to look at what is stored of a run. Finish must be called.
func (v *Verification) Begin(ctx context.Context, r Run) {
	if v.place == nil {
		return
	}
	options := delivery.Options{
		Timeout: v.plan.Timeout, Max: v.plan.Max, Busy: r.Busy, Before: v.before, AudioOptions: v.audioOptions(r.Sent),
		Redactor: secret.NewRedactor(v.server.Key),
	}
	if v.log != nil {
		options.Log = v.log
	}
	v.ledger = delivery.NewLedger(rdio.MarkPattern(r.ID), r.Start)
	v.watch = delivery.Start(ctx, v.ledger, v.place, options)
}

// Ledger returns what keeps the outcomes of the run's calls; nil where nothing is looked at.
func (v *Verification) Ledger() *delivery.Ledger { return v.ledger }

// Progress is how storing stands.
type Progress struct {
	delivery.Progress
	Every time.Duration // between two looks
}

// Progress returns how storing stands; nil where nothing is looked at. It is safe for concurrent use.
func (v *Verification) Progress() *Progress {
	if v.watch == nil {
		return nil
	}
	return &Progress{v.watch.Progress(), v.watch.Every}
}

// Crashed notes that the server was killed at a time since the start of the run.
func (v *Verification) Crashed(at time.Duration) {
	if v.watch != nil {
		v.watch.Crashed(at)
	}
}

// standstillEvery is between two looks whether storing stands still.
const standstillEvery = 500 * time.Millisecond

// Finish waits for the calls to be stored, and returns what became of them. Ended is when the last reply came, since
// the start of the run. The wait ends with ctx.
func (v *Verification) Finish(ctx context.Context, ended time.Duration) measure.Delivery {
	if v.watch == nil {
		return measure.Delivery{Absent: v.absent}
	}
	ctx, giveUp := context.WithCancel(ctx)
	defer giveUp()
	if v.plan.Standstill > 0 {
		over := make(chan struct{})
		watched := make(chan struct{})
		go func() {
			defer close(watched)
			v.awaitStandstill(over)
			giveUp()
		}()
		defer func() {
			close(over)
			<-watched
		}()
	}
	return v.watch.Finish(ctx, ended)
}

// awaitStandstill returns when none of the run's calls was stored for as long as the plan says, or when it is over.
func (v *Verification) awaitStandstill(over <-chan struct{}) {
	ticker := time.NewTicker(standstillEvery)
	defer ticker.Stop()
	stored, storedAt := uint64(0), time.Now()
	for time.Since(storedAt) <= v.plan.Standstill {
		select {
		case <-ticker.C:
		case <-over:
			return
		}
		if p := v.watch.Progress(); p.Stored != stored {
			stored, storedAt = p.Stored, time.Now()
		}
	}
}

// FillSeries puts what was seen of storing into the points of a series.
func (v *Verification) FillSeries(points []measure.Point) {
	if v.watch != nil {
		v.watch.FillSeries(points)
	}
}

// Close closes what was opened. It only read there.
func (v *Verification) Close() {
	if v.place != nil {
		_ = v.place.Close()
	}
	if v.log != nil {
		_ = v.log.Close()
	}
}

// errNotLooked says that no process is looked at.
var errNotLooked = errors.New("no process is looked at")

// lookAtProcess finds out about the server's process, if it runs on this machine and may be looked at.
func (v *Verification) lookAtProcess(ctx context.Context) error {
	v.looked = true
	if v.server.NotWatched != "" {
		return errNotLooked
	}
	where := observe.Options{URL: v.server.URL, Resolve: v.server.Resolve, PID: v.server.PID}
	pids, err := observe.Processes(ctx, where)
	if err != nil {
		return err
	}
	v.process, err = discover.Find(ctx, pids)
	return err
}
