package cli

import (
	"errors"
	"fmt"
)

// The exit codes. Scripts and CI rely on them; the help text lists them.
const (
	exitOK           = 0   // every threshold met
	exitMissed       = 1   // a threshold missed
	exitUsage        = 2   // usage or configuration
	exitNoRun        = 3   // no run: target unreachable, key refused, preflight failed, no sample; or storage unknown
	exitLoss         = 4   // an acknowledged call was not stored
	exitInconclusive = 5   // the generator was the limit, and that could have changed the verdict
	exitInterrupted  = 130 // stopped by a signal
)

// exitHelp describes the exit codes in help texts.
const exitHelp = `Exit codes:
  0    all thresholds were met
  1    a threshold was missed
  2    wrong usage or configuration
  3    no run or no report (server unreachable, key refused, no call accepted, file not writable), or storage could not be
       read or, with --require-storage, not verified
  4    data loss: an acknowledged call was not stored, or was stored differently
  5    inconclusive: the load generator was the limit
  130  interrupted`

// commandError is an error that knows its exit code and what the user can do about it.
type commandError struct {
	code int
	err  error
	hint string
}

func (e *commandError) Error() string { return e.err.Error() }
func (e *commandError) Unwrap() error { return e.err }

// usageErrorf says that flags or configuration are wrong: exit code 2. An empty hint is none, where the error says it all.
func usageErrorf(hint, format string, args ...any) error {
	return &commandError{exitUsage, fmt.Errorf(format, args...), hint}
}

// withHint adds what the user can do about err. The exit code stays err's own, or 3.
func withHint(err error, hint string) error {
	return &commandError{exitCode(err), err, hint}
}

// exitStatus ends the command with a code and nothing more to say: the report has said it.
type exitStatus int

func (e exitStatus) Error() string { return fmt.Sprintf("exit status %d", int(e)) }

// exitCode is the one place where errors become exit codes.
func exitCode(err error) int {
	var status exitStatus
	var ce *commandError
	switch {
	case err == nil:
		return exitOK
	case errors.As(err, &status):
		return int(status)
	case errors.As(err, &ce):
		return ce.code
	default:
		return exitNoRun
	}
}
