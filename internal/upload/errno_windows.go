package upload

import (
	"errors"

	"golang.org/x/sys/windows"
)

// IsRefused reports whether an error means that nothing listens at an address.
func IsRefused(err error) bool { return errors.Is(err, windows.WSAECONNREFUSED) }

// IsReset reports whether an error means that the other end is gone.
func IsReset(err error) bool {
	return errors.Is(err, windows.WSAECONNRESET) || errors.Is(err, windows.WSAECONNABORTED)
}

// isExhausted reports whether an error means that this machine has no sockets, ports or socket memory left.
func isExhausted(err error) bool {
	return errors.Is(err, windows.WSAEMFILE) || errors.Is(err, windows.WSAEADDRNOTAVAIL) ||
		errors.Is(err, windows.WSAENOBUFS) || errors.Is(err, windows.WSAEADDRINUSE)
}
