package cli

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"rdiostress/internal/bundled"
	"rdiostress/internal/configfile"
	"rdiostress/internal/exitcode"
	"rdiostress/internal/flaghelp"
	"rdiostress/internal/nearest"
	"rdiostress/internal/plain"
	"rdiostress/internal/report"
	"rdiostress/internal/stdio"
)

// run runs the command line args and returns the exit code.
func run(ctx context.Context, args []string, ios *streams) int {
	root := newRootCmd(ios)
	root.SetArgs(args)
	root.SetIn(ios.In)
	root.SetOut(ios.Out)
	root.SetErr(ios.Err)
	err := root.ExecuteContext(ctx)
	if stdio.ReaderGone(err) { // nobody is left to tell
		return exitOK
	}
	printError(ios, err)
	return exitCode(err)
}

func newRootCmd(ios *streams) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "rdiostress",
		Short: "Load-test RdioScanner-compatible call servers",
		Long: `rdiostress finds out how many radio calls a RdioScanner-compatible server can take, and what breaks
first.

Try it with the bundled server:
  rdiostress run --with-server

Test your own server:
  rdiostress run --url http://host:3000 --api-key KEY

Every flag can also be set by a variable: --max-concurrent by RDIOSTRESS_MAX_CONCURRENT. A flag wins over its
variable.

` + flagText(exitcode.Help),
		SilenceErrors: true,
		SilenceUsage:  true,
		Version:       version,
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error {
			warnUnknownVariables(cmd.Root(), ios)
			return flagsFromEnv(cmd.Flags(), ios)
		},
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.SetFlagErrorFunc(flagError)
	cmd.SetVersionTemplate(versionLine())
	cmd.SuggestionsMinimumDistance = 2
	cmd.SetHelpFunc(func(cmd *cobra.Command, _ []string) {
		_ = flaghelp.Write(ios.Out, cmd, ios.helpWidth()) // nobody is left to tell
	})
	cmd.SetHelpCommand(newHelpCmd())
	cmd.AddCommand(newRunCmd(ios, runLoad), newCapacityCmd(ios, runCapacity), newServeCmd(ios, runServe),
		newSinkCmd(ios, runSink), newSTTCmd(ios, runSTT), newCleanupCmd(ios, runCleanup),
		newScenarioCmd(ios), newReplayCmd(ios), newReportCmd(ios), newCompareCmd(ios), newABCmd(ios),
		newDrillCmd(ios, runDrill),
		newCompletionCmd(ios), newVersionCmd(ios))
	plainFlags(cmd)
	return cmd
}

// excludedBy names the flags that exclude or replace a flag: when one of them is given in the command, the flag's
// variable is not heeded, since the command wins over the environment.
func excludedBy(flag string) []string {
	switch flag {
	case "api-key-file":
		return []string{"api-key"}
	case "read-key-file":
		return []string{"read-key"}
	case "url":
		return []string{"with-server"}
	case "with-server":
		return []string{"url"}
	case "rate":
		return []string{"stages", "busy-hour"}
	case "duration":
		return []string{"stages"}
	case "stages":
		return []string{"rate", "duration", "busy-hour"}
	case "busy-hour":
		return []string{"rate", "stages"}
	case "audio-dir":
		return []string{"audio-size"}
	case "audio-size":
		return []string{"audio-dir"}
	default:
		return nil
	}
}

// flagsFromEnv sets each flag that was not given from its RDIOSTRESS_* variable, if there is one.
func flagsFromEnv(flags *pflag.FlagSet, ios *streams) error {
	given := make(map[string]bool)
	flags.Visit(func(f *pflag.Flag) { given[f.Name] = true })
	var errs []error
	flags.VisitAll(func(f *pflag.Flag) {
		if given[f.Name] || f.Name == "help" ||
			slices.ContainsFunc(excludedBy(f.Name), func(by string) bool { return given[by] }) {
			return
		}
		value := ios.env(envName(f.Name))
		if value == "" {
			return
		}
		if err := flags.Set(f.Name, value); err != nil {
			errs = append(errs, fmt.Errorf("%s: %s", envName(f.Name), plainFlagError(err)))
			return
		}
		if err := flags.SetAnnotation(f.Name, configfile.Origin, []string{envName(f.Name)}); err != nil {
			errs = append(errs, err)
		}
	})
	if len(errs) > 0 {
		return usageErrorf("", "%w", errors.Join(errs...))
	}
	return nil
}

// warnUnknownVariables tells of variables that look like this program's and are not, as a misspelt one would be.
func warnUnknownVariables(root *cobra.Command, ios *streams) {
	known := make(map[string]bool)
	for _, cmd := range root.Commands() {
		cmd.Flags().VisitAll(func(f *pflag.Flag) { known[envName(f.Name)] = true })
	}
	for _, entry := range ios.Environ {
		name, _, _ := strings.Cut(entry, "=")
		if strings.HasPrefix(name, envPrefix) && !known[name] && !strings.HasPrefix(name, envPrefix+"TEST_") {
			hint := ""
			if near := nearest.Name(name, slices.Sorted(maps.Keys(known))); near != "" {
				hint = fmt.Sprintf("; did you mean %s?", near)
			}
			ios.say("warning: no flag has the variable %s%s", name, hint)
		}
	}
}

// envPrefix begins the variables that stand for flags.
const envPrefix = "RDIOSTRESS_"

// envName is the variable that stands for a flag.
func envName(flag string) string {
	return envPrefix + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
}

// errorPrefix begins a line that tells an error.
const errorPrefix = bundled.ErrorPrefix

// printError prints an error as one line a problem, below which indented lines may show where it is, and what can be
// done about it on a line of its own.
func printError(ios *streams, err error) {
	var status exitStatus
	if err == nil || errors.As(err, &status) {
		return
	}
	lines := strings.Split(strings.TrimRight(err.Error(), "\n"), "\n")
	for i, line := range lines {
		switch {
		case isCaret(line) || i+1 < len(lines) && isCaret(lines[i+1]): // what is wrong, and where
			fmt.Fprintln(ios.Err, report.WithoutCommands(plain.Text(line)))
		default:
			ios.sayLine(errorPrefix + line)
		}
	}
	var ce *commandError
	hint := ""
	if errors.As(err, &ce) {
		hint = ce.hint
	}
	if hint != "" {
		ios.say("hint: %s", hint)
	}
}

// isCaret reports whether a line is a caret under the line before it.
func isCaret(line string) bool { return strings.HasPrefix(line, " ") && strings.TrimSpace(line) == "^" }
