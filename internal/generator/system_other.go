//go:build !linux

package generator

import (
	"io/fs"
	"time"
)

// noSystemFiles is why there are no figures of quotas and waits.
const noSystemFiles = "this is read on Linux alone"

// leastSleep is how far the clock must have jumped to count as a suspension. A clock that is set counts as one too.
const leastSleep = time.Second

func systemFiles() fs.FS { return nil }

// suspended returns how far the wall clock has gone ahead of the monotonic one since a time: the monotonic clock stands
// still while the machine is suspended.
func suspended(since time.Time) time.Duration {
	now := time.Now()
	return now.Round(0).Sub(since.Round(0)) - now.Sub(since)
}
