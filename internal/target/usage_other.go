//go:build !linux

package target

import (
	"context"
	"runtime"

	"github.com/shirou/gopsutil/v4/process"
)

// processorSeconds is the processor time that a process has used, without children that have ended.
func processorSeconds(ctx context.Context, p *process.Process) (float64, error) {
	t, err := p.TimesWithContext(ctx)
	if err != nil {
		return 0, err
	}
	return t.User + t.System, nil
}

// diskBytes is what a process has read and written; on Windows, from and to anything.
func diskBytes(io *process.IOCountersStat) (read, wrote float64) {
	if runtime.GOOS == "windows" {
		return float64(io.ReadBytes), float64(io.WriteBytes)
	}
	return float64(io.DiskReadBytes), float64(io.DiskWriteBytes)
}
