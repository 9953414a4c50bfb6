package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/pflag"

	"rdiostress/internal/address"
	"rdiostress/internal/flaghelp"
)

const templateHead = `# A scenario for rdiostress: rdiostress run --scenario THIS-FILE
#
# Keys are the names of run's flags. A flag wins over its variable (--max-concurrent over
# RDIOSTRESS_MAX_CONCURRENT), which wins over this file. Below are all keys; those that are commented out show their
# default or an example.
# Paths are relative to where rdiostress is started.
#
# rdiostress scenario check THIS-FILE says what is wrong with it, rdiostress scenario show THIS-FILE where each value
# comes from.
`

// templateValue is what the template sets a key to, instead of leaving it commented out.
func templateValue(key string) string {
	switch key {
	case "url":
		return " " + address.DefaultURL
	case "rate":
		return " 10/s"
	case "duration":
		return " 2m"
	default:
		return ""
	}
}

// templateExample is the value of a commented key that is easier to understand by an example than by its default.
func templateExample(key string) string {
	switch key {
	case "stages":
		return "\n  - for: 1m\n    to: 50/s\n  - for: 5m\n    to: 200/s\n  - for: 1m\n    to: 0"
	case "abort-on":
		return "\n  - when: error_rate > 0.5\n    for: 10s"
	case "threshold":
		return "\n  - p99_response_time_s < 2s\n  - error_rate < 1% over 10s"
	case "talkgroups":
		return " [1001-1400, 2001]"
	case "systems":
		return " [11, 12]"
	case "client":
		return "\n  sdrtrunk: 70\n  trunk-recorder: 30"
	case "mischief":
		return "\n  truncated: 1\n  wrong-key: 0.5"
	case "resolve":
		return "\n  - scanner.local:3000:127.0.0.1"
	case "ramp-up", "warmup":
		return " 30s"
	case "audio-size":
		return " 1KB-1MB"
	case "profile":
		return " guide"
	case "preset":
		return " county"
	case "client-retries":
		return " 5s,10s"
	case "json":
		return " report.json"
	case "arrival":
		return " poisson"
	default:
		return ""
	}
}

// comment is a text as comments in lines of at most 120 columns.
func comment(text string) string {
	var b strings.Builder
	for line := range strings.Lines(flaghelp.Wrap(text, 118)) {
		b.WriteString("# " + line)
	}
	return b.String()
}

// scenarioTemplate is a scenario with every key of the flags.
func scenarioTemplate(flags *pflag.FlagSet) string {
	var b strings.Builder
	b.WriteString(templateHead)
	keyed(flags, func(f *pflag.Flag) {
		b.WriteString("\n" + comment(f.Usage))
		if f.Name == "api-key" {
			b.WriteString("# Better not here: set RDIOSTRESS_API_KEY, or name a file with api-key-file.\n")
		}
		value, example := templateValue(f.Name), templateExample(f.Name)
		switch set := f.Value.String(); {
		case value != "":
			fmt.Fprintf(&b, "%s:%s\n", f.Name, value)
		case example != "":
			fmt.Fprintf(&b, "# %s\n", strings.ReplaceAll(f.Name+":"+example, "\n", "\n# "))
		case set != "" && set != "[]":
			fmt.Fprintf(&b, "# %s\n", defaultLine(f))
		default:
			fmt.Fprintf(&b, "# %s: %s\n", f.Name, strings.ToUpper(flaghelp.Value(f)))
		}
	})
	return b.String()
}
