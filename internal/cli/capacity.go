package cli

import (
	"context"
	"fmt"
	"io"
	"math"
	"net"
	"slices"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"rdiostress/internal/capacity"
	"rdiostress/internal/cli/terminal"
	"rdiostress/internal/exitcode"
	"rdiostress/internal/flaghelp"
	"rdiostress/internal/report"
	"rdiostress/internal/report/github"
	"rdiostress/internal/scenario"
	"rdiostress/internal/trial"
)

// capacityOptions are the flags of `rdiostress capacity`.
type capacityOptions struct {
	*runOptions

	slo       []string
	start     rateValue
	maxRate   rateValue
	maxTime   durationValue
	hold      durationValue
	precision float64

	objectives []report.Objective
}

func newCapacityCmd(ios *streams, runF func(context.Context, *capacityOptions) error) *cobra.Command {
	o := &capacityOptions{runOptions: &runOptions{ios: ios}}
	cmd := &cobra.Command{
		Use:   "capacity",
		Short: "Find the highest rate that a server takes",
		Long: `Capacity finds the highest rate of calls that meets every objective and at which storage keeps up. It
doubles the rate until an objective fails, narrows the gap by halves, and holds the final rate for longer to confirm
it. Each rate is held until the server is in a steady state, and the next one starts when the backlog is gone.

The capacity is the number of calls per second that the server took at that rate. No capacity is reported if the load
generator was the limit. Of a scenario file, everything except the load is used.`,
		Example: `  rdiostress capacity --with-server
  rdiostress capacity --url http://localhost:3000 --api-key KEY --slo 'p95_response_time_s<0.5' --json capacity.json`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := o.prepare(cmd.Flags()); err != nil {
				return err
			}
			return runF(cmd.Context(), o)
		},
	}
	cmd.Long += "\n\n" + flagText(exitcode.SearchHelp)
	o.addFlags(cmd.Flags())
	flaghelp.Describe(cmd, capacityGroups())
	return cmd
}

// notForCapacity are the flags of run that a search for the rate has no use for.
func notForCapacity() []string {
	return []string{
		"duration", "rate", "ramp-up", "warmup", "stages", "profile", "total", "think-time", "abort-on",
		"threshold", "no-default-thresholds",
		"busy-hour", "day-curve",
		"time-scale",
		"mischief", "crash-test", "crash-at", "restart-command", "client-retries", "real-clients",
		"require-storage", "transcripts", "transcripts-timeout",
	}
}

func (o *capacityOptions) addFlags(f *pflag.FlagSet) {
	o.start, o.maxTime, o.hold = 10, durationValue(15*time.Minute), durationValue(30*time.Second)
	f.SortFlags = false
	f.StringArrayVar(&o.slo, "slo", nil, "what every rate must meet, such as 'p95_response_time_s<0.5'; repeatable")
	f.Var(&o.start, "start", "first rate to try, such as 10/s or 600/m")
	f.Var(&o.maxRate, "max-rate", "highest rate to try")
	f.Var(&o.maxTime, "max-time", "stop the search after this time and report what is known by then")
	f.Var(&o.hold, "hold", "how long to hold the final rate to confirm it")
	f.Float64Var(&o.precision, "precision", 0.03,
		"end the search when the highest rate that holds and the lowest that fails are this close, as a share")
	o.runOptions.addFlags(f)
	f.Lookup("max-concurrent").Usage = "send at most this many uploads at once; fewer are used if they are enough"
	f.Lookup("max-concurrent").DefValue = fmt.Sprint(defaultSlots)
	o.scenario.MaxConcurrent = defaultSlots
	for _, name := range notForCapacity() {
		if flag := f.Lookup(name); flag != nil {
			flag.Hidden = true
		}
	}
}

// defaultSlots are as many uploads in flight as most machines have connections for without being told.
const defaultSlots = 4000

// prepare reads the scenario file and completes the options.
func (o *capacityOptions) prepare(flags *pflag.FlagSet) error {
	for _, name := range notForCapacity() {
		if flag := flags.Lookup(name); flag != nil && origin(flag) == "--"+name {
			return usageErrorf("--start and --max-rate bound the rates that are tried",
				"--%s is not for capacity, which searches for the load itself", name)
		}
	}
	if _, err := o.readScenario(flags); err != nil {
		return err
	}
	var errs problems
	for _, text := range o.slo {
		objective, err := capacity.ParseObjective(text)
		if err != nil {
			errs = append(errs, problemf("{slo}: %w", err))
		}
		o.objectives = append(o.objectives, objective)
	}
	if len(o.slo) == 0 {
		o.objectives = capacity.Defaults()
	}
	errs.check(o.start <= 0, "{start} must be more than 0")
	errs.check(o.maxTime <= 0 || o.hold <= 0, "{max-time} and {hold} must be more than 0")
	errs.check(o.maxRate > 0 && o.maxRate < o.start, "{max-rate} is less than {start}")
	errs.check(!(o.precision >= 0.005 && o.precision <= 0.5), "{precision} must be 0.005 to 0.5")
	r := o.runOptions
	r.rate, r.duration, r.rampUp, r.warmUp, r.think = o.start, o.hold, 0, 0, 0
	r.stages, r.abortOn, r.profile = stagesValue{}, nil, ""
	r.scenario.Total, r.crash, r.mischief, r.scenario.Retries = 0, crashOptions{}, nil, scenario.Retries{}
	r.scenario.RealClients = false
	if err := withOrigin(flags, r.complete(flags)); err != nil {
		errs = append(errs, err)
	}
	if err := errs.join(); err != nil {
		o.traffic.close()
		return usageErrorf("", "%w", err)
	}
	return nil
}

// capacityPlan is the search that the flags ask for, after prepare.
func (o *capacityOptions) capacityPlan() capacity.Plan {
	one := o.plan()
	one.Verification.Transcripts = "" // a step would wait for its queue
	return capacity.Plan{
		Trial: one, Objectives: o.objectives, StartPerS: float64(o.start), MaxPerS: float64(o.maxRate),
		Precision: o.precision, MaxTime: time.Duration(o.maxTime), ConfirmFor: time.Duration(o.hold),
		MaxTimeText: fmt.Sprintf("--max-time %v", time.Duration(o.maxTime)),
	}
}

// runCapacity makes the search, and reports on it.
func runCapacity(ctx context.Context, o *capacityOptions) error {
	defer o.traffic.close()
	plan := o.capacityPlan()
	o.scenario.Rate, o.scenario.Duration = 0, time.Duration(o.maxTime) // for the question how many calls are left
	if err := o.confirm(ctx, net.DefaultResolver.LookupNetIP); err != nil {
		return err
	}
	published, err := o.startPublishing(ctx, plan.Objectives)
	if err != nil {
		return err
	}
	defer published.close()
	shown := terminal.NewSearch(o.screen(), time.Duration(o.maxTime))
	defer shown.Close()
	signaled, stop := untilSignal(ctx, o.ios, onSignal{published.unlessWaiting(shown.Stopping), shown.Leave})
	defer stop()
	env := trial.Environment{
		Program: serverProgram, Names: flagName, Recordings: o.traffic.archive, Cumulative: published.needsCumulative(),
	}
	stopServer, err := startServer(signaled, &env, &plan.Trial, shown.Before())
	if err != nil {
		shown.Close()
		return published.failed(signaled, interruptedOr(signaled, trialError(err)))
	}
	defer stopServer()
	out, err := capacity.Run(signaled, plan, env, published.besidesSearch(shown))
	shown.Close()
	if err != nil {
		return published.failed(signaled, interruptedOr(signaled, trialError(err)))
	}
	rep := out.Capacity
	rep.Tool = report.Tool{Name: "rdiostress", Version: version}
	if out.CallsWereLimit {
		rep.Result.Reason += "; name more --talkgroups for more unique calls"
	}
	rep.Result.ExitCode = o.exitCode(&out)
	err = o.conclude("the search was made", rep.Result.ExitCode, o.forms.ofSearch(&rep),
		func(w io.Writer) error { return o.showSearch(w, &rep) })
	o.annotate(github.OfSearch(&rep))
	if left := searchLeftText(&out, o.forms.json); left != "" && !o.withServer {
		o.ios.say("%s", left)
	}
	published.end(signaled, err, finalOfSearch(&rep))
	return err
}

// exitCode is 0 where the search found what it was asked for, if only that the rate that it was not to exceed is held.
func (o *capacityOptions) exitCode(out *capacity.Outcome) int {
	rep, r := out.Capacity, out.Result
	switch {
	case rep.Run.Interrupted:
		return exitInterrupted
	case r.CapacityPerS != nil:
		return exitOK
	case slices.ContainsFunc(rep.Steps, func(s report.CapacityStep) bool { return s.Broke == report.BrokeLoss }):
		return exitLoss
	case r.AcceptedPerS != nil:
		return exitInconclusive
	case o.maxRate > 0 && r.AtLeastPerS != nil && math.Abs(*r.AtLeastPerS-float64(o.maxRate)) < 1e-9:
		return exitOK
	case r.AtLeastPerS == nil && !r.Limited && r.HighPerS != nil && !out.TimeUp:
		return exitMissed
	default:
		return exitInconclusive
	}
}
