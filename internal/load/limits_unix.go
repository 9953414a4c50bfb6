//go:build unix

package load

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// spareFiles is what a process has open besides its connections: standard streams, the report, the poller, the audio.
const spareFiles = 64

// checkFiles says if this machine does not let the process open as many files as n connections need.
func checkFiles(n int) error {
	var limit unix.Rlimit
	if unix.Getrlimit(unix.RLIMIT_NOFILE, &limit) != nil || uint64(limit.Cur) >= uint64(n+spareFiles) {
		return nil // where the limit cannot be told, the run finds out
	}
	return fmt.Errorf("%d connections need %d open files, and this process may have %d: raise the limit (ulimit -n %d) or lower "+
		"--max-concurrent", n, n+spareFiles, limit.Cur, n+spareFiles)
}
