package cli

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/spf13/pflag"

	"rdiostress/internal/address"
	"rdiostress/internal/bundled"
	"rdiostress/internal/clock"
	"rdiostress/internal/measure"
	"rdiostress/internal/process"
	"rdiostress/internal/upload"
)

// crashOptions say whether and how the server is killed in mid-run.
type crashOptions struct {
	victim  string
	at      durationValue
	restart string
}

// crashServer is the victim that is the bundled server.
const crashServer = "server"

const (
	killLimit   = 10 * time.Second // for a killed process to be gone
	answerLimit = 2 * time.Minute  // for the server to answer again
)

func (c *crashOptions) addFlags(f *pflag.FlagSet) {
	f.StringVar(&c.victim, "crash-test", "",
		"kill -9 the server during the run and start it again, to see whether acknowledged calls are lost: "+
			"server (of --with-server), a systemd unit or a process ID")
	f.Var(&c.at, "crash-at", "when to kill the server")
	f.StringVar(&c.restart, "restart-command", "", "shell command that starts the server again")
}

// complete checks the flags.
func (c *crashOptions) complete(o *runOptions, flags *pflag.FlagSet) error {
	if c.victim == "--with-server" { // as it reads well: --crash-test --with-server
		c.victim, o.withServer = crashServer, true
	}
	var errs []error
	bad := func(wrong bool, format string, args ...any) {
		if wrong {
			errs = append(errs, fmt.Errorf(format, args...))
		}
	}
	if c.victim == "" {
		bad(flags.Changed("crash-test"), "--crash-test names no process")
		bad(flags.Changed("crash-at") || flags.Changed("restart-command"), "--crash-at and --restart-command are for --crash-test")
		return errors.Join(errs...)
	}
	pid, isPID := c.pid()
	own := c.victim == crashServer
	bad(own && !o.withServer, "--crash-test server is the bundled one: it needs --with-server")
	bad(!own && o.withServer, "--with-server brings its own server: write --crash-test server")
	bad(own && c.restart != "", "--restart-command is not needed for the bundled server")
	bad(isPID && pid <= 1, "--crash-test %d: that process is not to be killed", pid)
	bad(isPID && c.restart == "", "--crash-test with a process needs a --restart-command that starts the server again")
	bad(strings.HasPrefix(c.victim, "-"), "--crash-test %q is neither a process nor a unit", c.victim)
	bad(o.verify.where == verifyNone, "--crash-test has to look at what is stored: leave out --verify none")
	length := o.scenario.Length()
	if c.at == 0 {
		bad(o.scenario.Total > 0 && !flags.Changed("duration"), "--crash-test with --total needs a --crash-at")
		c.at = durationValue(length / 2)
	}
	bad(time.Duration(c.at) >= length, "--crash-at %v is not before the end of the run, %v", time.Duration(c.at), length)
	target, err := address.ParseTarget(o.scenario.URL, o.connection.hosts)
	elsewhere := err != nil || !target.IsName() && !target.IsLocal(context.Background(), nil) // checkTarget looks names up
	bad(!own && !o.yes && elsewhere, "%s", notThisMachine)
	return errors.Join(errs...)
}

// notThisMachine says why --crash-test is refused.
const notThisMachine = "--crash-test kills a process of this machine, but --url is not: pass --yes if the server runs here all the same"

// checkTarget refuses to kill a process of this machine for a server that is not on it, unless --yes says that it is.
func (c *crashOptions) checkTarget(ctx context.Context, o *runOptions, find address.Lookup) error {
	if c.victim == "" || c.victim == crashServer || o.yes {
		return nil
	}
	target, err := address.ParseTarget(o.scenario.URL, o.connection.hosts)
	if err == nil && target.IsLocal(ctx, find) {
		return nil
	}
	return usageErrorf("", "%s", notThisMachine)
}

// pid is the process that the victim names, if it is a number.
func (c *crashOptions) pid() (int, bool) {
	n, err := strconv.Atoi(c.victim)
	return n, err == nil
}

// crash is a server's crash as it goes.
type crash struct {
	*crashOptions
	server *bundled.Server // the bundled one, if that is the victim
	client *http.Client
	url    string
	start  time.Time

	waiter sync.WaitGroup
	stop   context.CancelFunc
	result *measure.Crash
	err    error
}

// begin waits for the time in the background, and then kills and starts the server. The caller calls end after the run. It is nil
// if no crash was asked for.
func (c *crashOptions) begin(ctx context.Context, o *runOptions, check *check, start time.Time) *crash {
	if c.victim == "" {
		return nil
	}
	connect := upload.ConnectOptions{TLS: o.connection.tls, Resolve: o.connection.hosts}
	k := &crash{crashOptions: c, server: o.server, client: connect.Client(), url: o.scenario.URL, start: start}
	ctx, k.stop = context.WithCancel(ctx)
	k.waiter.Go(func() {
		if clock.Sleep(ctx, time.Until(start.Add(time.Duration(c.at)))) == nil {
			k.err = k.make(context.WithoutCancel(ctx), check)
		}
	})
	return k
}

// end waits until the server answers again, if it was killed, and puts the crash into the result.
func (k *crash) end(res *measure.Result) error {
	if k == nil {
		return nil
	}
	k.stop()
	k.waiter.Wait()
	k.client.CloseIdleConnections()
	if k.result == nil && k.err == nil && !res.Run.Interrupted {
		k.err = fmt.Errorf("the run was over before --crash-at %v: the server was not killed", time.Duration(k.at))
	}
	return k.err
}

// tell puts into the result how the server stood being killed, beside what its calls have come to.
func (k *crash) tell(res *measure.Result) {
	if k == nil || k.result == nil {
		return
	}
	if d := res.Delivery.Crash; d != nil {
		k.result.Acknowledged, k.result.Lost = d.Acknowledged, d.Lost
	}
	res.Delivery.Crash = k.result
}

// make kills the server, starts it again and waits until it answers.
func (k *crash) make(ctx context.Context, check *check) error {
	if err := k.kill(ctx); err != nil {
		return withHint(fmt.Errorf("cannot kill %s: %w", k.victim, err), "name the server's process, as a user who may kill it")
	}
	at := time.Since(k.start)
	check.watch.Crashed(at)
	k.result = &measure.Crash{KilledS: at.Seconds()}
	if err := k.startAgain(ctx); err != nil {
		return fmt.Errorf("cannot start the server again: %w", err)
	}
	if err := k.awaitAnswer(ctx); err != nil {
		return nil // the report says that it did not answer, and the calls that it lost
	}
	answered := time.Since(k.start).Seconds()
	k.result.AnsweredS = &answered
	return nil
}

// kill kills the server as kill -9 does, and returns when it is gone.
func (k *crash) kill(ctx context.Context) error {
	if k.server != nil {
		k.server.Kill()
		return nil
	}
	pid, isPID := k.pid()
	if !isPID {
		return command(ctx, "systemctl", "kill", "--signal=SIGKILL", "--", k.victim)
	}
	p, err := os.FindProcess(pid)
	if err != nil {
		return err
	}
	if err := p.Kill(); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, killLimit)
	defer cancel()
	for process.Alive(p) && ctx.Err() == nil {
		_ = clock.Sleep(ctx, 5*time.Millisecond)
	}
	return nil
}

// startAgain starts the server, and does not wait for the command: it may be the server itself.
func (k *crash) startAgain(ctx context.Context) error {
	switch {
	case k.server != nil:
		return k.server.Restart(ctx)
	case k.restart == "":
		return command(ctx, "systemctl", "start", "--", k.victim)
	}
	cmd := exec.Command("sh", "-c", k.restart)
	if runtime.GOOS == "windows" {
		cmd = exec.Command("cmd", "/c", k.restart)
	}
	process.Detach(cmd)
	if err := cmd.Start(); err != nil {
		return err
	}
	return cmd.Process.Release()
}

// awaitAnswer waits until the server answers anything at all.
func (k *crash) awaitAnswer(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, answerLimit)
	defer cancel()
	for {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, k.url, nil)
		if err != nil {
			return err
		}
		if resp, err := k.client.Do(req); err == nil {
			return resp.Body.Close()
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		_ = clock.Sleep(ctx, 20*time.Millisecond)
	}
}

// command runs a program and says what it said if it failed.
func command(ctx context.Context, name string, args ...string) error {
	out, err := exec.CommandContext(ctx, name, args...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s %s: %w: %s", name, args[0], err, strings.TrimSpace(string(out)))
	}
	return nil
}
