//go:build unix

package load

import (
	"os"
	"runtime"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// memory returns the largest memory of this process in bytes.
func memory() uint64 {
	var u unix.Rusage
	if unix.Getrusage(unix.RUSAGE_SELF, &u) != nil {
		return 0
	}
	rss := uint64(u.Maxrss)
	switch runtime.GOOS {
	case "darwin": // it is in bytes
	case "linux":
		rss = peakRSS(rss * 1024)
	default:
		rss *= 1024
	}
	return rss
}

// peakRSS returns the largest memory of this process in bytes, or other where the kernel does not say. What getrusage
// says on Linux includes the memory of the process that has started this one.
func peakRSS(other uint64) uint64 {
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return other
	}
	for line := range strings.Lines(string(text)) {
		value, ok := strings.CutPrefix(line, "VmHWM:")
		if !ok {
			continue
		}
		if kb, err := strconv.ParseUint(strings.TrimSuffix(strings.TrimSpace(value), " kB"), 10, 64); err == nil {
			return kb * 1024
		}
	}
	return other
}
