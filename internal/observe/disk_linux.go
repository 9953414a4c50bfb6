package observe

import "github.com/shirou/gopsutil/v4/process"

// diskBytes returns how many bytes a process and its ended children have read from and written to disks.
func diskBytes(io *process.IOCountersStat) (read, wrote float64) {
	return float64(io.DiskReadBytes), float64(io.DiskWriteBytes)
}
