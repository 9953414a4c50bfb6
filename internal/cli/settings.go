package cli

import (
	"regexp"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"rdiostress/internal/configfile"
	"rdiostress/internal/flaghelp"
	"rdiostress/internal/inputfile"
)

// Where a flag's value comes from: flag > environment > scenario file > default. The variables are heeded before a
// command runs, by flagsFromEnv; the file comes here. Each leaves a note in the flag, so that errors and `scenario
// show` can tell.

// scenarioFlag names the scenario file. It is the one flag of run that has no key in it.
const scenarioFlag = "scenario"

// maxScenarioFile is how large a scenario file may be.
const maxScenarioFile = 4 << 20

// prepare reads the scenario file, if there is one, and completes the options.
func (o *runOptions) prepare(flags *pflag.FlagSet) error {
	if _, err := o.readScenario(flags); err != nil {
		return err
	}
	return withOrigin(flags, o.complete(flags))
}

// readScenario sets the flags that the scenario file names, but those that the command or the environment has set. It
// returns what was not heeded.
func (o *runOptions) readScenario(flags *pflag.FlagSet) (overruled []configfile.Entry, err error) {
	if o.scenarioFile == "" {
		if flags.Changed(scenarioFlag) {
			return nil, usageErrorf("", "--scenario names no file")
		}
		return nil, nil
	}
	text, err := inputfile.ReadOnce(o.scenarioFile, maxScenarioFile)
	if err != nil {
		return nil, usageErrorf("rdiostress scenario init FILE makes one", "cannot read the scenario: %w", err)
	}
	file, err := configfile.Parse(o.scenarioFile, text)
	if err != nil {
		return nil, usageErrorf("", "%w", err)
	}
	overruled, err = file.Apply(configfile.Settings{
		Flags: flags, Skip: []string{scenarioFlag}, Overruled: overruledIn(flags), Plain: plainFlagError,
	})
	if err != nil {
		return nil, usageErrorf("", "%w", err)
	}
	return overruled, nil
}

// overruledIn says which of the flags that are set by now wins over a key of the scenario file.
func overruledIn(flags *pflag.FlagSet) func(key string) string {
	given := make(map[string]bool)
	flags.Visit(func(f *pflag.Flag) { given[f.Name] = true })
	return func(key string) string {
		for _, name := range append([]string{key}, excludedBy(key)...) {
			if given[name] {
				return origin(flags.Lookup(name))
			}
		}
		return ""
	}
}

// origin says where a flag's value comes from.
func origin(f *pflag.Flag) string {
	switch from := f.Annotations[configfile.Origin]; {
	case len(from) > 0:
		return from[0]
	case f.Changed:
		return "--" + f.Name
	default:
		return "default"
	}
}

// isSecret reports whether a flag's value must not be shown: an API key, a password, a token, or an address or
// connection string that carries one.
func isSecret(f *pflag.Flag) bool {
	if !f.Changed {
		return false // what is built in is in the manual too
	}
	name := strings.Split(f.Name, "-")
	isFile := slices.Contains([]string{"file", "cert"}, name[len(name)-1]) || flaghelp.NamesFile(f)
	named := slices.ContainsFunc(name, func(word string) bool {
		return slices.Contains([]string{"key", "token", "password", "secret", "dsn"}, word)
	})
	return named && !isFile || carriesSecret.MatchString(f.Value.String())
}

// carriesSecret finds user and password before a host, a query, and name=value pairs of connection strings.
var carriesSecret = regexp.MustCompile(`://[^/\s]*@|://\S*\?|(?i)\b(password|passwd|pwd|secret|token|api_?key)\s*=`)
