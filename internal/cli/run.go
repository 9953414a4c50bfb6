package cli

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"rdiostress/internal/address"
	"rdiostress/internal/cli/terminal"
	"rdiostress/internal/exitcode"
	"rdiostress/internal/flaghelp"
	"rdiostress/internal/mischief"
	"rdiostress/internal/rdio"
	"rdiostress/internal/report"
	"rdiostress/internal/report/github"
	"rdiostress/internal/scenario"
	"rdiostress/internal/trial"
)

// runOptions are the flags of `rdiostress run`.
type runOptions struct {
	ios *streams

	scenario     scenario.Scenario
	scenarioFile string // YAML with more of the flags
	mischief     mischiefValue
	yes          bool // leave calls on any server
	keyFile      string
	withServer   bool
	serverFlags  []string // of the bundled server
	forms        formPaths
	publish      publishOptions
	quiet        bool
	noColor      bool
	ascii        bool
	full         bool // tables, instead of a summary
	saved        bool // what is shown is a saved report

	duration, timeout     durationValue
	warmUp, rampUp, think durationValue
	rate                  rateValue
	stages                stagesValue
	abortOn               abortValue
	thresholds            thresholdOptions
	arrival, profile      string
	balance               string
	traffic               trafficOptions
	keepAlive             bool
	connection            connectionOptions
	watch                 watchOptions
	audio                 audioOptions
	verify                verifyOptions
	crash                 crashOptions
}

func newRunCmd(ios *streams, runF func(context.Context, *runOptions) error) *cobra.Command {
	o := &runOptions{ios: ios}
	cmd := &cobra.Command{
		Use:   "run",
		Short: "Load a server with call uploads and score it",
		Long: `Run uploads calls to a RdioScanner-compatible server, measures how it performs and scores it. To pass,
more than 95 % of the calls must succeed, with a mean response time under 1 s and a 95th percentile under 3 s.

Without --rate, --max-concurrent uploaders send back to back (closed model). With --rate, calls are due at that rate
however slow the server is (open model), and the response time of a call counts from the time it was due.

Each call has real audio and is no duplicate of another: it is dated about a minute back, and hours or days back where
its talkgroup has more than one call a second. The calls stay on the server, in the systems and talkgroups of --systems
and --talkgroups, with system labels such as "rdiostress-900".`,
		Example: `  rdiostress run --with-server --duration 10
  rdiostress run --url http://localhost:3000 --api-key KEY --max-concurrent 100 --duration 300
  rdiostress run --url http://localhost:3000 --rate 50/s --duration 5m --json report.json
  rdiostress run --quiet --json - | jq .verdict`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := o.prepare(cmd.Flags()); err != nil {
				return err
			}
			return runF(cmd.Context(), o)
		},
	}
	cmd.Long += "\n\n" + flagText(exitcode.Help)
	o.addFlags(cmd.Flags())
	flaghelp.Describe(cmd, runGroups())
	return cmd
}

func (o *runOptions) addFlags(f *pflag.FlagSet) {
	s := &o.scenario
	keyHelp, fileHelp := keyFlagHelp("to upload with")
	o.duration, o.timeout = durationValue(120*time.Second), durationValue(60*time.Second)
	f.SortFlags = false
	s.URL = address.DefaultURL
	f.Var(&urlsValue{Scenario: s}, "url", "address of the server to test; http:// may be left out; repeatable")
	f.StringVar(&o.balance, "balance", string(scenario.RoundRobin), "which of several servers gets a call")
	f.StringVar(&s.Key, "api-key", developmentKey, keyHelp)
	f.StringVar(&o.keyFile, "api-key-file", "", fileHelp)
	f.BoolVar(&o.withServer, "with-server", false,
		"test the bundled server: start it with temporary storage, and stop it after the run")
	f.StringArrayVar(&o.serverFlags, "server-flag", nil,
		"pass this flag to the server of --with-server, such as --queue=10; repeatable")
	o.addLoadFlags(f)
	o.connection.addFlags(f)
	f.Var(textVar(&s.Clients, scenario.ParseMix, "clients"), "client",
		"the programs to imitate: "+strings.Join(rdio.ClientNames(), ", ")+
			"; or a mix, such as sdrtrunk=70,trunk-recorder=30")
	f.Var(textVar(&s.Retries, scenario.ParseRetries, "pauses"), "client-retries",
		"send failed calls again: as the client does, or after these pauses, such as =5s,10s")
	f.Lookup("client-retries").NoOptDefVal = "client"
	f.BoolVar(&s.RealClients, "real-clients", false,
		"queue, pause, repeat, give up and follow redirects as each client does (open model)")
	f.BoolVar(&o.keepAlive, "keepalive", true, "send many calls over one connection; =false opens one for each call")
	f.IntVar(&s.Connections, "connections", 0,
		"open at most this many connections; if there are more than uploaders, these use them in turn")
	f.Var(&o.timeout, "timeout", "give up on an upload after this time, at most 10m")
	o.audio.addFlags(f, s)
	o.addMischiefFlag(f)
	o.traffic.addFlags(f, s)
	f.StringVar(&o.scenarioFile, scenarioFlag, "", "take the flags that are not set otherwise from this YAML file")
	o.watch.addFlags(f)
	o.verify.addFlags(f)
	o.crash.addFlags(f)
	o.thresholds.addFlags(f)
	o.forms.addFlags(f, "")
	o.publish.addFlags(f)
	f.BoolVarP(&o.yes, "yes", "y", false,
		"do not ask for confirmation before sending calls to a server on a public network")
	f.BoolVarP(&o.quiet, "quiet", "q", false, "show no progress")
	o.addLookFlags(f)
}

// addLoadFlags adds the flags that say how much is sent and when.
func (o *runOptions) addLoadFlags(f *pflag.FlagSet) {
	s := &o.scenario
	f.IntVar(&s.MaxConcurrent, "max-concurrent", 50, "send at most this many uploads at once")
	f.Var(&o.duration, "duration", "length of the scored part, such as 30s, 5m or 1h30m; a plain number is seconds")
	f.Var(&o.rate, "rate",
		"send calls at this rate, such as 50/s or 3000/m (open model); without it, send back to back (closed model)")
	f.StringVar(&o.arrival, "arrival", string(scenario.Constant),
		"spacing of calls in the open model: even, or at random")
	f.Var(&o.rampUp, "ramp-up", "first let the load rise from zero over this time; not scored")
	f.Var(&o.warmUp, "warmup", "then send the full load for this time; not scored")
	f.Var(&o.stages, "stages",
		"change the load in straight lines, such as 1m:50/s,5m:200/s,1m:0; numbers without /s are uploaders")
	f.StringVar(&o.profile, "profile", "", "begin with batches of 1, 6, 11 … uploads at once, until a batch fails")
	f.Uint64Var(&s.Total, "total", 0, "stop after this many calls; without --duration, the run may take up to 4h")
	f.Var(&o.think, "think-time", "let each uploader pause for this time between two calls (closed model)")
	f.Var(&o.abortOn, "abort-on", "stop early when this rule holds, such as 'error_rate>0.5 for 10s'; repeatable")
}

// complete turns flags into a valid scenario, or says everything that is wrong with them.
func (o *runOptions) complete(flags *pflag.FlagSet) error {
	s := &o.scenario
	s.Duration, s.Timeout, s.Rate = time.Duration(o.duration), time.Duration(o.timeout), float64(o.rate)
	s.WarmUp, s.RampUp, s.ThinkTime = time.Duration(o.warmUp), time.Duration(o.rampUp), time.Duration(o.think)
	s.Stages, s.StageRates, s.AbortOn = o.stages.shape, o.stages.rates, o.abortOn
	s.Arrival, s.NoKeepAlive, s.HTTP2 = scenario.Arrival(o.arrival), !o.keepAlive, o.connection.http2
	s.Reuse = o.keepAlive && flags.Changed("keepalive")
	s.Guide = o.profile == "guide"
	s.Balance = scenario.Balance(o.balance)
	if s.Total > 0 && !flags.Changed("duration") {
		s.Duration = maxTotalDuration
	}
	trafficErr := o.traffic.complete(s, flags)
	if exitCode(trafficErr) == exitInterrupted {
		return trafficErr
	}
	var err error
	if s.Key, err = resolveKey(s.Key, o.keyFile); err != nil {
		return err
	}
	connectionErr := o.connection.complete(flags) // the crash test looks at --resolve
	o.forms.step, o.forms.byItself = o.ios.env(stepSummary), true
	errs := problems{
		o.audio.complete(s, flags), trafficErr, o.crash.complete(o, flags), nameFlags(s.Validate()),
		o.forms.check(flags), connectionErr, o.watch.complete(),
		o.verify.complete(), o.checkMischief(), o.thresholds.check(), o.publish.complete(flags),
	}
	errs = append(errs, o.checkServers(flags))
	errs.check(o.connection.http2 && !strings.HasPrefix(s.URL, "https:"),
		"{http2} is for targets whose {url} begins with https://")
	errs.check(!o.withServer && len(o.serverFlags) > 0, "{server-flag} is for the server that {with-server} starts")
	errs.check(o.withServer && flags.Changed("url"),
		"{with-server} and {url} exclude each other: one brings its own target")
	errs.check(flags.Changed("stages") && flags.Changed("duration"),
		"{stages} and {duration} exclude each other: the stages say how long")
	errs.check(flags.Changed("arrival") && !s.Open(),
		"{arrival} is for the open model: give a {rate}, or {stages} with rates")
	errs.check(o.profile != "" && !s.Guide, "{profile} must be guide, not %q", o.profile)
	if err := errs.join(); err != nil {
		o.traffic.close()
		hint := ""
		if folder := (*replayError)(nil); errors.As(err, &folder) {
			hint = replayHint
		}
		return usageErrorf(hint, "%w", err)
	}
	return nil
}

// checkServers says what cannot be combined with several servers.
func (o *runOptions) checkServers(flags *pflag.FlagSet) error {
	var errs problems
	several := len(o.scenario.MoreURLs) > 0
	errs.check(!several && flags.Changed("balance"), "{balance} is for more than one {url}")
	errs.check(several && o.crash.victim != "", "{crash-test} kills the server of one {url}: name no other")
	errs.check(several && len(o.mischief) > 0, "{mischief} goes to one server: name one {url}")
	return errs.join()
}

// maxTotalDuration is how long a run with only a --total may take.
const maxTotalDuration = 4 * time.Hour

// plan is the trial that the flags ask for, after complete.
func (o *runOptions) plan() trial.Plan {
	p := trial.Plan{
		Scenario: o.scenario, Connection: o.connection.plan(), Watch: o.watch.plan(), Priming: o.traffic.priming(),
		Verification: o.verify.plan(), Crash: o.crash.plan(), Mischief: mischief.Mix(o.mischief),
	}
	if o.withServer {
		p.Bundled = &trial.BundledServer{Flags: o.serverFlags}
	}
	return p
}

// runLoad makes one run, and reports on it.
func runLoad(ctx context.Context, o *runOptions) error {
	defer o.traffic.close()
	find := net.DefaultResolver.LookupNetIP
	if err := o.crash.checkTarget(ctx, o, find); err != nil {
		return err
	}
	if err := o.confirm(ctx, find); err != nil {
		return err
	}
	published, err := o.startPublishing(ctx, nil)
	if err != nil {
		return err
	}
	defer published.close()
	plan := o.plan()
	shown := terminal.NewTrial(o.screen())
	defer shown.Close()
	ctx, stop := untilSignal(ctx, o.ios, onSignal{published.unlessWaiting(shown.Stopping), shown.Leave})
	defer stop()
	env := trial.Environment{
		Program: serverProgram, Names: flagName, Recordings: o.traffic.archive, Cumulative: published.needsCumulative(),
	}
	stopServer, err := startServer(ctx, &env, &plan, shown)
	if err != nil {
		shown.Close()
		return published.failed(ctx, interruptedOr(ctx, trialError(err)))
	}
	defer stopServer()
	res, err := env.Run(ctx, plan, published.besides(shown))
	shown.Close()
	if err != nil {
		return published.failed(ctx, interruptedOr(ctx, trialError(err)))
	}
	rep := report.NewJudged(res, version, flagName, o.thresholds.own())
	err = o.conclude("the run was made", rep.Verdict.ExitCode, o.forms.ofRun(&rep),
		func(w io.Writer) error { return o.showRun(w, &rep) })
	o.annotate(github.OfRun(&rep))
	if left := leftText(&rep); left != "" && !o.withServer {
		o.ios.say("%s", left)
	}
	published.end(ctx, err, finalOfRun(&rep))
	return err
}

// interruptedOr is err, unless the user stopped the command and err only follows from that.
func interruptedOr(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return &commandError{exitInterrupted, errors.New("interrupted before the run began"), ""}
	}
	return err
}
