package cli

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/spf13/pflag"

	"rdiostress/internal/configfile"
)

// flagProblem says what is wrong with the values of some flags.
type flagProblem struct {
	flags []string // their names, without dashes
	err   error
}

// Error implements error.
func (e *flagProblem) Error() string { return e.err.Error() }

// Unwrap returns the problem itself.
func (e *flagProblem) Unwrap() error { return e.err }

// braces finds the names of flags in the text of a problem.
var braces = regexp.MustCompile(`\{([a-z0-9-]+)\}`)

// problemf returns what is wrong with the values of some flags, whose names stand in braces in the format, as in
// "{rate} must be more than 0".
func problemf(format string, args ...any) error {
	p := &flagProblem{}
	for _, name := range braces.FindAllStringSubmatch(format, -1) {
		p.flags = append(p.flags, name[1])
	}
	p.err = fmt.Errorf(braces.ReplaceAllString(format, "--$1"), args...)
	return p
}

// problems collects what is wrong with the values of flags.
type problems []error

// check adds a problem if something is wrong; see problemf.
func (p *problems) check(wrong bool, format string, args ...any) {
	if wrong {
		*p = append(*p, problemf(format, args...))
	}
}

// join returns all problems as one error; nil if there are none.
func (p problems) join() error { return errors.Join(p...) }

// withOrigin puts in front of each problem where the value comes from that it is about, if not from the command line.
func withOrigin(flags *pflag.FlagSet, err error) error {
	var ce *commandError
	if !errors.As(err, &ce) || ce.code != exitUsage {
		return err
	}
	var lines []error
	for _, one := range separate(ce.err) {
		if from := originOf(flags, one); from != "" {
			one = fmt.Errorf("%s: %w", from, one)
		}
		lines = append(lines, one)
	}
	return usageErrorf(ce.hint, "%w", errors.Join(lines...))
}

// separate returns the errors that were joined to one.
func separate(err error) (all []error) {
	switch e := err.(type) {
	case *flagProblem:
		return []error{err}
	case interface{ Unwrap() []error }:
		for _, one := range e.Unwrap() {
			all = append(all, separate(one)...)
		}
		return all
	case interface{ Unwrap() error }:
		if inner := e.Unwrap(); inner != nil && inner.Error() == err.Error() {
			return separate(inner)
		}
	}
	return []error{err}
}

// originOf returns where the first of the flags that an error is about has its value from; empty if that is the command
// line.
func originOf(flags *pflag.FlagSet, err error) string {
	var p *flagProblem
	if !errors.As(err, &p) {
		return ""
	}
	for _, name := range p.flags {
		if f := flags.Lookup(name); f != nil && len(f.Annotations[configfile.Origin]) > 0 {
			return origin(f)
		}
	}
	return ""
}

// flagIn returns the flag that a text names, without dashes; empty if it names a variable.
func flagIn(text string) string {
	name, ok := strings.CutPrefix(text, "--")
	if !ok {
		return ""
	}
	name, _, _ = strings.Cut(name, " ")
	return name
}
