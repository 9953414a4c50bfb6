//go:build unix

package load

import (
	"runtime"

	"golang.org/x/sys/unix"
)

// memory returns the largest memory of this process in bytes.
func memory() uint64 {
	var u unix.Rusage
	if unix.Getrusage(unix.RUSAGE_SELF, &u) != nil {
		return 0
	}
	rss := uint64(u.Maxrss)
	if runtime.GOOS != "darwin" {
		rss *= 1024 // it is in kilobytes, except on macOS
	}
	return rss
}
