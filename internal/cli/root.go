package cli

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"rdiostress/internal/bundled"
	"rdiostress/internal/configfile"
	"rdiostress/internal/exitcode"
)

// run runs the command line args and returns the exit code.
func run(ctx context.Context, args []string, ios *streams) int {
	root := newRootCmd(ios)
	root.SetArgs(args)
	root.SetIn(ios.In)
	root.SetOut(ios.Out)
	root.SetErr(ios.Err)
	err := root.ExecuteContext(ctx)
	printError(ios, err)
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

` + exitcode.Help,
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
	cmd.SetUsageTemplate(strings.ReplaceAll(cmd.UsageTemplate(), "Flags.FlagUsages", fmt.Sprintf("Flags.FlagUsagesWrapped %d", helpWidth)))
	cmd.SetHelpCommand(newHelpCmd())
	cmd.AddCommand(newRunCmd(ios, runLoad), newCapacityCmd(ios, runCapacity), newServeCmd(ios, runServe), newSinkCmd(ios, runSink),
		newScenarioCmd(ios), newDrillCmd(ios, runDrill), newVersionCmd(ios))
	decimalFlags(cmd)
	return cmd
}

// helpWidth is how wide the table of flags is.
const helpWidth = 100

// newHelpCmd is cobra's own help command, but that a command that there is not is a mistake.
func newHelpCmd() *cobra.Command {
	return &cobra.Command{
		Use:   "help [command]",
		Short: "Help about any command",
		RunE: func(cmd *cobra.Command, args []string) error {
			about, rest, err := cmd.Root().Find(args)
			if err != nil || len(rest) > 0 {
				return usageErrorf("rdiostress --help lists the commands", "there is no command %q", strings.Join(args, " "))
			}
			return about.Help()
		},
	}
}

// noArgs refuses arguments, as a usage error that names the first.
func noArgs(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	if cmd.HasSubCommands() {
		hint := fmt.Sprintf("%s --help lists the commands", cmd.CommandPath())
		if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
			hint = fmt.Sprintf("did you mean %s %s?", cmd.CommandPath(), near[0])
		}
		return usageErrorf(hint, "unknown command %q", args[0])
	}
	return usageErrorf(equalsHint(cmd.Flags(), args[0]), "%s takes no argument: %q", cmd.CommandPath(), args[0])
}

// flagError is what a mistake in the flags of a command is to the user. What follows a misspelt command is no flag of the command
// before it: then that is the mistake.
func flagError(c *cobra.Command, err error) error {
	hint := fmt.Sprintf("%s --help lists the flags", c.CommandPath())
	var unknown *pflag.NotExistError
	if errors.As(err, &unknown) {
		if before := c.Flags().Args(); c.HasSubCommands() && len(before) > 0 {
			return noArgs(c, before)
		}
		if meant := meantFlag(c, unknown.GetSpecifiedName()); meant != "" {
			hint = fmt.Sprintf("did you mean %s?", meant)
		}
	}
	return usageErrorf(hint, "%s", plainFlagError(err))
}

// meantFlag is what may have been meant by a flag that a command does not have: the same of a command below it, above all of run, or
// one of its own with a similar name. It is empty if there is neither.
func meantFlag(c *cobra.Command, name string) string {
	var of *cobra.Command
	for _, sub := range c.Commands() {
		if sub.Flags().Lookup(name) != nil && (of == nil || sub.Name() == "run") {
			of = sub
		}
	}
	if of != nil {
		return of.CommandPath() + " --" + name
	}
	var names []string
	c.Flags().VisitAll(func(f *pflag.Flag) {
		if !f.Hidden {
			names = append(names, f.Name)
		}
	})
	if near := configfile.Nearest(name, names); near != "" {
		return "--" + near
	}
	return ""
}

// equalsHint says how an argument is written that was meant as the value of a flag that can do without one; empty if there is none.
func equalsHint(flags *pflag.FlagSet, arg string) (hint string) {
	flags.Visit(func(f *pflag.Flag) {
		if f.NoOptDefVal != "" && f.Value.String() == f.NoOptDefVal && f.Value.Set(arg) == nil {
			hint = fmt.Sprintf("--%s takes its value behind an equals sign: --%s=%s", f.Name, f.Name, arg)
		}
	})
	return hint
}

// excludedBy names the flags that exclude or replace a flag: when one of them is given in the command, the flag's variable is not
// heeded, since the command wins over the environment.
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
		if given[f.Name] || f.Name == "help" || slices.ContainsFunc(excludedBy(f.Name), func(by string) bool { return given[by] }) {
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
		f.Annotations = map[string][]string{configfile.Origin: {envName(f.Name)}}
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
			fmt.Fprintf(ios.Err, "rdiostress: warning: no flag has the variable %s\n", name)
		}
	}
}

// envPrefix begins the variables that stand for flags.
const envPrefix = "RDIOSTRESS_"

// envName is the variable that stands for a flag.
func envName(flag string) string {
	return envPrefix + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
}

// goNumberError is how the standard library says that a number is none.
var goNumberError = regexp.MustCompile(`strconv\.Parse\w+: parsing ("(?:[^"\\]|\\.)*"): (?:invalid syntax|value out of range)`)

// goBoolError is how it says that a text is neither true nor false.
var goBoolError = regexp.MustCompile(`strconv\.ParseBool: parsing ("(?:[^"\\]|\\.)*"): invalid syntax`)

// plainFlagError is the text of an error about a flag's value, in words for people.
func plainFlagError(err error) string {
	text := goBoolError.ReplaceAllString(err.Error(), "$1 is neither true nor false")
	text = goNumberError.ReplaceAllString(text, "$1 is no number that fits here")
	if _, reason, ok := strings.Cut(text, " flag: "); ok && strings.HasPrefix(text, "invalid argument ") {
		name := text[strings.Index(text, "--"):]
		name, _, _ = strings.Cut(name, `"`)
		return name + ": " + reason
	}
	return text
}

// errorPrefix begins a line that tells an error.
const errorPrefix = bundled.ErrorPrefix

// printError prints an error as one line a problem, and what can be done about it on a line of its own.
func printError(ios *streams, err error) {
	var status exitStatus
	if err == nil || errors.As(err, &status) {
		return
	}
	for line := range strings.Lines(err.Error()) {
		fmt.Fprintf(ios.Err, "%s%s\n", errorPrefix, printable(strings.TrimRight(line, "\r\n")))
	}
	var ce *commandError
	hint := ""
	if errors.As(err, &ce) {
		hint = ce.hint
	}
	if hint != "" {
		fmt.Fprintf(ios.Err, "rdiostress: hint: %s\n", printable(hint))
	}
}
