package observe

import (
	"cmp"
	"context"
	"errors"
	"os"
	"slices"
	"time"

	"github.com/shirou/gopsutil/v4/cpu"

	"rdiostress/internal/measure"
)

// sharing splits the busy processor time of the server's machine between the server, this program and everything else.
type sharing struct {
	port      string   // that the server listens on
	databases []string // names that its database's processes have, where it is known to be on this machine
	forwards  bool     // the watched process only forwards uploads, to unknown processes

	last     *shares
	took     float64            // observed seconds
	used     map[string]float64 // processor seconds of other processes, by name
	backends map[int32]bool     // processes that the server has connected to, its backends
	backs    map[string]bool    // their names
	lookedAt time.Time          // time of the last search for backends
}

// shares is the machine's processor time at one read.
type shares struct {
	at           time.Time
	busy         float64 // busy seconds of all processors
	server, self float64
	table        map[int32]procStat
}

const (
	lookEvery  = 10 * time.Second // interval of the searches for backends
	lookFrom   = 0.1              // processors kept busy by other processes, below which there is no search
	mostOthers = 5                // reported names
	tellFrom   = 0.01             // processors below which a name is not reported
)

func sharingSignals() []measure.Signal {
	return []measure.Signal{measure.GeneratorCPU, measure.BackendCPU, measure.OtherCPU}
}

// errForwards is the reason why other processes cannot be told apart from the server.
var errForwards = errors.New("the process that listens only passes uploads on: " +
	"what serves them is not told from everything else")

func newSharing(ctx context.Context, database string) sharing {
	return sharing{
		databases: databaseNames(ctx, database), used: make(map[string]float64),
		backends: make(map[int32]bool), backs: make(map[string]bool),
	}
}

// start prepares for the first read of a process.
func (s *sharing) start(port string) { s.port, s.last = port, nil }

// read reads once, and sets who has used the processors since the last read.
func (s *sharing) read(
	ctx context.Context, now time.Time, table map[int32]procStat, server []int32, seen *measure.Observation,
) error {
	own := family(table, int32(os.Getpid()), server[0])
	next := &shares{at: now, table: table}
	var errs [3]error
	next.busy, errs[0] = busySeconds(ctx)
	next.server, errs[1] = secondsOf(ctx, table, server)
	next.self, errs[2] = secondsOf(ctx, table, own)
	if err := errors.Join(errs[:]...); err != nil {
		s.last = nil
		return err
	}
	last := s.last
	s.last = next
	if last == nil {
		return nil
	}
	took := now.Sub(last.at).Seconds()
	serverS, self := next.server-last.server, next.self-last.self
	if took <= 0 || serverS < 0 || self < 0 { // a process left without its parent noticing, with its time
		return nil
	}
	seen.Set(measure.GeneratorCPU, self/took)
	other := max(0, next.busy-last.busy-serverS-self) / took
	backend := s.addOthers(last.table, table, slices.Concat(server, own), server, took, other)
	if s.forwards && len(s.backends) == 0 {
		return errForwards
	}
	seen.Set(measure.OtherCPU, other)
	if len(s.backends) > 0 {
		seen.Set(measure.BackendCPU, min(backend, other))
	}
	return nil
}

// addOthers counts the processor use of the processes of each name, and returns the number of processors that backends
// kept busy.
func (s *sharing) addOthers(
	before, now map[int32]procStat, known, server []int32, took, other float64,
) (backend float64) {
	used := usedBetween(before, now)
	for _, pid := range known {
		delete(used, pid)
	}
	if other >= lookFrom && time.Since(s.lookedAt) >= lookEvery {
		s.lookedAt = time.Now()
		s.findBackends(now, used, server)
	}
	s.took += took
	for pid := range s.backends { // with their children since
		for _, member := range family(now, pid, -1) {
			s.backends[member] = true
		}
	}
	for pid, seconds := range used {
		name := now[pid].name
		if name == "" {
			continue
		}
		s.used[name] += seconds
		if s.backends[pid] {
			s.backs[name] = true
			backend += seconds / took
		}
	}
	return backend
}

// findBackends finds those of the busiest processes that the server has connected to, and their families.
func (s *sharing) findBackends(table map[int32]procStat, used map[int32]float64, server []int32) {
	const most = 16
	busiest := make([]int32, 0, len(used))
	for pid, seconds := range used {
		if seconds > 0 {
			busiest = append(busiest, pid)
		}
	}
	slices.SortFunc(busiest, func(a, b int32) int { return cmp.Or(cmp.Compare(used[b], used[a]), cmp.Compare(a, b)) })
	for pid := range connected(table, server, busiest[:min(len(busiest), most)], s.port, s.databases) {
		root := pid
		for parent := table[root].parent; table[parent].name == table[root].name &&
			parent > 1; parent = table[root].parent {
			root = parent
		}
		s.backends[root] = true
	}
}

// others returns the names with the highest use.
func (s *sharing) others() (list []measure.OtherProcess) {
	for name, seconds := range s.used {
		if s.took > 0 && seconds/s.took >= tellFrom {
			list = append(list, measure.OtherProcess{Name: name, CPUSPerS: seconds / s.took, Backend: s.backs[name]})
		}
	}
	slices.SortFunc(list, func(a, b measure.OtherProcess) int {
		return cmp.Or(cmp.Compare(b.CPUSPerS, a.CPUSPerS), cmp.Compare(a.Name, b.Name))
	})
	return list[:min(len(list), mostOthers)]
}

// usedBetween returns the processor time that each process used between two reads, including its ended children.
func usedBetween(before, now map[int32]procStat) map[int32]float64 {
	ended := func(pid int32) bool {
		n, ok := now[pid]
		return !ok || n.start != before[pid].start
	}
	// The time of an ended process belongs to its parent now, or to another ancestor; before, it was counted as the
	// process's own.
	known := make(map[int32]float64)
	for pid, b := range before {
		if !ended(pid) {
			continue
		}
		heir := b.parent
		for _, there := before[heir]; there && ended(heir); _, there = before[heir] {
			heir = before[heir].parent
		}
		known[heir] += b.own + b.ended
	}
	used := make(map[int32]float64, len(now))
	for pid, n := range now {
		b := before[pid]
		if b.start != n.start { // new
			used[pid] = n.own + n.ended
			continue
		}
		used[pid] = max(0, n.own-b.own) + max(0, n.ended-b.ended-known[pid])
	}
	return used
}

// busySeconds returns the machine's used processor time. That of interrupts belongs to no process, and comes mostly
// from the uploads themselves.
func busySeconds(ctx context.Context) (float64, error) {
	times, err := cpu.TimesWithContext(ctx, false)
	if err != nil {
		return 0, err
	}
	if len(times) == 0 {
		return 0, errors.New("the machine's processor time is not shown")
	}
	t := times[0]
	return t.User + t.Nice + t.System + t.Steal, nil
}
