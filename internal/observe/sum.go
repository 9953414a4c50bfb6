package observe

import (
	"context"
	"fmt"

	"github.com/shirou/gopsutil/v4/process"

	"rdiostress/internal/measure"
)

// familySum adds up the values of a family of processes.
type familySum struct {
	n                    int
	rss, cpuS            float64
	threads, files       float64
	read, wrote          float64
	cpuErr, ioErr, fdErr error
	threadErr, err       error
	dying                bool // the root has released its memory: it is about to end
}

// sum reads all processes of a family. It leaves out children that end meanwhile. If this user may not read a value of
// one process, the sum has no such value.
func (p *processes) sum(ctx context.Context, family []int32) familySum {
	var s familySum
	for _, pid := range family {
		proc := &process.Process{Pid: pid}
		memory, err := proc.MemoryInfoWithContext(ctx)
		if err != nil {
			if pid == p.root {
				s.err = fmt.Errorf("memory of process %d: %w", pid, err)
			}
			continue
		}
		if pid == p.root && memory.RSS == 0 {
			s.dying = true
			return s
		}
		s.n++
		s.rss += float64(memory.RSS)
		s.add(ctx, proc)
	}
	return s
}

func (s *familySum) add(ctx context.Context, proc *process.Process) {
	note := func(into *error, what string, err error) {
		if err != nil && isRunning(ctx, proc) {
			*into = fmt.Errorf("%s of process %d: %w", what, proc.Pid, err)
		}
	}
	cpuS, err := processorSeconds(ctx, proc)
	note(&s.cpuErr, "processor time", err)
	s.cpuS += cpuS
	threads, err := proc.NumThreadsWithContext(ctx)
	note(&s.threadErr, "threads", err)
	s.threads += float64(threads)
	files, err := proc.NumFDsWithContext(ctx)
	note(&s.fdErr, "open files", err)
	s.files += float64(files)
	io, err := proc.IOCountersWithContext(ctx)
	note(&s.ioErr, "disk traffic", err)
	if err == nil {
		read, wrote := diskBytes(io)
		s.read += read
		s.wrote += wrote
	}
	for _, err := range []error{s.cpuErr, s.threadErr, s.fdErr, s.ioErr} {
		if err != nil {
			s.err = err
		}
	}
}

func isRunning(ctx context.Context, proc *process.Process) bool {
	there, err := process.PidExistsWithContext(ctx, proc.Pid)
	return err == nil && there
}

// setObservation sets the values that could be read of all processes. The caller, who knows the last sum, sets the
// rates.
func (s *familySum) setObservation(seen *measure.Observation) {
	if s.n == 0 {
		return
	}
	seen.Set(measure.Processes, float64(s.n))
	if s.threadErr == nil {
		seen.Set(measure.Threads, s.threads)
	}
	if s.fdErr == nil {
		seen.Set(measure.OpenFiles, s.files)
	}
}
