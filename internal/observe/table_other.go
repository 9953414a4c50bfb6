//go:build !linux

package observe

import (
	"context"
	"errors"

	"github.com/shirou/gopsutil/v4/process"
)

// readTable reads which processes there are, and their parents. It reads the times only of the processes that matter.
func readTable(ctx context.Context) (map[int32]procStat, error) {
	pids, err := process.PidsWithContext(ctx)
	if err != nil {
		return nil, err
	}
	table := make(map[int32]procStat, len(pids))
	for _, pid := range pids {
		if parent, err := (&process.Process{Pid: pid}).PpidWithContext(ctx); err == nil {
			table[pid] = procStat{parent: parent}
		}
	}
	return table, nil
}

// startOf returns when a process started, in milliseconds.
func startOf(ctx context.Context, p *process.Process) (uint64, error) {
	ms, err := p.CreateTimeWithContext(ctx)
	return uint64(ms), err
}

// processorSeconds returns the processor time of a process, without its ended children.
func processorSeconds(ctx context.Context, p *process.Process) (float64, error) {
	t, err := p.TimesWithContext(ctx)
	if err != nil {
		return 0, err
	}
	return t.User + t.System, nil
}

// secondsOf returns the processor time of processes, without their ended children.
func secondsOf(ctx context.Context, _ map[int32]procStat, pids []int32) (sum float64, err error) {
	for _, pid := range pids {
		s, err := processorSeconds(ctx, &process.Process{Pid: pid})
		if err != nil {
			return 0, err
		}
		sum += s
	}
	return sum, nil
}

// connected would return the processes that the server has connected to, which are not searched for on this system.
func connected(map[int32]procStat, []int32, []int32, string, []string) map[int32]bool { return nil }

// proportional would return a process's proportional memory, which this system does not show.
func proportional(int32) (float64, error) { return 0, errors.New("this system does not show it") }
