//go:build unix

package upload

import (
	"errors"

	"golang.org/x/sys/unix"
)

// IsRefused tells whether an error says that nothing listens there.
func IsRefused(err error) bool { return errors.Is(err, unix.ECONNREFUSED) }

// IsReset tells that the other end is gone.
func IsReset(err error) bool { return errors.Is(err, unix.ECONNRESET) || errors.Is(err, unix.EPIPE) }

// isExhausted tells that this machine ran out of file descriptors, ports or socket memory.
func isExhausted(err error) bool {
	return errors.Is(err, unix.EMFILE) || errors.Is(err, unix.ENFILE) || errors.Is(err, unix.EADDRNOTAVAIL) ||
		errors.Is(err, unix.ENOBUFS)
}
