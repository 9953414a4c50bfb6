package engine

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"rdiostress/internal/process"
	"rdiostress/internal/server/transcribe"
)

const (
	// filePlaceholder stands for the path of the audio in the arguments of a command.
	filePlaceholder = "{file}"

	// maxOutput limits what a command may write to its standard output, in bytes.
	maxOutput = 1 << 20

	// maxErrors is how much of the end of what a command writes to its standard error is kept, in bytes.
	maxErrors = 4 << 10

	// outputDelay is how long the output of a command that has ended may stay open, which is when a process that it
	// has started still has it.
	outputDelay = 2 * time.Second

	// folderPattern is what the folders are called that hold the audio of a command.
	folderPattern = "rdiostress-transcribe-*"
)

// command is an engine that runs a command for each recording.
type command struct {
	path    string
	args    []string
	name    string
	env     []string
	dir     string
	timeout time.Duration
}

func newExec(words []string, o Options) (*command, error) {
	path, err := exec.LookPath(words[0])
	if err != nil {
		return nil, fmt.Errorf("cannot find the command %s: %w", words[0], errors.Unwrap(err))
	}
	if path, err = filepath.Abs(path); err != nil {
		return nil, err
	}
	c := &command{
		path: path, args: words[1:], name: "exec:" + filepath.Base(words[0]), env: withoutSecrets(o.Environ),
		dir: o.Dir, timeout: o.Timeout,
	}
	if !slices.ContainsFunc(c.args, func(arg string) bool { return strings.Contains(arg, filePlaceholder) }) {
		c.args = append(slices.Clone(c.args), filePlaceholder)
	}
	return c, c.sweep()
}

// sweep deletes what earlier engines left in a folder of the engine's own.
func (c *command) sweep() error {
	if c.dir == "" {
		return nil
	}
	left, err := filepath.Glob(filepath.Join(c.dir, folderPattern))
	if err != nil {
		return err
	}
	for _, folder := range left {
		err = errors.Join(err, os.RemoveAll(folder))
	}
	return err
}

// Name implements transcribe.Engine.
func (c *command) Name() string { return c.name }

// Transcribe implements transcribe.Engine.
func (c *command) Transcribe(ctx context.Context, a transcribe.Audio) (r transcribe.Result, err error) {
	ctx, cancel := limit(ctx, c.timeout)
	defer cancel()
	folder, err := os.MkdirTemp(c.dir, folderPattern)
	if err != nil {
		return r, fmt.Errorf("%s: cannot make a folder for the audio: %w", c.name, err)
	}
	defer func() {
		if rerr := os.RemoveAll(folder); rerr != nil && err == nil {
			err = fmt.Errorf("%s: %w", c.name, rerr)
		}
	}()
	file := filepath.Join(folder, fileName(a))
	if err := copyTo(ctx, file, a); err != nil {
		return r, failure(ctx, c.name, err)
	}
	text, err := c.run(ctx, file)
	if err != nil {
		return r, err
	}
	return transcribe.Result{Text: cleanText(text)}, nil
}

// run runs the command on a file and returns its output.
func (c *command) run(ctx context.Context, file string) (string, error) {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	args := slices.Clone(c.args)
	for i := range args {
		args[i] = strings.ReplaceAll(args[i], filePlaceholder, file)
	}
	cmd := exec.CommandContext(ctx, c.path, args...)
	cmd.Env = c.env
	out := &output{tooMuch: stop}
	errs := &tail{}
	cmd.Stdout, cmd.Stderr = out, errs
	cmd.WaitDelay = outputDelay
	group := process.NewGroup(cmd)
	runtime.LockOSThread() // the command ends with the thread that has started it
	defer runtime.UnlockOSThread()
	if err := group.Start(); err != nil {
		return "", failure(ctx, c.name, fmt.Errorf("cannot start the command: %w", err))
	}
	err := cmd.Wait()
	group.End()
	switch {
	case context.Cause(ctx) != nil:
		return "", failure(ctx, c.name, nil)
	case err != nil && !errors.Is(err, exec.ErrWaitDelay): // that one means that the command itself ended well
		return "", fmt.Errorf("%s: %w", c.name, withLastLine(err, errs))
	default:
		return out.text.String(), nil
	}
}

// withLastLine adds the last line that a command wrote to its standard error.
func withLastLine(err error, said *tail) error {
	if line := said.lastLine(); line != "" {
		return fmt.Errorf("%w: %s", err, quote(line))
	}
	return err
}

// errTooMuch means that a command wrote more than a transcript can be.
var errTooMuch = &transcribe.PermanentError{Err: errors.New("the command wrote more than 1 MiB")}

// output keeps what a command writes, up to a limit.
type output struct {
	text    bytes.Buffer
	tooMuch context.CancelCauseFunc
}

// Write implements io.Writer.
func (o *output) Write(p []byte) (int, error) {
	if o.text.Len()+len(p) > maxOutput {
		o.tooMuch(errTooMuch)
		return 0, errTooMuch
	}
	return o.text.Write(p)
}

// tail keeps the end of what a command writes.
type tail struct{ text []byte }

// Write implements io.Writer.
func (t *tail) Write(p []byte) (int, error) {
	t.text = append(t.text, p[max(0, len(p)-maxErrors):]...)
	if len(t.text) > maxErrors {
		t.text = append(t.text[:0], t.text[len(t.text)-maxErrors:]...)
	}
	return len(p), nil
}

// lastLine returns the last line that is not blank.
func (t *tail) lastLine() string {
	text := strings.TrimSpace(strings.ToValidUTF8(string(t.text), ""))
	return text[strings.LastIndexAny(text, "\r\n")+1:]
}
