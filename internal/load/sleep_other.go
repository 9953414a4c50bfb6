//go:build !linux

package load

import "time"

// newSleeper returns the most exact sleeper there is.
func newSleeper(start time.Time) (sleeper, error) { return newTimerSleeper(start), nil }
