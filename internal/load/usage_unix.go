//go:build unix

package load

import (
	"runtime"

	"golang.org/x/sys/unix"
)

// usage returns the processor time in seconds that this process has used, and its largest memory in bytes.
func usage() (cpuS float64, rssBytes uint64) {
	var u unix.Rusage
	if unix.Getrusage(unix.RUSAGE_SELF, &u) != nil {
		return 0, 0
	}
	rss := uint64(u.Maxrss)
	if runtime.GOOS != "darwin" {
		rss *= 1024 // it is in kilobytes, except on macOS
	}
	return seconds(u.Utime) + seconds(u.Stime), rss
}

func seconds(t unix.Timeval) float64 { return float64(t.Sec) + float64(t.Usec)/1e6 }
