// Package crash kills the server in the middle of a run, as kill -9 does, has it started again, and records when it
// answered.
package crash

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"time"

	"rdiostress/internal/clock"
	"rdiostress/internal/measure"
	"rdiostress/internal/process"
)

// Bundled is the victim that stands for the bundled server.
const Bundled = "server"

// Plan says which server is killed, and when.
type Plan struct {
	Victim  string        // a process ID, a systemd unit, or Bundled; empty: nothing is killed
	At      time.Duration // since the start of the run
	Restart string        `json:",omitempty"` // shell command that starts a process again
}

// PID returns the victim's process ID, if the victim is a number.
func (p *Plan) PID() (int, bool) {
	n, err := strconv.Atoi(p.Victim)
	return n, err == nil
}

// Record writes the plan to a result's scenario.
func (p *Plan) Record(s *measure.Scenario) {
	if s.CrashTest = p.Victim; p.Victim != "" {
		s.CrashAtS = p.At.Seconds()
	}
}

// Server is the bundled server.
type Server interface {
	Kill()
	Restart(ctx context.Context) error
}

// Options say what is killed in a run.
type Options struct {
	Plan
	Server   Server       // the bundled server, if it is the victim
	Client   *http.Client // checks whether the server answers
	URL      string
	Start    time.Time // start of the run, with its monotonic reading
	Killed   func(at time.Duration)
	Answered func(at time.Duration)
}

const (
	killLimit   = 10 * time.Second // for a killed process to disappear
	answerLimit = 2 * time.Minute  // for the server to answer again
)

// KillError is the reason why the server was not killed.
type KillError struct {
	Victim string
	Err    error
}

// Error implements error.
func (e *KillError) Error() string { return fmt.Sprintf("cannot kill %s: %v", e.Victim, e.Err) }

// Unwrap returns the cause.
func (e *KillError) Unwrap() error { return e.Err }

// Crash is the crash of a server in a run.
type Crash struct {
	Options
	waiter sync.WaitGroup
	stop   context.CancelFunc
	result *measure.Crash
	err    error
}

// Begin starts a goroutine that waits for the time, kills the server and starts it again. The caller must call End.
// Begin returns nil if no crash was requested.
func Begin(ctx context.Context, o Options) *Crash {
	if o.Victim == "" {
		return nil
	}
	c := &Crash{Options: o}
	ctx, c.stop = context.WithCancel(ctx)
	c.waiter.Go(func() {
		if clock.Sleep(ctx, time.Until(o.Start.Add(o.At))) == nil {
			c.err = c.killAndRestart(context.WithoutCancel(ctx))
		}
	})
	return c
}

// End waits until the server answers again, if it was killed. interrupted means that the run ended before its time.
func (c *Crash) End(interrupted bool) error {
	if c == nil {
		return nil
	}
	c.stop()
	c.waiter.Wait()
	c.Client.CloseIdleConnections()
	if c.result == nil && c.err == nil && !interrupted {
		c.err = fmt.Errorf("the run was over before %v, when the server was to be killed: it was not", c.At)
	}
	return c.err
}

// Fill writes to a result how the server recovered from being killed, beside the delivery of its calls. It is called
// after End.
func (c *Crash) Fill(d *measure.Delivery) {
	if c == nil || c.result == nil {
		return
	}
	if of := d.Crash; of != nil {
		c.result.Acknowledged, c.result.Lost = of.Acknowledged, of.Lost
	}
	d.Crash = c.result
}

// killAndRestart kills the server, starts it again and waits until it answers.
func (c *Crash) killAndRestart(ctx context.Context) error {
	if err := c.kill(ctx); err != nil {
		return &KillError{c.Victim, err}
	}
	at := time.Since(c.Start)
	c.result = &measure.Crash{KilledS: at.Seconds()}
	c.Killed(at)
	if err := c.startAgain(ctx); err != nil {
		return fmt.Errorf("cannot start the server again: %w", err)
	}
	if err := c.awaitAnswer(ctx); err != nil {
		return nil // the report says that it did not answer, and which calls it lost
	}
	at = time.Since(c.Start)
	answered := at.Seconds()
	c.result.AnsweredS = &answered
	c.Answered(at)
	return nil
}

// kill kills the server as kill -9 does, and returns when its process has ended.
func (c *Crash) kill(ctx context.Context) error {
	if c.Victim == Bundled {
		c.Server.Kill()
		return nil
	}
	pid, isPID := c.PID()
	if !isPID {
		return runCommand(ctx, "systemctl", "kill", "--signal=SIGKILL", "--", c.Victim)
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

// startAgain starts the server. It does not wait for the command, which may be the server itself.
func (c *Crash) startAgain(ctx context.Context) error {
	switch {
	case c.Victim == Bundled:
		return c.Server.Restart(ctx)
	case c.Restart == "":
		return runCommand(ctx, "systemctl", "start", "--", c.Victim)
	}
	cmd := exec.Command("sh", "-c", c.Restart)
	if runtime.GOOS == "windows" {
		cmd = exec.Command("cmd", "/c", c.Restart)
	}
	process.Detach(cmd)
	if err := cmd.Start(); err != nil {
		return err
	}
	return cmd.Process.Release()
}

// awaitAnswer waits until the server sends any answer.
func (c *Crash) awaitAnswer(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, answerLimit)
	defer cancel()
	for {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.URL, nil)
		if err != nil {
			return err
		}
		if resp, err := c.Client.Do(req); err == nil {
			return resp.Body.Close()
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		_ = clock.Sleep(ctx, 20*time.Millisecond)
	}
}

// runCommand runs a program, and returns its output if it failed.
func runCommand(ctx context.Context, name string, args ...string) error {
	out, err := exec.CommandContext(ctx, name, args...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s %s: %w: %s", name, args[0], err, strings.TrimSpace(string(out)))
	}
	return nil
}
