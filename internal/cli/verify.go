package cli

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net"
	"net/url"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"rdiostress/internal/address"
	"rdiostress/internal/delivery"
	"rdiostress/internal/discover"
	"rdiostress/internal/load"
	"rdiostress/internal/measure"
	"rdiostress/internal/rdio"
	"rdiostress/internal/traffic"
)

// verifyOptions say whether and how to look if acknowledged calls were stored.
type verifyOptions struct {
	where        string
	timeout, max durationValue
	audio        bool
	required     bool
	serverLog    string // file with the server's log, which may say why calls are not stored; empty if not known

	check     *check // of the run that is made
	announced string // what was said last of where storage is looked at
}

// The places to look that are no address.
const (
	verifyAuto = "auto"
	verifyAPI  = "api"
	verifyNone = "none"
)

func (v *verifyOptions) addFlags(f *pflag.FlagSet) {
	v.timeout, v.max = durationValue(time.Minute), durationValue(10*time.Minute)
	f.StringVar(&v.where, "verify", verifyAuto,
		"where to check that acknowledged calls were stored: auto, api, api=URL, sqlite:FILE, "+
			"postgres://…, mysql://…, sink=ADDRESS, or none")
	f.Var(&v.timeout, "verify-timeout",
		"count a call as missing once the server has been idle for this time after the run")
	f.Var(&v.max, "verify-max", "longest wait for calls to be stored")
	f.BoolVar(&v.audio, "verify-audio", true,
		"compare the stored audio too, or check that it plays if the server converts it")
	f.BoolVar(&v.required, "require-storage", false,
		"exit with 3 if storage cannot be verified")
}

// complete checks the flags.
func (v *verifyOptions) complete() error {
	var errs []error
	if v.timeout <= 0 || v.max <= 0 {
		errs = append(errs, errors.New("--verify-timeout and --verify-max must be more than 0"))
	}
	kind, rest := v.split()
	problem := ""
	switch kind {
	case verifyAuto, verifyNone:
	case verifyAPI:
		if u, err := url.Parse(rest); rest != "" && (err != nil || u.Host == "") {
			problem = "--verify api= must be followed by an address such as http://localhost:8000"
		}
	case "sqlite":
		if rest == "" {
			problem = "--verify sqlite: names no file; write it like sqlite:/var/lib/rdio-scanner/rdio-scanner.db"
		}
	case "postgres", "mysql":
		if u, err := url.Parse(rest); err != nil || u.Host == "" && u.Query().Get("host") == "" {
			problem = fmt.Sprintf("--verify %s:// must be like %s://user:password@host/database", kind, kind)
		}
	case "sink":
		if _, port, err := net.SplitHostPort(rest); err != nil || port == "" {
			problem = "--verify sink= must be followed by an address and a port, such as 127.0.0.1:9000"
		}
	default:
		problem = fmt.Sprintf("--verify must be auto, api, sqlite:FILE, postgres://…, mysql://…, sink=ADDRESS or none, not %q", v.redacted())
	}
	if problem != "" {
		errs = append(errs, errors.New(problem))
	}
	return errors.Join(errs...)
}

// split tells the kind of place, and the rest that says which.
func (v *verifyOptions) split() (kind, rest string) {
	for _, p := range []struct{ prefix, kind string }{
		{"postgres://", "postgres"}, {"postgresql://", "postgres"}, {"mysql://", "mysql"},
	} {
		if strings.HasPrefix(v.where, p.prefix) {
			return p.kind, v.where
		}
	}
	if rest, ok := strings.CutPrefix(v.where, "api="); ok {
		return verifyAPI, address.WithScheme(rest)
	}
	for _, p := range []struct{ prefix, kind string }{{"sqlite:", "sqlite"}, {"sink=", "sink"}} {
		if rest, ok := strings.CutPrefix(v.where, p.prefix); ok {
			return p.kind, rest
		}
	}
	return v.where, ""
}

// redacted is where to look without secrets.
func (v *verifyOptions) redacted() string {
	if strings.HasPrefix(v.where, "sqlite:") {
		return v.where // a file's name holds none
	}
	return address.Redact(v.where)
}

// recordVerify describes what was asked for in a result, without secrets.
func (o *runOptions) recordVerify(s *measure.Scenario) {
	v := &o.verify
	s.Verify, s.VerifyWaitS, s.VerifyMaxS = v.redacted(), time.Duration(v.timeout).Seconds(), time.Duration(v.max).Seconds()
	s.MustVerify = v.required
	if s.CrashTest = o.crash.victim; s.CrashTest != "" {
		s.CrashAtS = time.Duration(o.crash.at).Seconds()
	}
}

// check looks after the delivery of one run.
type check struct {
	prober delivery.Prober // nil where nothing is looked at
	watch  *delivery.Watch
	ledger *delivery.Ledger
	why    string // nothing is
	before int64  // calls of before the run, where a server only counts its calls
	log    *delivery.LogFile
	busy   func() bool // the server is seen at work; nil where it is not watched

	looked     bool            // for the server's process
	found      *discover.Found // what was found out about it; nil if nothing was
	unreadable bool            // a database was found there that cannot be read
}

// open opens what is to be looked at. The caller calls end, unless it fails.
func (v *verifyOptions) open(ctx context.Context, o *runOptions) (*check, error) {
	c := &check{}
	v.check = c
	var err error
	kind, rest := v.split()
	switch kind {
	case verifyNone:
		c.why = "not asked for"
	case verifyAuto:
		c.openAuto(ctx, o)
	case verifyAPI:
		if rest == "" {
			rest = o.scenario.URL
		}
		c.prober, err = openList(ctx, o, rest)
	case "sqlite":
		c.prober, err = delivery.OpenSQLite(ctx, rest)
	case "postgres":
		c.prober, err = delivery.OpenPostgres(ctx, rest)
	case "mysql":
		c.prober, err = delivery.OpenMySQL(ctx, rest)
	case "sink":
		c.prober, err = openSink(ctx, rest)
	}
	if err == nil && !c.looked && kind != verifyNone && !delivery.ListsByID(c.prober) {
		_ = c.lookAtServer(ctx, o) // where its audio and its log are is known or not
	}
	if err == nil && c.prober != nil {
		err = c.openLog(v)
	}
	switch {
	case err != nil:
		c.end()
		return c, withHint(fmt.Errorf("cannot look whether calls are stored in %s: %w", v.redacted(), err),
			"--verify names what to look at; --verify none does not look")
	case o.crash.victim != "" && c.prober == nil:
		return c, withHint(errors.New("a crash test has to look at what is stored, but "+c.why), "pass --verify with the server's database")
	}
	return c, nil
}

// baseline notes how many calls a server has that only counts them, so that those sent before the run are none of its.
func (c *check) baseline(ctx context.Context) {
	if c.prober == nil {
		return
	}
	ignore := delivery.Visitor{Row: func(*delivery.Row) {}, Count: func(calls int64) { c.before = calls }}
	_ = c.prober.Poll(ctx, &ignore) // a look that fails finds them later, with the run's
}

// openLog has what the server's log says told of, from now on: the log that the user names, else the file that the
// server's process was found to write its output to, if that can be read.
func (c *check) openLog(v *verifyOptions) (err error) {
	switch {
	case v.serverLog != "":
		c.log, err = delivery.OpenLogFile(v.serverLog)
	case c.found != nil && c.found.Log != "":
		if c.log, err = delivery.OpenLogFile(c.found.Log); err != nil {
			c.log = nil
		}
		return nil
	}
	return err
}

// begin begins to look at what is stored of a run.
func (c *check) begin(ctx context.Context, o *runOptions, traffic *traffic.Traffic, runID string, start time.Time) {
	if c.prober == nil {
		return
	}
	v := &o.verify
	options := delivery.Options{
		Timeout: time.Duration(v.timeout), Max: time.Duration(v.max), Busy: c.busy, Before: c.before,
		AudioOptions: c.audioOptions(ctx, o, traffic),
	}
	if o.step != nil {
		options.Max = math.MaxInt64 // the next step needs an empty queue: the search's own time is the limit
	}
	if c.log != nil {
		options.Log = c.log
	}
	c.ledger = delivery.NewLedger(rdio.MarkPattern(runID), start)
	c.watch = delivery.Start(ctx, c.ledger, c.prober, options)
}

// openSink listens for calls that the server forwards.
func openSink(ctx context.Context, address string) (delivery.Prober, error) {
	s, err := delivery.ListenSink(ctx, address, delivery.SinkOptions{})
	if err != nil {
		return nil, listenError(address, err)
	}
	return s, nil
}

// receipts is what the run tells of its calls; nil where nobody looks.
func (c *check) receipts() load.Receipts {
	if c.ledger == nil {
		return nil
	}
	return c.ledger
}

// words is how storing stands, for the progress line, and how many calls had been accepted when it was looked at; empty
// where nobody looks.
func (c *check) words() (words string, accepted uint64) {
	if c == nil || c.watch == nil {
		return "", 0
	}
	p := c.watch.Progress()
	if p.Err != nil {
		return ", cannot see what is stored", 0
	}
	return fmt.Sprintf(", at the last look %d of %d stored", p.Stored, p.Acknowledged), p.Acknowledged
}

// finish waits for the calls to be stored, and puts what became of them into the result. That the user ends this wait
// is no interruption: the run was made.
func (c *check) finish(ctx context.Context, o *runOptions, res *measure.Result) {
	if c.watch == nil {
		res.Delivery.Absent = c.why
		return
	}
	o.awaiting.Store(o.step == nil) // a search ends as a whole
	defer o.awaiting.Store(false)
	ctx, giveUp := context.WithCancel(ctx)
	defer giveUp()
	done := showStoring(o, c.watch, giveUp)
	ended := time.Duration(res.Run.DurationS * float64(time.Second))
	res.Delivery = c.watch.Finish(ctx, ended)
	done()
	c.watch.FillSeries(res.Series)
}

// end closes what was looked at.
func (c *check) end() {
	if c.prober != nil {
		_ = c.prober.Close() // it has only read
	}
	if c.log != nil {
		_ = c.log.Close() // likewise
	}
}
