package cli

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

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
	return ""
}

// isStandard tells whether an error about a flag's value is the standard library's, which says what is wrong but not
// what is allowed.
func isStandard(err error) bool {
	var number *strconv.NumError
	return errors.As(err, &number)
}

// goDurationError is how the standard library says that a text is not a duration.
var goDurationError = regexp.MustCompile(`time: .* duration ("(?:[^"\\]|\\.)*")`)

// goNumberError is how it says that a text is not a number.
var goNumberError = regexp.MustCompile(
	`strconv\.Parse(\w+): parsing ("(?:[^"\\]|\\.)*"): (invalid syntax|value out of range)`)

// plainFlagError is the text of an error about a flag's value, in words for people.
func plainFlagError(err error) string {
	text := err.Error()
	if m := goNumberError.FindStringSubmatch(text); m != nil {
		text = strings.Replace(text, m[0], m[2]+" "+plainNumberError(m[1], m[3]), 1)
	}
	text = goDurationError.ReplaceAllString(text, "$1 is no length of time; write 500ms, 30s, 5m or 1h30m")
	if _, reason, ok := strings.Cut(text, " flag: "); ok && strings.HasPrefix(text, "invalid argument ") {
		name := text[strings.Index(text, "--"):]
		name, _, _ = strings.Cut(name, `"`)
		return name + ": " + reason
	}
	return text
}

// plainNumberError says what is wrong with a value of a type that the function strconv.Parse… of this name could not
// read.
func plainNumberError(function, problem string) string {
	switch {
	case problem != "invalid syntax":
		return "is too large"
	case function == "Bool":
		return "is neither true nor false"
	case function == "Uint":
		return "is not a whole number of 0 or more"
	case function == "Float":
		return "is not a number"
	default:
		return "is not a whole number"
	}
}

// fullURL returns the address of a server with its scheme, where that was left out: https for the ports 443 and 8443,
// else http. What does not look like an address stays as it is.
func fullURL(address string) string {
	if strings.Contains(address, "://") {
		return address
	}
	authority, _, _ := strings.Cut(address, "/")
	authority = authority[strings.LastIndexByte(authority, '@')+1:]
	host, port, err := net.SplitHostPort(authority)
	switch {
	case err != nil && isHost(authority):
		return "http://" + address
	case err != nil || host == "" || port == "" || strings.Trim(port, "0123456789") != "":
		return address
	case port == "443" || port == "8443":
		return "https://" + address
	default:
		return "http://" + address
	}
}

// isHost tells whether a word is the name or the number of a host, as against any other word.
func isHost(word string) bool {
	_, err := netip.ParseAddr(strings.Trim(word, "[]"))
	named := strings.Contains(strings.Trim(word, "."), ".") && strings.ContainsFunc(word, unicode.IsLetter)
	return err == nil || word == "localhost" || named && !strings.ContainsAny(word, " :=,")
}

// isAddress tells whether a word is an address of a server.
func isAddress(word string) bool {
	return strings.HasPrefix(word, "http://") || strings.HasPrefix(word, "https://") || fullURL(word) != word
}
