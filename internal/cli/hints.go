package cli

import (
	"cmp"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"rdiostress/internal/address"
	"rdiostress/internal/flaghelp"
	"rdiostress/internal/nearest"
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

// oneArg refuses any number of arguments other than one; words say what that one is.
func oneArg(words string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		switch {
		case len(args) == 0:
			return usageErrorf("", "%s needs %s", cmd.CommandPath(), words)
		case len(args) > 1:
			return usageErrorf("", "%s takes %s, not %d", cmd.CommandPath(), words, len(args))
		}
		return nil
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
	return "the commands are " + strings.Join(commandNames(cmd), ", ")
}

// commandNames are the names of the commands below one that its help lists.
func commandNames(cmd *cobra.Command) (names []string) {
	for _, sub := range cmd.Commands() {
		if sub.IsAvailableCommand() {
			names = append(names, sub.Name())
		}
	}
	return names
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
	var value *valueError
	hint := ""
	switch {
	case errors.As(err, &unknown):
		if before := c.Flags().Args(); c.HasSubCommands() && len(before) > 0 {
			return cmp.Or(c.ValidateArgs(before), noArgs(c, before))
		}
		if meant := meantFlags(c, unknown.GetSpecifiedName()); len(meant) > 0 {
			hint = fmt.Sprintf("did you mean %s?", alternatives(meant))
		}
	case errors.As(err, &invalid) && errors.As(err, &value): // other errors say what is allowed
		hint = flaghelp.Line(invalid.GetFlag())
	case errors.As(err, &missing):
		hint = flaghelp.Line(missing.GetFlag())
	}
	return usageErrorf(hint, "%s", plainFlagError(err))
}

// meantFlags are what may have been meant by a flag that a command does not have: the same of a command below it, above
// all of run, or its own with a similar name, with another program's name for them, or with all the words of the name.
func meantFlags(c *cobra.Command, name string) []string {
	var of *cobra.Command
	for _, sub := range c.Commands() {
		if sub.Flags().Lookup(name) != nil && (of == nil || sub.Name() == "run") {
			of = sub
		}
	}
	if of != nil {
		return []string{of.CommandPath() + " --" + name}
	}
	var names []string
	c.Flags().VisitAll(func(f *pflag.Flag) {
		if !f.Hidden {
			names = append(names, f.Name)
		}
	})
	if near := nearest.Name(name, names); near != "" {
		return []string{"--" + near}
	}
	for _, other := range sameFlags(name) {
		if slices.Contains(names, other) {
			return []string{"--" + other}
		}
	}
	return flagsWithWords(names, name)
}

// alternatives writes a list such as "a, b or c".
func alternatives(list []string) string {
	last := len(list) - 1
	if last < 1 {
		return strings.Join(list, "")
	}
	return strings.Join(list[:last], ", ") + " or " + list[last]
}

// flagsWithWords returns those of some flags that have all the words of a name; none where they are many.
func flagsWithWords(names []string, name string) (found []string) {
	const most = 3
	words := strings.FieldsFunc(strings.ToLower(name), func(r rune) bool { return r == '-' || r == '_' || r == '.' })
	for _, flag := range names {
		has := strings.Split(flag, "-")
		lacks := slices.ContainsFunc(words, func(word string) bool { return !slices.Contains(has, word) })
		if len(words) > 0 && !lacks {
			found = append(found, "--"+flag)
		}
	}
	if len(found) > most {
		return nil
	}
	return found
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

// plainFlagError is the text of an error about a flag, in words for people.
func plainFlagError(err error) string {
	if invalid := (*pflag.InvalidValueError)(nil); errors.As(err, &invalid) {
		return fmt.Sprintf("--%s: %v", invalid.GetFlag().Name, invalid.Unwrap())
	}
	return err.Error()
}

// isAddress reports whether a word is an address of a server.
func isAddress(word string) bool {
	return strings.HasPrefix(word, "http://") || strings.HasPrefix(word, "https://") || address.WithScheme(word) != word
}
