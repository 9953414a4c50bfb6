//go:build unix

package load

import (
	"runtime"

	"golang.org/x/sys/unix"
)

// spareFiles returns how many files a process has open besides its connections: standard streams, the report, the
// poller, the audio, and four for each loop.
func spareFiles() int { return 64 + 4*runtime.GOMAXPROCS(0) }

// checkFiles returns an error if the process may not open enough files for n connections.
func checkFiles(n int) error {
	var limit unix.Rlimit
	need := n + spareFiles()
	if unix.Getrlimit(unix.RLIMIT_NOFILE, &limit) != nil || uint64(limit.Cur) >= uint64(need) {
		return nil // if the limit is unknown, the run finds out
	}
	return tooManyConnections("%d connections need %d open files, and this process may have %d: raise the limit "+
		"(ulimit -n %d) or lower {max_concurrent}", n, need, limit.Cur, need)
}
