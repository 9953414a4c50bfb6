//go:build unix

package load

import (
	"errors"

	"golang.org/x/sys/unix"
)

func isRefused(err error) bool { return errors.Is(err, unix.ECONNREFUSED) }

// isReset tells that the other end is gone.
func isReset(err error) bool { return errors.Is(err, unix.ECONNRESET) || errors.Is(err, unix.EPIPE) }

// isExhausted tells that this machine ran out of file descriptors, ports or socket memory.
func isExhausted(err error) bool {
	return errors.Is(err, unix.EMFILE) || errors.Is(err, unix.ENFILE) || errors.Is(err, unix.EADDRNOTAVAIL) ||
		errors.Is(err, unix.ENOBUFS)
}
