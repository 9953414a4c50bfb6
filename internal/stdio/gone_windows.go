package stdio

import (
	"errors"
	"syscall"
)

// isGone reports whether an error of a write says that nobody can read it.
func isGone(err error) bool {
	const noData = syscall.Errno(232)
	return errors.Is(err, syscall.ERROR_BROKEN_PIPE) || errors.Is(err, noData)
}
