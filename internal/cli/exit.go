package cli

import (
	"errors"
	"fmt"

	"rdiostress/internal/exitcode"
)

// The exit codes, by their names in this package.
const (
	exitOK           = exitcode.OK
	exitMissed       = exitcode.Missed
	exitUsage        = exitcode.Usage
	exitNoRun        = exitcode.NoRun
	exitLoss         = exitcode.DataLoss
	exitInconclusive = exitcode.Inconclusive
	exitInterrupted  = exitcode.Interrupted
)

// commandError is an error that knows its exit code and what the user can do about it.
type commandError struct {
	code int
	err  error
	hint string
}

func (e *commandError) Error() string { return e.err.Error() }
func (e *commandError) Unwrap() error { return e.err }

// usageErrorf says that flags or configuration are wrong: exit code 2. An empty hint is none, where the error says it
// all.
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
