//go:build unix

package stdio

import (
	"errors"
	"syscall"
)

// isGone reports whether an error of a write says that nobody can read it.
func isGone(err error) bool { return errors.Is(err, syscall.EPIPE) || errors.Is(err, syscall.EIO) }
