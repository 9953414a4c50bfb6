package load

import (
	"runtime"

	"golang.org/x/sys/windows"
)

// usage returns the processor time in seconds that this process has used, and its memory in bytes.
func usage() (cpuS float64, rssBytes uint64) {
	var created, exited, kernel, user windows.Filetime
	if windows.GetProcessTimes(windows.CurrentProcess(), &created, &exited, &kernel, &user) != nil {
		return 0, 0
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return ticks(kernel) + ticks(user), m.Sys
}

// ticks converts the hundreds of nanoseconds of a Filetime to seconds.
func ticks(t windows.Filetime) float64 {
	return float64(uint64(t.HighDateTime)<<32|uint64(t.LowDateTime)) / 1e7
}
