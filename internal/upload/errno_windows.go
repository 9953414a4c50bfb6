package upload

import (
	"errors"

	"golang.org/x/sys/windows"
)

// IsRefused tells whether an error says that nothing listens there.
func IsRefused(err error) bool { return errors.Is(err, windows.WSAECONNREFUSED) }

// IsReset tells that the other end is gone.
func IsReset(err error) bool {
	return errors.Is(err, windows.WSAECONNRESET) || errors.Is(err, windows.WSAECONNABORTED)
}

// isExhausted tells that this machine ran out of sockets, ports or socket memory.
func isExhausted(err error) bool {
	return errors.Is(err, windows.WSAEMFILE) || errors.Is(err, windows.WSAEADDRNOTAVAIL) ||
		errors.Is(err, windows.WSAENOBUFS) || errors.Is(err, windows.WSAEADDRINUSE)
}
