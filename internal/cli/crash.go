package cli

import (
	"context"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"rdiostress/internal/address"
	"rdiostress/internal/trial/crash"
	"rdiostress/internal/trial/verification"
)

// crashOptions say whether and how the server is killed in mid-run.
type crashOptions struct {
	victim  string
	at      durationValue
	restart string
}

func (c *crashOptions) addFlags(f *pflag.FlagSet) {
	f.StringVar(&c.victim, "crash-test", "",
		"kill -9 the server during the run and start it again, to see whether acknowledged calls are lost: "+
			"server (of --with-server), a systemd unit or a process ID")
	f.Var(&c.at, "crash-at", "when to kill the server")
	f.StringVar(&c.restart, "restart-command", "", "shell command that starts the server again")
}

// complete checks the flags. Those of the connection are complete.
func (c *crashOptions) complete(o *runOptions, flags *pflag.FlagSet) error {
	if c.victim == "--with-server" { // as it reads well: --crash-test --with-server
		c.victim, o.withServer = crash.Bundled, true
	}
	var errs problems
	if c.victim == "" {
		errs.check(flags.Changed("crash-test"), "{crash-test} names no process")
		errs.check(flags.Changed("crash-at") || flags.Changed("restart-command"),
			"{crash-at} and {restart-command} are for {crash-test}")
		return errs.join()
	}
	plan := c.plan()
	pid, isPID := plan.PID()
	own := c.victim == crash.Bundled
	errs.check(own && !o.withServer, "{crash-test} server is the bundled one: it needs {with-server}")
	errs.check(!own && o.withServer, "{with-server} brings its own server: write {crash-test} server")
	errs.check(own && c.restart != "", "{restart-command} is not needed for the bundled server")
	errs.check(isPID && pid <= 1, "{crash-test} %d: that process is not to be killed", pid)
	errs.check(isPID && c.restart == "",
		"{crash-test} with a process needs a {restart-command} that starts the server again")
	errs.check(strings.HasPrefix(c.victim, "-"), "{crash-test} %q is neither a process nor a unit", c.victim)
	errs.check(o.verify.where == string(verification.None),
		"{crash-test} has to check what is stored: leave out {verify} none")
	length := o.scenario.Length()
	if c.at == 0 {
		errs.check(o.scenario.Total > 0 && !flags.Changed("duration"), "{crash-test} with {total} needs a {crash-at}")
		c.at = durationValue(length / 2)
	}
	errs.check(time.Duration(c.at) >= length, "{crash-at} %v is not before the end of the run, %v", time.Duration(c.at),
		length)
	target, err := address.ParseTarget(o.scenario.URL, o.connection.hosts)
	// checkTarget looks names up
	elsewhere := err != nil || !target.IsName() && !target.IsLoopback(context.Background(), nil)
	errs.check(!own && !o.yes && elsewhere, notThisMachine)
	return errs.join()
}

// notThisMachine says why --crash-test is refused.
const notThisMachine = "{crash-test} kills a process of this machine, but {url} is not: " +
	"pass {yes} if the server runs here all the same"

// checkTarget refuses to kill a process of this machine for a server that is not on it, unless --yes says that it is.
func (c *crashOptions) checkTarget(ctx context.Context, o *runOptions, find address.Lookup) error {
	if c.victim == "" || c.victim == crash.Bundled || o.yes {
		return nil
	}
	target, err := address.ParseTarget(o.scenario.URL, o.connection.hosts)
	if err == nil && target.IsLoopback(ctx, find) {
		return nil
	}
	return usageErrorf("", "%w", problemf(notThisMachine))
}

// plan is what is killed and when, as the flags say.
func (c *crashOptions) plan() crash.Plan {
	return crash.Plan{Victim: c.victim, At: time.Duration(c.at), Restart: c.restart}
}
