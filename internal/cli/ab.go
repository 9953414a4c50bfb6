package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"rdiostress/internal/compare"
	"rdiostress/internal/compare/ab"
	"rdiostress/internal/exitcode"
	"rdiostress/internal/flaghelp"
	"rdiostress/internal/report"
	"rdiostress/internal/units"
)

// abOptions are the flags of `rdiostress ab`.
type abOptions struct {
	compareOptions
	plan     ab.Plan
	reports  string   // folder for the reports of the runs
	runFlags []string // of each run
}

func newABCmd(ios *streams) *cobra.Command {
	o := &abOptions{compareOptions: compareOptions{runOptions: &runOptions{ios: ios}}}
	cmd := &cobra.Command{
		Use:   "ab --a COMMAND --b COMMAND [flags] -- [flags of run]",
		Short: "Compare two servers by runs in turn, so that noise hits both alike",
		Long: `Ab starts the servers A and B in turn, makes a run against each, and stops it. It compares the pairs of
runs: A B, then B A, and so on. What drifts on the machine is then the same for both, so that fewer runs show a change
than with compare.

The commands are a shell's. In each, {port} is filled in, at which the server is to listen on 127.0.0.1, and {dir}, a
new and empty folder, which is removed after the run.

` + flagText(exitcode.CompareHelp),
		Example: `  rdiostress ab --a './old --port {port} --data {dir}' --b './new --port {port} --data {dir}' \
      --rounds 5 -- --rate 50/s --duration 60
  rdiostress ab --a 'old/server {port}' --b 'new/server {port}' --fail-on 'p95_response_time_s +10%' \
      --html ab.html -- --rate 50/s --api-key KEY`,
		Args: afterDashes,
		RunE: func(cmd *cobra.Command, args []string) error {
			o.runFlags = args
			if err := o.prepare(cmd.Flags()); err != nil {
				return err
			}
			return o.ab(cmd.Context())
		},
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.StringVar(&o.plan.A, "a", "", "command that starts server A, the base, with {port} and {dir} in it")
	f.StringVar(&o.plan.B, "b", "", "command that starts server B, the new one")
	f.IntVar(&o.plan.Rounds, "rounds", 5, "make so many runs against each, at least 4 for a result")
	f.StringVar(&o.reports, "reports", "", "keep the reports of the runs in this folder, for compare")
	o.addGateFlags(f)
	o.addForms(f)
	f.BoolVarP(&o.quiet, "quiet", "q", false, "show no progress")
	f.BoolVar(&o.noColor, "no-color", false, "use no colors; the variable NO_COLOR does the same")
	f.BoolVar(&o.ascii, "ascii", false,
		"use no characters but ASCII; a locale that is not UTF-8, and TERM=dumb, do the same")
	flaghelp.Describe(cmd, abGroups())
	return cmd
}

// afterDashes refuses arguments that do not stand behind two dashes.
func afterDashes(cmd *cobra.Command, args []string) error {
	if at := cmd.ArgsLenAtDash(); at > 0 || at < 0 && len(args) > 0 {
		return usageErrorf("put commands in quotes, and the flags of run behind --", "%s takes no argument: %q",
			cmd.CommandPath(), args[0])
	}
	return nil
}

func abGroups() []flaghelp.Group {
	report := compareFormGroup()
	report.Flags = append(report.Flags, flaghelp.Flag{Name: "quiet"})
	return []flaghelp.Group{{Title: "Servers", Flags: []flaghelp.Flag{
		{Name: "a", Value: "command"},
		{Name: "b", Value: "command"},
		{Name: "rounds", Value: "number"},
		{Name: "reports", Value: "folder"},
	}}, gateGroup(), report}
}

// prepare checks the flags, also those of the runs.
func (o *abOptions) prepare(flags *pflag.FlagSet) error {
	var errs problems
	errs.check(o.plan.A == "", "{a} is missing: it is the command that starts the base")
	errs.check(o.plan.B == "", "{b} is missing: it is the command that starts the new server")
	for name, command := range map[string]string{"a": o.plan.A, "b": o.plan.B} {
		if err := ab.CheckCommand(command); command != "" && err != nil {
			errs = append(errs, problemf("{"+name+"} %w", err))
		}
	}
	errs.check(o.plan.Rounds < 1 || o.plan.Rounds > ab.MaxRounds, "{rounds} must be 1 to %d", ab.MaxRounds)
	if o.reports != "" {
		info, err := os.Stat(o.reports)
		errs.check(err != nil || !info.IsDir(), "{reports} %s: there is no such folder", o.reports)
	}
	if err := errs.join(); err != nil {
		return withOrigin(flags, usageErrorf("", "%w", err))
	}
	if err := o.compareOptions.prepare(flags); err != nil {
		return err
	}
	return o.checkRunFlags()
}

// checkRunFlags finds out before the first server is started whether the runs can be made.
func (o *abOptions) checkRunFlags() error {
	var errs problems
	cmd := newRunCmd(o.child(io.Discard), func(_ context.Context, run *runOptions) error {
		run.traffic.close()
		return nil
	})
	cmd.SetOut(io.Discard) // as of help
	cmd.SilenceErrors, cmd.SilenceUsage = true, true
	cmd.SetFlagErrorFunc(flagError)
	cmd.SetArgs(append(slices.Clone(o.runFlags), "--quiet"))
	err := cmd.ExecuteContext(context.Background())
	for _, name := range []string{"url", "with-server", "json", "html", "markdown", "junit", "csv", "hdr-log", "help"} {
		errs.check(cmd.Flags().Changed(name),
			"{"+name+"} is not for the runs of ab, which has their server, report and forms itself")
	}
	if own := errs.join(); own != nil {
		return usageErrorf("", "%w", own)
	}
	if err != nil {
		return fmt.Errorf("flags of run: %w", err)
	}
	return nil
}

// child are the streams of a run: what it says is kept, in case that it fails, and it adds nothing to a CI job.
func (o *abOptions) child(errs io.Writer) *streams {
	environ := slices.DeleteFunc(slices.Clone(o.ios.Environ), func(entry string) bool {
		name, _, _ := strings.Cut(entry, "=")
		return name == stepSummary || name == "GITHUB_ACTIONS"
	})
	return &streams{In: strings.NewReader(""), Out: io.Discard, Err: errs, Environ: environ}
}

// ab makes the runs and compares them.
func (o *abOptions) ab(ctx context.Context) error {
	ctx, stop := untilSignal(ctx, o.ios, onSignal{})
	defer stop()
	folder := o.reports
	if folder == "" {
		var err error
		if folder, err = os.MkdirTemp("", "rdiostress-ab-"); err != nil {
			return fmt.Errorf("cannot make a folder for the reports: %w", err)
		}
		defer func() { _ = os.RemoveAll(folder) }()
	}
	a, b, err := o.plan.Run(ctx, func(ctx context.Context, turn ab.Turn) (*report.Report, string, error) {
		rep, file, err := o.oneRun(ctx, turn, folder)
		if o.reports == "" {
			file = ""
		}
		return rep, file, err
	})
	switch {
	case ctx.Err() != nil:
		return &commandError{exitInterrupted, errors.New("interrupted before all runs were made"), ""}
	case err != nil:
		return err
	}
	return o.concludeComparison(a, b, compare.Paired)
}

// oneRun makes a run as the command run does.
func (o *abOptions) oneRun(ctx context.Context, turn ab.Turn, folder string) (*report.Report, string, error) {
	file := filepath.Join(folder, fmt.Sprintf("%s-%d.json", strings.ToLower(turn.Side), turn.Round))
	var said bytes.Buffer
	args := append([]string{"run"}, o.runFlags...)
	code := run(ctx, append(args, "--url", turn.URL, "--json", file, "--quiet"), o.child(&said))
	if !slices.Contains([]int{exitOK, exitMissed, exitLoss, exitInconclusive}, code) {
		return nil, "", &commandError{code, fmt.Errorf("the run failed:\n%s", strings.TrimSpace(said.String())), ""}
	}
	loaded, err := compare.Load(file)
	if err != nil {
		return nil, "", err
	}
	rep := loaded.Reports[0]
	if f := rep.Latency.Figures; !o.quiet && f != nil {
		o.ios.say("round %d of %d, %s: p95 %s, exit code %d", turn.Round, o.plan.Rounds, turn.Side,
			units.Seconds(f.P95S), code)
	}
	return rep, file, nil
}
