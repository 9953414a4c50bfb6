package generator

import (
	"io/fs"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// noSystemFiles is not used on Linux.
const noSystemFiles = ""

// leastSleep is how long the machine must have been suspended to count as that.
const leastSleep = MinStop

func systemFiles() fs.FS { return os.DirFS("/") }

// suspended returns for how long the machine was suspended since it was started: the monotonic clock, by which a run is
// timed, stands still then.
func suspended(time.Time) (slept time.Duration) {
	const atOnce, tries = time.Millisecond, 3
	for range tries {
		var before, boot, after unix.Timespec
		if unix.ClockGettime(unix.CLOCK_MONOTONIC, &before) != nil ||
			unix.ClockGettime(unix.CLOCK_BOOTTIME, &boot) != nil ||
			unix.ClockGettime(unix.CLOCK_MONOTONIC, &after) != nil {
			return 0
		}
		slept = time.Duration(boot.Nano() - after.Nano())
		if time.Duration(after.Nano()-before.Nano()) < atOnce {
			break // the process was not stopped between the clocks
		}
	}
	return slept
}
