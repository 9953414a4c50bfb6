//go:build unix

package admission

import (
	"math"

	"golang.org/x/sys/unix"
)

// openFilesLimit returns how many files the process may open. Go has already raised the limit as far as possible.
func openFilesLimit() int {
	var limit unix.Rlimit
	if unix.Getrlimit(unix.RLIMIT_NOFILE, &limit) != nil {
		return math.MaxInt32
	}
	return int(min(uint64(limit.Cur), math.MaxInt32))
}
