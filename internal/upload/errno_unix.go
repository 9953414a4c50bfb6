//go:build unix

package upload

import (
	"errors"

	"golang.org/x/sys/unix"
)

// IsRefused reports whether an error means that nothing listens at an address.
func IsRefused(err error) bool { return errors.Is(err, unix.ECONNREFUSED) }

// IsReset reports whether an error means that the other end is gone.
func IsReset(err error) bool { return errors.Is(err, unix.ECONNRESET) || errors.Is(err, unix.EPIPE) }

// isExhausted reports whether an error means that this machine has no file descriptors, ports or socket memory left.
func isExhausted(err error) bool {
	return errors.Is(err, unix.EMFILE) || errors.Is(err, unix.ENFILE) || errors.Is(err, unix.EADDRNOTAVAIL) ||
		errors.Is(err, unix.ENOBUFS)
}
