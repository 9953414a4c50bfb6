// Package verification checks whether the acknowledged calls of a trial were stored.
//
// [Open] finds out where the calls can be seen: at the requested [Place], or, with [Auto], in the server's own list of
// calls, in the database of its process if that runs on this machine, or in the list of calls of another server.
// [Verification.Begin] starts a [delivery.Watch] that polls there while the trial goes on. [Verification.Finish] waits
// until the acknowledged calls are stored and makes the account.
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

// Plan says where to verify storage, and for how long.
type Plan struct {
	Place    Place
	Timeout  time.Duration // idle time of the server after the run until unstored calls are missing
	Max      time.Duration // maximum wait for calls to be stored
	Required bool          // storage must be verified

	// Standstill ends the wait when none of the calls was stored for this long, whatever else the server does; 0 means
	// no such limit.
	Standstill time.Duration `json:",omitempty"`

	NotCompared string `json:",omitempty"` // why stored audio is not compared; empty if it is
	NotDecoded  string `json:",omitempty"` // why converted audio is not decoded; empty if it is, with a decoder
	ServerLog   string `json:",omitempty"` // the server's log file; empty: the one found, if any

	Transcripts    Transcripts   `json:",omitempty"` // whether it is measured when calls are transcribed; empty: no
	TranscriptsMax time.Duration `json:",omitempty"` // longest wait for transcripts after the run
}

// Record writes the plan to a result's scenario, without secrets.
func (p *Plan) Record(s *measure.Scenario) {
	s.Verify, s.VerifyWaitS, s.VerifyMaxS = p.Place.Public(), p.Timeout.Seconds(), p.Max.Seconds()
	s.MustVerify = p.Required
	if s.Transcripts = string(p.Transcripts); p.Transcripts.on() {
		s.TranscriptsMaxS = p.TranscriptsMax.Seconds()
	}
}

// Server is the server whose storage is verified.
type Server struct {
	URL     string
	Key     string // the key of the uploads
	Client  *http.Client
	Bundled bool // it is the bundled server, which lists its calls
	Several bool // it is the first of several that store together, and Client asks any of them

	Resolve    map[string]string // addresses to connect to in place of a host:port
	PID        int               // its process; 0 finds it
	NotWatched string            // why the process is not inspected; empty if it is
}

// Verification verifies the storage of one trial. A trial without verification has one too.
type Verification struct {
	plan    Plan
	server  Server
	place   delivery.Place    // nil if storage is not verified
	log     *delivery.LogFile // nil if no log is read
	absent  string            // why storage is not verified
	looked  bool              // the server's process was searched for
	process *discover.Found   // the process; nil if not found
	found   *Found            // the database found by the process; may be nil
	unread  bool              // a database was found that cannot be read
	before  int64             // calls before the run, if a server only counts its calls

	ledger      *delivery.Ledger
	watch       *delivery.Watch
	transcripts *delivery.Transcripts // nil if they are not measured
}

// Found is a database that was found by the server's process.
type Found struct {
	Where  string // a file, or a database and its host, without a password
	How    string // how it was found
	Source string // the recognised server
}

// OpenError is the reason why a place cannot be opened.
type OpenError struct {
	Place Place
	Err   error
}

// Error implements error.
func (e *OpenError) Error() string {
	return fmt.Sprintf("cannot check whether calls are stored in %s: %v", e.Place.Public(), e.Err)
}

// Unwrap returns the cause.
func (e *OpenError) Unwrap() error { return e.Err }

// Open finds and opens a place. The caller closes the Verification. The error is an *OpenError.
func Open(ctx context.Context, p Plan, s Server) (*Verification, error) {
	v := &Verification{plan: p, server: s}
	err := v.openPlace(ctx)
	if err == nil && !v.looked && p.Place.Kind != None && !api.ListsByID(v.place) {
		_ = v.lookAtProcess(ctx) // the process may show where its audio and log are
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

// With returns a Verification with a place of the caller's. It ignores the plan's place.
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

// ListenError is the reason why a sink's address cannot be listened on.
type ListenError struct {
	Address string
	Err     error
}

// Error implements error.
func (e *ListenError) Error() string { return fmt.Sprintf("cannot listen on %s: %v", e.Address, e.Err) }

// Unwrap returns the cause.
func (e *ListenError) Unwrap() error { return e.Err }

// openLog opens the server's log from its end: the log that the plan names, else the file that receives the output of
// the server's process, if that can be read.
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

// GiveUp ends verification before the run, for a reason.
func (v *Verification) GiveUp(why string) {
	if v.place != nil {
		_ = v.place.Close()
	}
	v.place, v.found, v.absent, v.unread = nil, nil, why, true
}

// Method returns the report's name of the method; empty if storage is not verified.
func (v *Verification) Method() string {
	if v.place == nil {
		return ""
	}
	return v.place.Method()
}

// Absent returns why storage is not verified, and whether that is because a database was found that cannot be read.
func (v *Verification) Absent() (why string, unread bool) { return v.absent, v.unread }

// Found returns the database that was found by the server's process; nil if the place was found otherwise, or not at
// all.
func (v *Verification) Found() *Found { return v.found }

// Baseline records how many calls a server has that only counts them, so that calls sent before the run do not count as
// the run's.
func (v *Verification) Baseline(ctx context.Context) {
	prober, ok := v.place.(delivery.Prober)
	if !ok {
		return
	}
	ignore := delivery.Visitor{Row: func(*delivery.Row) {}, Count: func(calls int64) { v.before = calls }}
	_ = prober.Poll(ctx, &ignore) // if the poll fails, they are found later, with the run's
}

// Run is the run whose storage is verified.
type Run struct {
	ID    string
	Start time.Time // with its monotonic reading
	// Sent returns the audio that a call was sent with; false if there is no such call.
	Sent func(n uint64) (delivery.Sent, bool)
	// Busy reports whether the server is seen to work; nil if that cannot be observed.
	Busy func() bool
}

// Begin starts to verify the storage of a run. The caller must call Finish.
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
	v.followTranscripts(ctx)
}

// Ledger returns the ledger of the run's calls; nil if storage is not verified.
func (v *Verification) Ledger() *delivery.Ledger { return v.ledger }

// Progress is the state of storage.
type Progress struct {
	delivery.Progress
	Every time.Duration // between two polls
}

// Progress returns the state of storage; nil if storage is not verified. It is safe for concurrent use.
func (v *Verification) Progress() *Progress {
	if v.watch == nil {
		return nil
	}
	return &Progress{v.watch.Progress(), v.watch.Every}
}

// Crashed records that the server was killed at a time since the start of the run.
func (v *Verification) Crashed(at time.Duration) {
	if v.watch != nil {
		v.watch.Crashed(at)
	}
}

// standstillEvery is the interval between two checks for a standstill.
const standstillEvery = 500 * time.Millisecond

// Finish waits for the calls to be stored, and returns what became of them. ended is when the last reply came, since
// the start of the run. The wait ends when ctx ends.
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

// awaitStandstill returns when none of the run's calls was stored for as long as the plan says, or when the wait is
// over.
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

// FillSeries writes the storage samples to the points of a series.
func (v *Verification) FillSeries(points []measure.Point) {
	if v.watch != nil {
		v.watch.FillSeries(points)
	}
}

// Close closes everything that was opened for reading.
func (v *Verification) Close() {
	if v.place != nil {
		_ = v.place.Close()
	}
	if v.log != nil {
		_ = v.log.Close()
	}
}

// errNotLooked means that no process is inspected.
var errNotLooked = errors.New("no process is looked at")

// lookAtProcess inspects the server's process, if it runs on this machine and may be read.
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
