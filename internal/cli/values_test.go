package cli

import (
	"errors"
	"testing"

	"github.com/spf13/pflag"
)

// What pflag takes for a number, for true or false and for a length of time is taken, and nothing else: what it would
// refuse is refused before, in plain words.
func TestPlainValuesAreThoseOfPflag(t *testing.T) {
	texts := []string{
		"", "0", "7", "-7", "+7", "0x10", "0b1", "1_000", "1.5", "1e3", "1e400", "NaN", "Inf", " 1", "true", "T", "yes",
		"5s", "1h30m", "-1s", "5", "99999999999999999999", "9999999999999999999999h", "many", "0x",
	}
	add := func(f *pflag.FlagSet) {
		f.Int("int", 0, "")
		f.Int64("int64", 0, "")
		f.Uint64("uint64", 0, "")
		f.Float64("float64", 0, "")
		f.Bool("bool", false, "")
		f.Duration("duration", 0, "")
	}
	own, theirs := pflag.NewFlagSet("", pflag.ContinueOnError), pflag.NewFlagSet("", pflag.ContinueOnError)
	add(own)
	add(theirs)
	own.VisitAll(func(f *pflag.Flag) {
		value := plainValue{f.Value}
		for _, text := range texts {
			err, want := value.Set(text), theirs.Set(f.Name, text)
			var plain *valueError
			if (err == nil) != (want == nil) || err != nil && !errors.As(err, &plain) {
				t.Errorf("%s %q: %v, where pflag says %v", f.Name, text, err, want)
			}
			if got, want := value.String(), theirs.Lookup(f.Name).Value.String(); err == nil && got != want {
				t.Errorf("%s %q is %s, not %s", f.Name, text, got, want)
			}
		}
	})
}

// A whole number may begin with zeros.
func TestPlainValuesAreDecimal(t *testing.T) {
	n := 0
	f := pflag.NewFlagSet("", pflag.ContinueOnError)
	f.IntVar(&n, "n", 0, "")
	for text, want := range map[string]int{"010": 10, "000": 0, "0089": 89} {
		if err := (plainValue{f.Lookup("n").Value}).Set(text); err != nil || n != want {
			t.Errorf("%s is %d, %v", text, n, err)
		}
	}
}

// No flag of any command has an error of pflag's own types, whose texts are not for people.
func TestFlagsArePlain(t *testing.T) {
	root := newRootCmd(&streams{})
	for _, cmd := range append(root.Commands(), root) {
		cmd.Flags().VisitAll(func(f *pflag.Flag) {
			switch f.Value.Type() {
			case "int", "int64", "uint64", "uint", "float64", "bool", "duration":
				if _, ok := f.Value.(plainValue); !ok {
					t.Errorf("%s --%s", cmd.CommandPath(), f.Name)
				}
			}
		})
	}
}
