//go:build unix

package report

import (
	"errors"
	"syscall"
)

// openFlags have a pipe opened without a wait for its reader, and no terminal become the process's own.
const openFlags = syscall.O_NONBLOCK | syscall.O_NOCTTY

// isUnread reports whether a pipe cannot be opened since it has no reader.
func isUnread(err error) bool { return errors.Is(err, syscall.ENXIO) }
