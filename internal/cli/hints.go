package cli

import (
	"errors"
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"rdiostress/internal/address"
	"rdiostress/internal/configfile"
	"rdiostress/internal/flaghelp"
)

// What is said of a command line that cannot be understood: the mistake, and as a hint what may have been meant or what
// is allowed. A hint never sends the user to a help text of several pages.

// noArgs refuses arguments, as a usage error that names the first.
func noArgs(cmd *cobra.Command, args []string) error {
	switch {
	case len(args) == 0:
		return nil
	case cmd.HasSubCommands():
		return usageErrorf(commandHint(cmd, args[0]), "unknown command %q", args[0])
	default:
		return usageErrorf(argumentHint(cmd.Flags(), args[0]), "%s takes no argument: %q", cmd.CommandPath(), args[0])
	}
}

// commandHint says what may have been meant by a word that names no command below cmd.
func commandHint(cmd *cobra.Command, word string) string {
	if near := cmd.SuggestionsFor(word); len(near) > 0 {
		return fmt.Sprintf("did you mean %s %s?", cmd.CommandPath(), near[0])
	}
	for _, sub := range cmd.Commands() {
		if sub.Name() == "run" && isAddress(word) {
			return fmt.Sprintf("did you mean %s --url %s?", sub.CommandPath(), word)
		}
	}
	return fmt.Sprintf("%s --help lists the commands", cmd.CommandPath())
}

// argumentHint says which flag may have been meant by an argument of a command that takes none; it is empty if that
// cannot be told.
func argumentHint(flags *pflag.FlagSet, arg string) string {
	if hint := equalsHint(flags, arg); hint != "" {
		return hint
	}
	meant := func(name string, looks bool) bool { return looks && flags.Lookup(name) != nil }
	yaml := slices.Contains(yamlExtensions(), strings.TrimPrefix(filepath.Ext(arg), "."))
	for _, m := range []struct {
		name  string
		looks bool
	}{
		{scenarioFlag, yaml}, {"url", isAddress(arg)}, {"listen", isAddress(arg) && !strings.Contains(arg, "/")},
	} {
		if meant(m.name, m.looks) {
			return fmt.Sprintf("did you mean --%s %s?", m.name, arg)
		}
	}
	return ""
}

// equalsHint says how an argument is written that was meant as the value of a flag that can do without one; empty if
// there is none.
func equalsHint(flags *pflag.FlagSet, arg string) (hint string) {
	flags.Visit(func(f *pflag.Flag) {
		if f.NoOptDefVal != "" && f.Value.String() == f.NoOptDefVal && f.Value.Set(arg) == nil {
			hint = fmt.Sprintf("--%s takes its value behind an equals sign: --%s=%s", f.Name, f.Name, arg)
		}
	})
	return hint
}

// flagError is what a mistake in the flags of a command is to the user. What follows a misspelt command is no flag of
// the command before it: then that is the mistake.
func flagError(c *cobra.Command, err error) error {
	var unknown *pflag.NotExistError
	var invalid *pflag.InvalidValueError
	var missing *pflag.ValueRequiredError
	hint := ""
	switch {
	case errors.As(err, &unknown):
		if before := c.Flags().Args(); c.HasSubCommands() && len(before) > 0 {
			return noArgs(c, before)
		}
		hint = fmt.Sprintf("%s --help lists the flags", c.CommandPath())
		if meant := meantFlag(c, unknown.GetSpecifiedName()); meant != "" {
			hint = fmt.Sprintf("did you mean %s?", meant)
		}
	case errors.As(err, &invalid) && isStandard(err): // our own parsers say what is allowed
		hint = flaghelp.Line(invalid.GetFlag())
	case errors.As(err, &missing):
		hint = flaghelp.Line(missing.GetFlag())
	}
	return usageErrorf(hint, "%s", plainFlagError(err))
}

// meantFlag is what may have been meant by a flag that a command does not have: the same of a command below it, above
// all of run, or one of its own with a similar name. It is empty if there is neither.
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
	for _, other := range sameFlags(name) {
		if slices.Contains(names, other) {
			return "--" + other
		}
	}
	return ""
}

// sameFlags are the flags here that do what a flag of this name does in other load testers and servers.
func sameFlags(name string) []string {
	switch name {
	case "c", "concurrency", "users", "vus", "threads", "clients":
		return []string{"max-concurrent"}
	case "rps", "qps", "throughput":
		return []string{"rate", "max-rate"}
	case "n", "requests", "iterations", "count", "calls":
		return []string{"total"}
	case "d", "time", "length":
		return []string{"duration", "max-time"}
	case "u", "host", "target", "server", "address", "addr", "port", "bind":
		return []string{"url", "listen"}
	case "token", "password":
		return []string{"api-key"}
	case "o", "output", "out", "report", "format":
		return []string{"json"}
	case "config", "file":
		return []string{"scenario"}
	case "db", "database", "dsn":
		return []string{"database-url", "verify"}
	case "k", "skip-verify", "no-check-certificate", "tls-skip-verify":
		return []string{"insecure"}
	case "cert":
		return []string{"client-cert", "tls-cert"}
	default:
		return nil
	}
}

// isStandard reports whether an error about a flag's value is the standard library's, which says what is wrong but not
// what is allowed.
func isStandard(err error) bool {
	var number *strconv.NumError
	return errors.As(err, &number)
}

// goDurationError is how the standard library says that a text is not a duration.
var goDurationError = regexp.MustCompile(`time: .* duration ("(?:[^"\\]|\\.)*")`)

// plainFlagError is the text of an error about a flag's value, in words for people.
func plainFlagError(err error) string {
	text := err.Error()
	var invalid *pflag.InvalidValueError
	isInvalid := errors.As(err, &invalid)
	if isInvalid {
		text = invalid.Unwrap().Error()
	}
	if number := (*strconv.NumError)(nil); errors.As(err, &number) {
		text = strings.Replace(text, number.Error(), strconv.Quote(number.Num)+" "+plainNumberError(number), 1)
	}
	text = goDurationError.ReplaceAllString(text, "$1 is no length of time; write 500ms, 30s, 5m or 1h30m")
	if isInvalid {
		return "--" + invalid.GetFlag().Name + ": " + text
	}
	return text
}

// plainNumberError says what is wrong with a value that a function of strconv could not read.
func plainNumberError(err *strconv.NumError) string {
	switch {
	case errors.Is(err, strconv.ErrRange):
		return "is too large"
	case err.Func == "ParseBool":
		return "is neither true nor false"
	case err.Func == "ParseUint":
		return "is not a whole number of 0 or more"
	case err.Func == "ParseFloat":
		return "is not a number"
	default:
		return "is not a whole number"
	}
}

// isAddress reports whether a word is an address of a server.
func isAddress(word string) bool {
	return strings.HasPrefix(word, "http://") || strings.HasPrefix(word, "https://") || address.WithScheme(word) != word
}
