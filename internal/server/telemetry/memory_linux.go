package telemetry

import (
	"bytes"
	"os"
	"strconv"
)

// residentMemory returns the process's resident memory.
func residentMemory() Value {
	text, err := os.ReadFile("/proc/self/statm")
	if fields := bytes.Fields(text); err == nil && len(fields) > 1 {
		if pages, err := strconv.ParseInt(string(fields[1]), 10, 64); err == nil {
			return Value{Number: float64(pages) * float64(os.Getpagesize())}
		}
	}
	return Value{Absent: "/proc does not report it"}
}
