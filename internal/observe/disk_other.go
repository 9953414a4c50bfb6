//go:build !linux

package observe

import (
	"runtime"

	"github.com/shirou/gopsutil/v4/process"
)

// diskBytes returns how many bytes a process has read and written; on Windows, not only on disks.
func diskBytes(io *process.IOCountersStat) (read, wrote float64) {
	if runtime.GOOS == "windows" {
		return float64(io.ReadBytes), float64(io.WriteBytes)
	}
	return float64(io.DiskReadBytes), float64(io.DiskWriteBytes)
}
