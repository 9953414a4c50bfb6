package observe

import (
	"context"
	"runtime"
	"time"

	"github.com/shirou/gopsutil/v4/cpu"
	"github.com/shirou/gopsutil/v4/mem"

	"rdiostress/internal/measure"
)

// machine observes the machine that the server shares with the generator.
type machine struct {
	last cpu.TimesStat
	at   time.Time
}

func machineSignals() []measure.Signal {
	return []measure.Signal{measure.MachineCPU, measure.MachineIOWait, measure.MachineMemory}
}

func (m *machine) signals() []measure.Signal { return machineSignals() }
func (m *machine) close()                    {}

func (m *machine) read(ctx context.Context, seen *measure.Observation) (bool, error) {
	if v, err := mem.VirtualMemoryWithContext(ctx); err == nil {
		seen.Set(measure.MachineMemory, float64(v.Available))
	}
	times, err := cpu.TimesWithContext(ctx, false)
	if err != nil || len(times) == 0 {
		return false, err
	}
	now := times[0]
	if last := m.last; !m.at.IsZero() {
		if total := cpuTime(now) - cpuTime(last); total > 0 {
			idle, wait := now.Idle-last.Idle, max(now.Iowait-last.Iowait, 0)
			seen.Set(measure.MachineCPU, min(max(1-(idle+wait)/total, 0), 1))
			seen.Set(measure.MachineIOWait, min(wait/total, 1))
		}
	}
	m.last, m.at = now, time.Now()
	return false, nil
}

// cpuTime returns all of the machine's processor time. Guests' time is part of user time.
func cpuTime(t cpu.TimesStat) float64 {
	return t.User + t.System + t.Idle + t.Nice + t.Iowait + t.Irq + t.Softirq + t.Steal
}

// processors returns the number of the machine's processors. This process may be restricted to fewer (taskset, a
// container), which does not affect the server.
func processors(ctx context.Context) int {
	n, err := cpu.CountsWithContext(ctx, true)
	if err != nil || n < 1 {
		return runtime.NumCPU()
	}
	return n
}
