package observe

import "github.com/shirou/gopsutil/v4/process"

// diskBytes is what a process has had read from and written to disks, with its children that have ended.
func diskBytes(io *process.IOCountersStat) (read, wrote float64) {
	return float64(io.DiskReadBytes), float64(io.DiskWriteBytes)
}
