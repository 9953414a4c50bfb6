package generator

import (
	"math"
	"runtime"
)

// LimitThreads has Go run goroutines on no more threads than all control groups of this process allow it processors, as
// Go heeds only the quota of the innermost one. It changes nothing where the user has set GOMAXPROCS, whose value is
// given.
//
// Call it before anything is sized by the number of processors.
func LimitThreads(userSet string) {
	if quota, ok := Processors(); ok && userSet == "" {
		if now := runtime.GOMAXPROCS(0); threads(quota, now) < now {
			runtime.GOMAXPROCS(threads(quota, now))
		}
	}
}

// threads returns how many threads to run for a quota, where there are some now. As Go does, it rounds up, and returns
// two at least: with one, a goroutine that computes would hold up all others.
func threads(quota float64, now int) int {
	const least, most = 2, 1 << 20
	return min(now, max(least, int(math.Ceil(min(quota, most)))))
}
