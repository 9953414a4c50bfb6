package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"rdiostress/internal/configfile"
	"rdiostress/internal/flaghelp"
)

func newScenarioCmd(ios *streams) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "scenario",
		Short: "Create, check and show scenario files for run",
		Long: `A scenario file is YAML whose keys are the names of run's flags:

  rate: 50/s
  duration: 5m
  talkgroups: [1001-1400, 2001]

rdiostress run --scenario FILE runs it. A flag wins over its variable, which wins over the file.`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.SuggestionsMinimumDistance = 2
	cmd.AddCommand(newScenarioInitCmd(ios), newScenarioCheckCmd(ios), newScenarioShowCmd(ios))
	return cmd
}

func newScenarioInitCmd(ios *streams) *cobra.Command {
	return &cobra.Command{
		Use:               "init [FILE]",
		Short:             "Write a commented scenario with every key, to start from",
		Example:           "  rdiostress scenario init busy-hour.yaml\n  rdiostress scenario init > busy-hour.yaml",
		Args:              atMostOneFile,
		ValidArgsFunction: flaghelp.Files(yamlExtensions()...),
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				_, err := io.WriteString(ios.Out, scenarioTemplate(runFlags()))
				return err
			}
			return writeNew(args[0], scenarioTemplate(runFlags()))
		},
	}
}

// writeNew writes a file that must not be there yet.
func writeNew(path, text string) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if errors.Is(err, os.ErrExist) {
		return usageErrorf("name another file, or remove it first", "%s exists already", path)
	}
	if err != nil {
		return usageErrorf("", "cannot write the scenario: %w", err)
	}
	_, err = io.WriteString(f, text)
	return errors.Join(err, f.Close())
}

func newScenarioCheckCmd(ios *streams) *cobra.Command {
	return newScenarioFileCmd(ios, "check [FILE]", "Report what is wrong with a scenario, without running it",
		`Check reads a scenario together with variables and flags, as run does, and reports everything that is wrong
with it. If there is anything, the exit code is 2. No call is sent.`,
		func(o *runOptions, flags *pflag.FlagSet) error {
			if err := o.prepare(flags); err != nil {
				return err
			}
			_, err := fmt.Fprintf(ios.Out, "%s: a run of it can be made\n", orFlags(o.scenarioFile))
			return err
		})
}

// orFlags returns the name of what was checked: the file, or, without one, flags and variables.
func orFlags(file string) string {
	if file == "" {
		return "flags and variables"
	}
	return file
}

func newScenarioShowCmd(ios *streams) *cobra.Command {
	return newScenarioFileCmd(ios, "show [FILE]", "Show the values a run would use, and where each comes from",
		`Show prints the values that run would use as a scenario file of its own, with the source of each: flag,
variable, file or default. Defaults are comments. Keys and passwords are not shown.`,
		func(o *runOptions, flags *pflag.FlagSet) error {
			overruled, err := o.readScenario(flags)
			if err != nil {
				return err
			}
			if _, err := io.WriteString(ios.Out, effective(flags, overruled)); err != nil {
				return err
			}
			return withOrigin(flags, o.complete(flags))
		})
}

// newScenarioFileCmd is a command about one scenario file that takes run's flags as well.
func newScenarioFileCmd(ios *streams, use, short, long string,
	about func(*runOptions, *pflag.FlagSet) error,
) *cobra.Command {
	o := &runOptions{ios: ios}
	cmd := &cobra.Command{
		Use: use, Short: short, Long: long, Args: atMostOneFile, ValidArgsFunction: flaghelp.Files(yamlExtensions()...),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 1 {
				if err := cmd.Flags().Set(scenarioFlag, args[0]); err != nil {
					return err
				}
			}
			defer o.traffic.close()
			return about(o, cmd.Flags())
		},
	}
	o.addFlags(cmd.Flags())
	flaghelp.Describe(cmd, runGroups())
	return cmd
}

func atMostOneFile(cmd *cobra.Command, args []string) error {
	if len(args) > 1 {
		return usageErrorf("", "%s takes one file, not %d", cmd.CommandPath(), len(args))
	}
	return nil
}

// runFlags are the flags of run, as none has been given.
func runFlags() *pflag.FlagSet {
	flags := newRunCmd(&streams{}, func(context.Context, *runOptions) error { return nil }).Flags()
	return flags
}

// keyed calls f for each flag that has a key in scenario files.
func keyed(flags *pflag.FlagSet, f func(*pflag.Flag)) {
	flags.VisitAll(func(flag *pflag.Flag) {
		if !slices.Contains([]string{"help", scenarioFlag}, flag.Name) {
			f(flag)
		}
	})
}

// effective writes the values of all flags as a scenario, with where each comes from.
func effective(flags *pflag.FlagSet, overruled []configfile.Entry) string {
	var lines [][2]string // text and comment
	var unset []string
	keyed(flags, func(f *pflag.Flag) {
		from := origin(f)
		switch {
		case isSecret(f):
			lines = append(lines, [2]string{"# " + f.Name + ": not shown", from})
		case !f.Changed && (f.Value.String() == "" || f.Value.String() == "[]"):
			unset = append(unset, f.Name)
		case !f.Changed:
			lines = append(lines, [2]string{"# " + defaultLine(f), from})
		default:
			lines = append(lines, setLines(f, from)...)
		}
	})
	for _, e := range overruled {
		by := overruledIn(flags)(e.Key)
		lines = append(lines, [2]string{"# " + e.Key + ": not heeded", fmt.Sprintf("line %d: %s wins", e.At.Line, by)})
	}
	text := columns(lines)
	if len(unset) > 0 {
		text += "# not set: " + strings.Join(unset, ", ") + "\n"
	}
	return text
}

// listOf returns what a flag is set to if that is written as a list. An address alone is not.
func listOf(f *pflag.Flag) (list []string, ok bool) {
	v, ok := f.Value.(pflag.SliceValue)
	if !ok {
		return nil, false
	}
	list = v.GetSlice()
	_, addresses := f.Value.(*urlsValue)
	return list, !addresses || len(list) > 1
}

// defaultLine is the line of a flag that has its default.
func defaultLine(f *pflag.Flag) string {
	list, ok := listOf(f)
	if !ok {
		return configfile.Key(f.Name, f.Value.String())
	}
	var elements []string
	for _, element := range list {
		elements = append(elements, configfile.Scalar(element))
	}
	return f.Name + ": [" + strings.Join(elements, ", ") + "]"
}

// setLines are the lines of a flag that was set.
func setLines(f *pflag.Flag, from string) (lines [][2]string) {
	list, ok := listOf(f)
	if !ok {
		return [][2]string{{configfile.Key(f.Name, f.Value.String()), from}}
	}
	lines = append(lines, [2]string{f.Name + ":", from})
	for _, element := range list {
		lines = append(lines, [2]string{"  - " + configfile.Scalar(element), ""})
	}
	return lines
}

// widestText is how long a line may be for its comment to stand in the column of all comments.
const widestText = 48

func columns(lines [][2]string) string {
	width := 0
	for _, l := range lines {
		if n := utf8.RuneCountInString(l[0]); n <= widestText {
			width = max(width, n)
		}
	}
	var b bytes.Buffer
	for _, l := range lines {
		b.WriteString(l[0])
		if l[1] != "" {
			fmt.Fprintf(&b, "%*s  # %s", max(0, width-utf8.RuneCountInString(l[0])), "", l[1])
		}
		b.WriteString("\n")
	}
	return b.String()
}
