package target

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"strconv"

	"github.com/shirou/gopsutil/v4/process"
)

// ticksPerS is what the kernel shows processor time in; it is 100 on every architecture that Go runs on.
const ticksPerS = 100

// processorSeconds is the processor time that a process has used, with that of its children that have ended: converters such as
// ffmpeg live for less than the second between two looks, and gopsutil leaves them out.
func processorSeconds(_ context.Context, p *process.Process) (float64, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.Pid))
	if err != nil {
		return 0, err
	}
	return statSeconds(text)
}

// statSeconds adds up utime, stime, cutime and cstime of a process's stat file.
func statSeconds(text []byte) (float64, error) {
	const first, last = 11, 14             // counted from the state, which follows the name
	name := bytes.LastIndexByte(text, ')') // the name can have blanks and brackets
	fields := bytes.Fields(text[name+1:])
	if name < 0 || len(fields) <= last {
		return 0, fmt.Errorf("%q is no stat file of a process", text)
	}
	var ticks uint64
	for _, f := range fields[first : last+1] {
		n, err := strconv.ParseUint(string(f), 10, 64)
		if err != nil {
			return 0, err
		}
		ticks += n
	}
	return float64(ticks) / ticksPerS, nil
}

// diskBytes is what a process has had read from and written to disks, with its children that have ended.
func diskBytes(io *process.IOCountersStat) (read, wrote float64) {
	return float64(io.DiskReadBytes), float64(io.DiskWriteBytes)
}
