package cli

import (
	"errors"
	"fmt"

	"github.com/spf13/pflag"

	"rdiostress/internal/configfile"
	"rdiostress/internal/mischief"
)

// mischiefValue is a flag for a mix of misbehaviour.
type mischiefValue mischief.Mix

func (v *mischiefValue) Set(s string) error {
	mix, err := mischief.ParseMix(s)
	var unknown *mischief.UnknownKindError
	if errors.As(err, &unknown) {
		harmless, hazards := mischief.Names()
		if near := configfile.Nearest(unknown.Name, append(harmless, hazards...)); near != "" {
			return fmt.Errorf("there is no mischief %q; did you mean %s?", unknown.Name, near)
		}
	}
	*v = mischiefValue(mix)
	return err
}

func (v *mischiefValue) String() string { return mischief.Mix(*v).String() }

func (v *mischiefValue) Type() string { return "kind=percent" }

// addMischiefFlag adds the flag that asks for misbehaving clients.
func (o *runOptions) addMischiefFlag(f *pflag.FlagSet) {
	f.Var(&o.mischief, "mischief",
		"also send bad requests, in percent of the calls, such as truncated=1,wrong-key=0.5 or all=1; "+
			"docs/protocol.md lists the kinds")
}

// checkMischief finds what excludes mischief.
func (o *runOptions) checkMischief() error {
	if len(o.mischief) > 0 && o.scenario.Guide {
		return problemf("{mischief} and {profile} guide exclude each other: " +
			"the guide's batches have no mischief in them")
	}
	return nil
}
