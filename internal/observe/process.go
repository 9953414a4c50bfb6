package observe

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"time"

	"github.com/shirou/gopsutil/v4/process"

	"rdiostress/internal/discover"
	"rdiostress/internal/field"
	"rdiostress/internal/measure"
)

// processes observes the server's process and its children.
type processes struct {
	watcher *Watcher
	host    string // where to find the process again when it has ended
	port    string // empty if on another machine
	local   bool   // the server runs on this machine
	root    int32
	born    uint64 // start time, to tell it from another process with the same ID

	at           time.Time // time of the last read
	cpuS         float64
	read0, wrote float64

	memory  memory
	sharing sharing
}

func processSignals() []measure.Signal {
	return []measure.Signal{
		measure.RSS, measure.CPU, measure.Processes, measure.Threads, measure.OpenFiles, measure.OpenFilesLimit,
		measure.ReadRate,
		measure.WriteRate,
	}
}

func (p *processes) signals() []measure.Signal {
	if p.local {
		return append(processSignals(), sharingSignals()...)
	}
	return processSignals()
}

func (p *processes) close() {}

// openProcess finds the process to watch.
func (w *Watcher) openProcess(ctx context.Context, o *Options) (probe, error) {
	local := o.isLocal(ctx)
	p := &processes{watcher: w, local: local, sharing: newSharing(ctx, o.Database)}
	if local {
		target, err := o.target()
		if err != nil {
			return nil, err
		}
		p.host, p.port = target.Host, target.Port
	}
	if !local {
		w.setAllAbsent(sharingSignals(), elsewhere)
	}
	switch {
	case o.PID != 0:
		if err := p.attach(ctx, int32(o.PID)); err != nil {
			return nil, field.Errorf("watch", "{watch} pid:%d: %w", o.PID, err)
		}
		return p, nil
	case !local:
		w.setAllAbsent(processSignals(), elsewhere)
		return nil, nil
	}
	if err := p.find(ctx); err != nil {
		w.setAllAbsent(append(processSignals(), sharingSignals()...), w.names.Describe(err))
		return nil, nil
	}
	return p, nil
}

// find finds the process that listens on the port.
func (p *processes) find(ctx context.Context) error {
	root, _, err := listener(ctx, p.host, p.port)
	if err != nil {
		return err
	}
	if root == 0 {
		return field.Errorf("watch", "no process of this user is seen to listen on port %s; {watch} pid:N names it",
			p.port)
	}
	return p.attach(ctx, root)
}

// attach makes a process the server's process.
func (p *processes) attach(ctx context.Context, pid int32) error {
	proc := &process.Process{Pid: pid}
	born, err := startOf(ctx, proc)
	switch {
	case err != nil && !isRunning(ctx, proc):
		return errors.New("there is no such process")
	case err != nil:
		return err
	}
	name, err := proc.NameWithContext(ctx)
	if err != nil {
		return err
	}
	p.root, p.born, p.at = pid, born, time.Time{}
	p.memory.start()
	p.sharing.start(p.port)
	p.watcher.mu.Lock()
	p.watcher.info.Process, p.watcher.info.PID = name, int(pid)
	p.watcher.mu.Unlock()
	p.sharing.forwards = discover.PassesOn(name)
	return nil
}

// read reads all processes of the server. If one has ended, it is searched for again where possible.
func (p *processes) read(ctx context.Context, seen *measure.Observation) (bool, error) {
	root := &process.Process{Pid: p.root}
	born, err := startOf(ctx, root)
	switch {
	case p.root != 0 && err != nil && isRunning(ctx,
		root): // it cannot be read: this program may be out of file descriptors
		return false, fmt.Errorf("process %d: %w", p.root, err)
	case p.root == 0 || err != nil || born != p.born:
		return p.hasEnded(ctx)
	}
	table, err := readTable(ctx)
	if err != nil {
		return false, fmt.Errorf("processes: %w", err)
	}
	members := family(table, p.root, int32(os.Getpid()))
	sum, now := p.sum(ctx, members), time.Now()
	if sum.dying {
		return p.hasEnded(ctx)
	}
	sum.setObservation(seen)
	if p.memory.read(members, &sum, now, seen) {
		p.watcher.Samples.Forget(measure.RSS) // earlier values are of another kind
	}
	if p.local {
		p.watcher.setAbsent(measure.OtherCPU, p.sharing.read(ctx, now, table, members, seen))
	}
	if took := now.Sub(p.at).Seconds(); !p.at.IsZero() && took > 0 {
		// A process that left without its parent noticing takes its time along: then there is no rate.
		setRate(seen, measure.CPU, (sum.cpuS-p.cpuS)/took, sum.cpuErr)
		setRate(seen, measure.ReadRate, (sum.read-p.read0)/took, sum.ioErr)
		setRate(seen, measure.WriteRate, (sum.wrote-p.wrote)/took, sum.ioErr)
	}
	p.at, p.cpuS, p.read0, p.wrote = now, sum.cpuS, sum.read, sum.wrote
	if limit, ok := openFilesLimit(ctx, root); ok {
		seen.Set(measure.OpenFilesLimit, limit)
	}
	return false, sum.err
}

func setRate(seen *measure.Observation, sig measure.Signal, perS float64, err error) {
	if err == nil && perS >= 0 {
		seen.Set(sig, perS)
	}
}

// hasEnded records that the process has ended, and searches for its successor. Both events get the time at which they
// are seen, which is that of the next read.
func (p *processes) hasEnded(ctx context.Context) (bool, error) {
	ended := fmt.Errorf("the server's process has ended")
	if p.root != 0 {
		p.watcher.addEvent(measure.EventProcessEnded, p.root)
		p.root = 0
	}
	if p.port == "" {
		return true, ended
	}
	if p.find(ctx) != nil {
		return false, ended
	}
	p.watcher.addEvent(measure.EventProcessReplaced, p.root)
	return false, nil
}

// openFilesLimit returns how many files a process may have open, if the system shows it.
func openFilesLimit(ctx context.Context, p *process.Process) (float64, bool) {
	if runtime.GOOS != "linux" {
		return 0, false
	}
	limits, err := p.RlimitWithContext(ctx)
	if err != nil {
		return 0, false
	}
	for _, l := range limits {
		if l.Resource == process.RLIMIT_NOFILE {
			return float64(l.Soft), true
		}
	}
	return 0, false
}
