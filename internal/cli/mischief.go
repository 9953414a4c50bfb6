package cli

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/pflag"

	"rdiostress/internal/address"
	"rdiostress/internal/configfile"
	"rdiostress/internal/load"
	"rdiostress/internal/measure"
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
		return errors.New("--mischief and --profile guide exclude each other: the guide's batches have no mischief in them")
	}
	return nil
}

// misbehave starts the mischief that was asked for beside a run. The returned function ends it and puts what came of it into the
// result, once that has everything else.
func (o *runOptions) misbehave(ctx context.Context, runner *load.Runner, res *measure.Result) (end func(), err error) {
	if len(o.mischief) == 0 {
		return func() {}, nil
	}
	res.Scenario.Mischief = o.mischief.String()
	campaign, err := mischief.Start(ctx, mischief.Options{
		Mix: mischief.Mix(o.mischief), Scenario: &o.scenario, Connect: o.connect(), Traffic: runner.Traffic, RunID: res.Run.ID,
		Start: runner.Start, Calls: runner.Recorder.Snapshot, Local: address.IsLoopbackURL(o.scenario.URL),
	})
	if err != nil {
		return nil, err
	}
	return func() {
		tell := time.AfterFunc(time.Second, func() {
			if !o.quiet {
				fmt.Fprintln(o.ios.Err, "rdiostress: waiting for the last misbehaving uploads")
			}
		})
		defer tell.Stop()
		res.Mischief = campaign.Stop(res.Series, res.Generator.Limited)
	}, nil
}
