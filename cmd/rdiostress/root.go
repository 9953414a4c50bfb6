package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// run runs the command line args and returns the exit code.
func run(ctx context.Context, args []string, ios *streams) int {
	root := newRootCmd(ios)
	root.SetArgs(args)
	root.SetIn(ios.In)
	root.SetOut(ios.Out)
	root.SetErr(ios.Err)
	cmd, err := root.ExecuteContextC(ctx)
	printError(ios, cmd, err)
	return exitCode(err)
}

func newRootCmd(ios *streams) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "rdiostress",
		Short: "Load-test RdioScanner-compatible call servers",
		Long: `rdiostress finds out how many radio calls a RdioScanner-compatible server can really take, and what breaks first.

  rdiostress run --with-server          try it: drive load at the bundled server
  rdiostress run --url http://host:3000 --api-key KEY
                                        score a server of yours

Every flag can also be set by a variable: --max-concurrent is RDIOSTRESS_MAX_CONCURRENT. A flag wins over its variable.

` + exitHelp,
		SilenceErrors:     true,
		SilenceUsage:      true,
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error { return flagsFromEnv(cmd.Flags(), ios) },
		Args:              noArgs,
		RunE:              func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usageErrorf("", "%w", err) })
	cmd.AddCommand(newRunCmd(ios, runLoad), newServeCmd(ios, runServe), newVersionCmd(ios))
	return cmd
}

// noArgs refuses arguments, as a usage error that names the first.
func noArgs(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	if cmd.HasSubCommands() {
		return usageErrorf("", "unknown command %q", args[0])
	}
	return usageErrorf("", "%s takes no argument: %q", cmd.CommandPath(), args[0])
}

// flagsFromEnv sets each flag that was not given from its RDIOSTRESS_* variable, if there is one.
func flagsFromEnv(flags *pflag.FlagSet, ios *streams) error {
	var errs []error
	flags.VisitAll(func(f *pflag.Flag) {
		if f.Changed || f.Name == "help" {
			return
		}
		name := envName(f.Name)
		value, ok := ios.Env(name)
		if !ok || value == "" {
			return
		}
		if err := flags.Set(f.Name, value); err != nil {
			reason := strings.TrimPrefix(err.Error(), fmt.Sprintf("invalid argument %q for ", value))
			if f.Name == "api-key" {
				reason = "not a key"
			}
			errs = append(errs, fmt.Errorf("%s: %s", name, reason))
		}
	})
	if len(errs) > 0 {
		return usageErrorf("", "%w", errors.Join(errs...))
	}
	return nil
}

// envName is the variable that stands for a flag.
func envName(flag string) string {
	return "RDIOSTRESS_" + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
}

// errorPrefix is how a line begins that tells an error.
const errorPrefix = "rdiostress: error: "

// printError prints an error as one line a problem, and what can be done about it on a line of its own.
func printError(ios *streams, cmd *cobra.Command, err error) {
	var status exitStatus
	if err == nil || errors.As(err, &status) {
		return
	}
	for line := range strings.Lines(err.Error()) {
		fmt.Fprintf(ios.Err, "%s%s\n", errorPrefix, strings.TrimRight(line, "\n"))
	}
	var ce *commandError
	hint := ""
	if errors.As(err, &ce) {
		hint = ce.hint
		if hint == "" && ce.code == exitUsage {
			hint = fmt.Sprintf("%s --help lists the flags", cmd.CommandPath())
		}
	}
	if hint != "" {
		fmt.Fprintf(ios.Err, "rdiostress: hint: %s\n", hint)
	}
}
