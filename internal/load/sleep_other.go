//go:build !linux

package load

import "time"

// newSleeper returns the most exact sleeper of the platform.
func newSleeper(start time.Time) (sleeper, error) { return newTimerSleeper(start), nil }
