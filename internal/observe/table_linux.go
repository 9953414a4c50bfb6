package observe

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"

	"github.com/shirou/gopsutil/v4/process"
)

// ticksPerS is the kernel's unit of processor time; it is 100 on every architecture that Go runs on.
const ticksPerS = 100

// readTable reads the table of all processes. It leaves out processes that end meanwhile.
func readTable(_ context.Context) (map[int32]procStat, error) {
	dir, err := os.Open("/proc")
	if err != nil {
		return nil, err
	}
	defer dir.Close()
	names, err := dir.Readdirnames(-1)
	if err != nil {
		return nil, err
	}
	table := make(map[int32]procStat, len(names))
	for _, name := range names {
		pid, err := strconv.ParseInt(name, 10, 32)
		if err != nil {
			continue
		}
		if s, err := readStat(int32(pid)); err == nil {
			table[int32(pid)] = s
		}
	}
	return table, nil
}

func readStat(pid int32) (procStat, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return procStat{}, err
	}
	return parseStat(text)
}

// startOf returns when a process started, in ticks since the boot of the machine, which neither a change of the clock
// nor rounding affects.
func startOf(_ context.Context, p *process.Process) (uint64, error) {
	s, err := readStat(p.Pid)
	return s.start, err
}

// processorSeconds returns the processor time of a process and its ended children: converters such as ffmpeg live for
// less than the second between two reads, and gopsutil leaves them out.
func processorSeconds(_ context.Context, p *process.Process) (float64, error) {
	s, err := readStat(p.Pid)
	return s.own + s.ended, err
}

var errNoStat = errors.New("no stat file of a process")

// parseStat parses a process's stat file.
func parseStat(text []byte) (procStat, error) {
	const (
		parent            = 1 // counted from the state, which follows the name
		user, system      = 11, 12
		endedUser, endedS = 13, 14
		start             = 19
	)
	open, end := bytes.IndexByte(text, '('), bytes.LastIndexByte(text, ')') // the name may contain blanks and brackets
	if open < 0 || end < open {
		return procStat{}, errNoStat
	}
	fields := bytes.Fields(text[end+1:])
	if len(fields) <= start {
		return procStat{}, errNoStat
	}
	var err error
	number := func(i int) uint64 {
		n, e := strconv.ParseUint(string(fields[i]), 10, 64)
		err = errors.Join(err, e)
		return n
	}
	s := procStat{
		parent: int32(number(parent)), name: string(text[open+1 : end]), start: number(start),
		own:   float64(number(user)+number(system)) / ticksPerS,
		ended: float64(number(endedUser)+number(endedS)) / ticksPerS,
	}
	return s, err
}

// secondsOf returns the processor time of processes and their ended children.
func secondsOf(_ context.Context, table map[int32]procStat, pids []int32) (sum float64, err error) {
	for _, pid := range pids {
		sum += table[pid].own + table[pid].ended
	}
	return sum, nil
}
